using System.Collections.Frozen;
using System.Security.Claims;
using System.Text.Json;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Membership.Mail;

internal static class MailEndpoints
{
    /// <summary>How long ago whoever reads a link may have signed in: a session that was left open, or stolen, is older.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    public static void MapMail(this IEndpointRouteBuilder app)
    {
        var mail = app.MapGroup("").WithTag("Mail", "What is mailed to members, and the links in it.");
        mail.MapPost("/members/me/email-confirmation", AskToConfirm).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Mails the link once more by which the member's address is confirmed");
        mail.MapPut("/members/me/email", AskToChange).RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Mails a link to another address; the member's address changes when that is followed");
        mail.MapPost("/email-confirmations", Confirm).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Confirms an address by the token that was mailed to it; where it is another one, it is the member's from now on");
        mail.MapGet("/outbox", Outbox).RequireRoles(Roles.Operator)
            .WithSummary("Mails of the last days; where no SMTP server is configured, with their text, for operators to hand on; links only in a session that began within ten minutes");
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> AskToConfirm(
        ClaimsPrincipal user, IDocumentStore store, KeyRing ring, MailOutbox postbox, TimeProvider clock, CancellationToken ct)
    {
        var (id, now) = (user.MemberId(), clock.GetUtcNow());
        await using var session = store.LightweightSession();
        if (await session.LoadAsync<MemberRow>(id, ct) is not { Member: var member })
            return Problems.NotFound("member");
        if (member.ConfirmedAt is not null)
            return Problems.Problem(409, "address-confirmed", "The address is confirmed already.");

        var keys = await ring.Find([id], ct);
        if (await postbox.IsEnough(MailKind.ConfirmAddress, id, now, ct) || (keys.Open(member.Address) is { } address && await postbox.IsFull(MailKind.ConfirmAddress, address, now, ct)))
            return EnoughMail();

        postbox.Post(session, MailKind.ConfirmAddress, Recipient.Of(id, member, keys), await store.Settings(ct), now);
        await session.SaveChangesAsync(ct);

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> AskToChange(
        NewAddress request, ClaimsPrincipal user, Admission admission, Passwords passwords, IDocumentStore store, KeyRing ring, MailOutbox postbox, TimeProvider clock,
        HttpContext http, CancellationToken ct)
    {
        // The instant before the password is looked at: one that is changed meanwhile makes the link worthless.
        var (id, now, addresses) = (user.MemberId(), clock.GetUtcNow(), passwords.FindAll(request.Email));
        if (await admission.Confirm(user, request.CurrentPassword, http, ct) is { } refusal)
            return refusal;

        await using var session = store.LightweightSession();
        if (await session.LoadAsync<MemberRow>(id, ct) is not { Member: var member })
            return Problems.NotFound("member");
        if (await session.Query<Credentials>().AnyAsync(known => addresses.Contains(known.Address), ct))
            return MemberRegistration.AddressTaken();
        if (await postbox.IsEnough(MailKind.ChangeAddress, id, now, ct) || await postbox.IsFull(MailKind.ChangeAddress, request.Email, now, ct))
            return EnoughMail();

        var keys = await ring.Find([id], ct);
        var there = Recipient.Of(id, member, keys) with { Address = keys.Seal(id, AddressAttribute.Clean(request.Email)) };
        postbox.Post(session, MailKind.ChangeAddress, there, await store.Settings(ct), now);
        await session.SaveChangesAsync(ct);

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Confirm(
        Confirmation request, IDocumentStore store, MailOutbox postbox, Passwords passwords, KeyRing ring, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (await postbox.Find(MailKind.ChangeAddress, request.Token, now, ct) is { Address: { } address } change)
            return await ChangeAddress(change.MemberId, address, change.MadeAt, store, postbox, passwords, ring, now, ct);
        if (await postbox.Find(MailKind.ConfirmAddress, request.Token, now, ct) is not { } link)
            return LinkInvalid();

        CommandMetadata.Set(CommandMetadata.Current with { By = link.MemberId.ToString() });
        var handled = await store.Handle(Member.Decider, link.MemberId, new ConfirmAddress(now), new CommandOptions
        {
            WriteWithEvents = session => MailOutbox.UseUp(session, link.MemberId, MailKind.ConfirmAddress)
        }, ct);

        return handled.Rejection is null ? TypedResults.NoContent() : LinkInvalid();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ChangeAddress(
        Guid id, Sealed address, DateTimeOffset linkMadeAt, IDocumentStore store, MailOutbox postbox, Passwords passwords, KeyRing ring, DateTimeOffset now, CancellationToken ct)
    {
        var (settings, keys) = (await store.Settings(ct), await ring.Find([id], ct));
        await using var query = store.QuerySession();
        if (keys.Open(address) is not { } email || await query.LoadAsync<MemberRow>(id, ct) is not { Member: var before })
            return LinkInvalid();

        if (await passwords.IsTakenInAnOlderForm(email, store, ct))
            return MemberRegistration.AddressTaken();

        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        try
        {
            var handled = await store.Handle(Member.Decider, id, new ChangeAddress(address, linkMadeAt, now), new CommandOptions
            {
                WriteWithEvents = session =>
                {
                    Credentials.SetAddress(session, id, passwords.Find(email));
                    // Links that were mailed to the old address open nothing any more.
                    MailOutbox.UseUp(session, id, MailKind.ChangeAddress, MailKind.ConfirmAddress, MailKind.ResetPassword);
                    postbox.Post(session, MailKind.AddressChanged, Recipient.Of(id, before, keys), settings, now);
                }
            }, ct);

            return handled.Rejection is null ? TypedResults.NoContent() : LinkInvalid();
        }
        catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
        {
            return MemberRegistration.AddressTaken(); // somebody has joined with it meanwhile
        }
    }

    private static ProblemHttpResult EnoughMail() => Problems.Problem(409, "enough-mail", "Several such mails were sent within the hour.");

    internal static ProblemHttpResult LinkInvalid() =>
        Problems.Problem(404, "link-invalid", "The link was used already, or is too old; ask for another.");

    private static async Task<Ok<Page<MailView>>> Outbox(
        [AsParameters] Paging paging, ClaimsPrincipal user, Smtp smtp, SessionTable sessions, IDocumentStore store, NpgsqlDataSource database, KeyRing ring, TimeProvider clock, CancellationToken ct)
    {
        var rows = new List<Row>();
        await using (var select = database.CreateCommand("""
            select id, member_id, kind, letter, created_at, expires_at, attempts, sending_at, sent_at, fault from mails
            where member_id <> $1 and id < $2 order by id desc limit $3
            """))
        {
            select.Parameters.Add(new() { Value = Guid.Empty });
            select.Parameters.Add(new() { Value = paging.Key<Guid>(out var last) ? last : Guid.AllBitsSet });
            select.Parameters.Add(new() { Value = paging.Size + 1 });
            await using var row = await select.ExecuteReaderAsync(ct);
            while (await row.ReadAsync(ct))
            {
                rows.Add(new(
                    row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetFieldValue<DateTimeOffset>(4),
                    row.GetFieldValue<DateTimeOffset>(5), row.GetInt32(6), !row.IsDBNull(7), row.GetFieldValue<DateTimeOffset?>(8), row.IsDBNull(9) ? null : row.GetString(9)));
            }
        }

        var keys = await ring.Find([.. rows.Select(row => row.MemberId).Distinct()], ct);
        await using var session = store.QuerySession();
        var members = (await session.LoadManyAsync<MemberRow>(ct, [.. rows.Select(row => row.MemberId).Distinct()])).ToDictionary(row => row.Id, row => row.Member);
        var now = clock.GetUtcNow();
        var isFresh = SessionEndpoints.SessionOf(user) is { } current && await sessions.BeganAt(current, ct) > now - Fresh;

        return TypedResults.Ok(paging.Page([.. rows.Select(Shown)], view => view.MailId));

        MailView Shown(Row row)
        {
            // A link to a new password opens the account: an operator may not become an owner by it, or another operator.
            var isAbove = members.GetValueOrDefault(row.MemberId) is { } member && (member.Roles.Contains(Roles.Operator) || member.Roles.Contains(Roles.Owner));
            var isHeldBack = !isFresh && SecretKinds.Contains(row.Kind);
            var letter = !isHeldBack && !smtp.IsThere && (!isAbove || user.IsInRole(Roles.Owner)) && row.Expires > now && row.MailMessage is { } text && keys.Open(new Sealed(row.MemberId, text)) is { } clear
                ? JsonSerializer.Deserialize<MailMessage>(clear)
                : null;
            var state = row.SentAt is not null ? MailState.Sent : row.Sending ? MailState.Uncertain : row.Expires <= now ? MailState.Expired : MailState.Waiting;

            return new(row.Id, row.MemberId, row.Kind, state, row.Attempts, row.Fault == "told" ? null : row.Fault, row.Created, row.Expires, row.SentAt,
                letter?.To, letter?.Subject, letter?.Text, isHeldBack);
        }
    }

    private static readonly FrozenSet<string> SecretKinds = Enum.GetValues<MailKind>().Where(kind => kind.HasSecret()).Select(kind => kind.ToWord()).ToFrozenSet();

    /// <summary>Uncertain: being sent, or a replica died while it sent; not sent again.</summary>
    private enum MailState { Waiting, Sent, Uncertain, Expired }

    /// <param name="CurrentPassword">Absent where the member has none.</param>
    private sealed record NewAddress([Address] string Email, [Text(1000)] string? CurrentPassword = null);

    private sealed record Confirmation([Text(200)] string Token);

    private sealed record Row(
        Guid Id, Guid MemberId, string Kind, string? MailMessage, DateTimeOffset Created, DateTimeOffset Expires, int Attempts, bool Sending, DateTimeOffset? SentAt, string? Fault);

    /// <param name="FreshSignInNeeded">The mail holds a link that opens an account: its text is for a session that has just begun.</param>
    private sealed record MailView(
        Guid MailId, Guid MemberId, string Kind, MailState State, int Attempts, string? Fault, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt,
        DateTimeOffset? SentAt, string? To, string? Subject, string? Text, bool FreshSignInNeeded);
}
