using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Accounts;

/// <summary>A new password, by the old one or by a link that is mailed. Either way the member's other sessions and all API tokens end.</summary>
internal static class PasswordEndpoints
{
    public static void MapPasswords(this IEndpointRouteBuilder app)
    {
        var passwords = app.MapGroup("").WithTag("Passwords", "Changing a password, and what to do without it.");
        passwords.MapPut("/members/me/password", Change).RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404)
            .WithSummary("Changes one's password, and ends all other sessions and all API tokens");
        passwords.MapPost("/password-resets", Ask).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials)
            .WithSummary("Mails a link to a new password, if the address is a member's; the answer does not tell");
        passwords.MapPost("/password-resets/completion", Complete).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404)
            .WithSummary("Sets a new password by the token that was mailed, and ends all sessions and API tokens");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Change(
        PasswordChange request, ClaimsPrincipal user, PasswordConfirmation confirmation, [AsParameters] PasswordServices services, HttpContext http, CancellationToken ct) =>
        await confirmation.Refusal(user, request.CurrentPassword, http, ct) is { } refusal
            ? refusal
            : await Set(user.MemberId(), request.NewPassword, linkMadeAt: null, session: user.FindSession()!.Value, services, ct);

    private static async Task<Accepted> Ask(ResetRequest request, [AsParameters] PasswordServices services, CancellationToken ct)
    {
        var (store, passwords, _, ring, outbox, clock) = services;
        var now = clock.GetUtcNow();
        var settings = await store.Settings(ct);
        var addresses = passwords.FindAll(request.Email);
        await using var session = store.LightweightSession();
        var credentials = await session.Query<Credentials>().FirstOrDefaultAsync(known => addresses.Contains(known.Address), ct);
        var id = credentials?.Id ?? Guid.Empty;
        // All that is asked is asked of nobody, too, so that the time does not tell who is a member.
        var (row, keys, enough) = (await session.LoadAsync<MemberRow>(id, ct), await ring.Find([id], ct), await outbox.IsEnough(MailKind.ResetPassword, id, now, ct));
        if (row is not null && !enough)
            outbox.Post(session, MailKind.ResetPassword, Recipient.Of(id, row.Member, keys), settings, now);
        else
            outbox.PostNothing(session, MailKind.ResetPassword, request.Email, now);
        await session.SaveChangesAsync(ct);

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Complete(
        NewPassword request, Lockout lockout, [AsParameters] PasswordServices services, HttpContext http, CancellationToken ct)
    {
        if (await services.Outbox.Find(MailKind.ResetPassword, request.Token, services.Clock.GetUtcNow(), ct) is not { } link)
            return MailLink.Invalid();

        CommandMetadata.Set(CommandMetadata.Current with { By = link.MemberId.ToString() });

        var set = await Set(link.MemberId, request.Password, link.MadeAt, session: default, services, ct);
        await using var query = services.Store.QuerySession();
        // Who was locked out by guesses comes in again by this way.
        if (set.Result is NoContent && await query.LoadAsync<Credentials>(link.MemberId, ct) is { Address: var address })
            await lockout.Know(address, http, ct);

        return set;
    }

    /// <param name="session">That goes on; the others end.</param>
    private static async Task<Results<NoContent, ProblemHttpResult>> Set(
        Guid id, string password, DateTimeOffset? linkMadeAt, Guid session, PasswordServices services, CancellationToken ct)
    {
        var (store, passwords, sessions, ring, outbox, clock) = services;
        var now = clock.GetUtcNow();
        var settings = await store.Settings(ct);
        var keys = await ring.Find([id], ct);
        await using var query = store.QuerySession();
        if (await query.LoadAsync<Credentials>(id, ct) is not { } credentials || await query.LoadAsync<MemberRow>(id, ct) is not { Member: var member })
            return Problems.NotFound("member");

        var changed = passwords.WithPassword(credentials, password);
        var tokens = await store.LiveTokens(id, now, ct);
        var (programs, elsewhere) = (string.Join(", ", tokens.Select(row => keys.Open(row.Token.Name))), string.Join(", ", member.SignIns));
        var handled = await store.Handle(Account.Decider, id, new ChangePassword(linkMadeAt, now), new CommandOptions
        {
            Together = [.. await sessions.Endings(id, now, ct, except: session), .. tokens.Endings(now)],
            WriteWithEvents = document =>
            {
                Credentials.SetPassword(document, id, changed.Password);
                SessionTable.EndAll(document, id, now, except: session);
                MailOutbox.UseUp(document, id, MailKind.ResetPassword, MailKind.ChangeAddress); // who began that knew the old one
                outbox.Post(document, MailKind.PasswordChanged, Recipient.Of(id, member, keys), settings, now, programs, elsewhere);
            }
        }, ct);

        if (handled.Rejection is null)
        {
            // One that was made meanwhile by a session that has ended; what is made later finds its session ended.
            foreach (var late in await store.LiveTokens(id, now, ct))
                await store.Handle(ApiToken.Decider, late.Id, new RevokeToken(now), ct);
        }

        return handled.Rejection switch
        {
            null => TypedResults.NoContent(),
            { Code: "link-used" } => MailLink.Invalid(),
            { } rejection => rejection.ToProblem()
        };
    }

    private sealed record PasswordServices(
        IDocumentStore Store, Passwords Passwords, SessionTable Sessions, KeyRing Ring, MailOutbox Outbox, TimeProvider Clock);

    /// <param name="CurrentPassword">Absent where the member has none yet.</param>
    private sealed record PasswordChange([Password] string NewPassword, [Text(1000)] string? CurrentPassword = null);

    private sealed record ResetRequest([Text(254)] string Email);

    private sealed record NewPassword([Text(200)] string Token, [Password] string Password);
}
