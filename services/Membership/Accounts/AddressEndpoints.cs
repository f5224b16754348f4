using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Accounts;

/// <summary>Confirming an address, and changing it for another, each by a link that is mailed there.</summary>
internal static class AddressEndpoints
{
    public static void MapAddresses(this IEndpointRouteBuilder app)
    {
        var addresses = app.MapGroup("").WithTag("Mail", "What is mailed to members, and the links in it.");
        addresses.MapPost("/members/me/email-confirmation", AskToConfirm).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Mails the link once more by which the member's address is confirmed");
        addresses.MapPut("/members/me/email", AskToChange).RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Mails a link to another address; the member's address changes when that is followed");
        addresses.MapPost("/email-confirmations", Confirm).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Confirms an address by the token that was mailed to it; where it is another one, it is the member's from now on");
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> AskToConfirm(
        ClaimsPrincipal user, [AsParameters] AddressServices services, CancellationToken ct)
    {
        var (store, _, ring, outbox, clock) = services;
        var (id, now) = (user.MemberId(), clock.GetUtcNow());
        await using var session = store.LightweightSession();
        if (await session.LoadAsync<MemberRow>(id, ct) is not { Member: var member })
            return Problems.NotFound("member");
        if (member.ConfirmedAt is not null)
            return Problems.Problem(409, "address-confirmed", "The address is confirmed already.");

        var keys = await ring.Find([id], ct);
        if (await outbox.IsEnough(MailKind.ConfirmAddress, id, now, ct) || (keys.Open(member.Address) is { } address && await outbox.IsFull(MailKind.ConfirmAddress, address, now, ct)))
            return EnoughMail();

        outbox.Post(session, MailKind.ConfirmAddress, Recipient.Of(id, member, keys), await store.Settings(ct), now);
        await session.SaveChangesAsync(ct);

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> AskToChange(
        NewAddress request, ClaimsPrincipal user, PasswordConfirmation confirmation, [AsParameters] AddressServices services, HttpContext http, CancellationToken ct)
    {
        var (store, passwords, ring, outbox, clock) = services;
        // The instant before the password is looked at: one that is changed meanwhile makes the link worthless.
        var (id, now, addresses) = (user.MemberId(), clock.GetUtcNow(), passwords.FindAll(request.Email));
        if (await confirmation.Refusal(user, request.CurrentPassword, http, ct) is { } refusal)
            return refusal;

        await using var session = store.LightweightSession();
        if (await session.LoadAsync<MemberRow>(id, ct) is not { Member: var member })
            return Problems.NotFound("member");
        if (await session.Query<Credentials>().AnyAsync(known => addresses.Contains(known.Address), ct))
            return Credentials.AddressTaken();
        if (await outbox.IsEnough(MailKind.ChangeAddress, id, now, ct) || await outbox.IsFull(MailKind.ChangeAddress, request.Email, now, ct))
            return EnoughMail();

        var keys = await ring.Find([id], ct);
        var there = Recipient.Of(id, member, keys) with { Address = keys.Seal(id, AddressAttribute.Clean(request.Email)) };
        outbox.Post(session, MailKind.ChangeAddress, there, await store.Settings(ct), now);
        await session.SaveChangesAsync(ct);

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Confirm(
        Confirmation request, [AsParameters] AddressServices services, CancellationToken ct)
    {
        var (store, outbox, now) = (services.Store, services.Outbox, services.Clock.GetUtcNow());
        if (await outbox.Find(MailKind.ChangeAddress, request.Token, now, ct) is { Address: { } address } change)
            return await Change(change.MemberId, address, change.MadeAt, services, ct);
        if (await outbox.Find(MailKind.ConfirmAddress, request.Token, now, ct) is not { } link)
            return MailLink.Invalid();

        CommandMetadata.Set(CommandMetadata.Current with { By = link.MemberId.ToString() });
        var handled = await store.Handle(Account.Decider, link.MemberId, new ConfirmAddress(now), new CommandOptions
        {
            WriteWithEvents = session => MailOutbox.UseUp(session, link.MemberId, MailKind.ConfirmAddress)
        }, ct);

        return handled.Rejection is null ? TypedResults.NoContent() : MailLink.Invalid();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Change(
        Guid id, Sealed address, DateTimeOffset linkMadeAt, AddressServices services, CancellationToken ct)
    {
        var (store, passwords, ring, outbox, clock) = services;
        var (settings, keys, now) = (await store.Settings(ct), await ring.Find([id], ct), clock.GetUtcNow());
        await using var query = store.QuerySession();
        if (keys.Open(address) is not { } email || await query.LoadAsync<MemberRow>(id, ct) is not { Member: var before })
            return MailLink.Invalid();

        if (await passwords.IsTakenInAnOlderForm(email, store, ct))
            return Credentials.AddressTaken();

        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        try
        {
            var handled = await store.Handle(Account.Decider, id, new ChangeAddress(address, linkMadeAt, now), new CommandOptions
            {
                WriteWithEvents = session =>
                {
                    Credentials.SetAddress(session, id, passwords.Find(email));
                    // Links that were mailed to the old address open nothing any more.
                    MailOutbox.UseUp(session, id, MailKind.ChangeAddress, MailKind.ConfirmAddress, MailKind.ResetPassword);
                    outbox.Post(session, MailKind.AddressChanged, Recipient.Of(id, before, keys), settings, now);
                }
            }, ct);

            return handled.Rejection is null ? TypedResults.NoContent() : MailLink.Invalid();
        }
        catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
        {
            return Credentials.AddressTaken(); // somebody has joined with it meanwhile
        }
    }

    private static ProblemHttpResult EnoughMail() => Problems.Problem(409, "enough-mail", "Several such mails were sent within the hour.");

    private sealed record AddressServices(IDocumentStore Store, Passwords Passwords, KeyRing Ring, MailOutbox Outbox, TimeProvider Clock);

    /// <param name="CurrentPassword">Absent where the member has none.</param>
    private sealed record NewAddress([Address] string Email, [Text(1000)] string? CurrentPassword = null);

    private sealed record Confirmation([Text(200)] string Token);
}
