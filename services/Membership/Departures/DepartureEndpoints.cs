using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Accounts.TwoFactor;
using Community.Membership.Invitations;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Providers;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Departures;

internal static class DepartureEndpoints
{
    public static void MapDepartures(this IEndpointRouteBuilder app)
    {
        var leaving = app.MapGroup("/members/me").WithTag("Leaving", "What is known about a member, and how to go.").ProducesProblem(404);
        leaving.MapPost("/departure", Depart).WithSummary("Leaves the community: sessions and tokens end, roles are given back; one may return");
        leaving.MapPost("/erasure", Erase).WithSummary("Forgets for good who the member was; what others count on stays, without a name");
        leaving.MapGet("/export", Export).WithSummary("All that this service holds about who asks");

        var erasures = app.MapGroup("/erasures").WithTag("Leaving", "What is known about a member, and how to go.");
        erasures.MapGet("", List).RequireRoles(Role.Operator).WithSummary("Who was erased, and when; to be kept apart from backups");
        erasures.MapPost("", Again).RequireRoles(Role.Owner).WithSummary("Erases once more who stood in the list, after a backup was restored");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Depart(
        ClaimsPrincipal user, IDocumentStore store, SessionTable sessions, TimeProvider clock, CancellationToken ct)
    {
        if (user.FindSession() is null)
            return Problems.Forbidden("Only a member who is signed in leaves; a token may not.");

        var (id, now) = (user.MemberId(), clock.GetUtcNow());
        var handled = await store.Handle(Member.Decider, id, new Depart(id, now), new CommandOptions
        {
            Together = [.. await store.AllTokens(id, now, ct), .. await sessions.Endings(id, now, ct)],
            WriteWithEvents = session => SessionTable.EndAll(session, id, now)
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Erase(
        ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (user.FindSession() is null)
            return Problems.Forbidden("Only a member who is signed in is erased; a token may not.");

        return MemberEndpoints.Answer((await Forget(user.MemberId(), clock.GetUtcNow(), store, ct)).Rejection);
    }

    /// <summary>The fact, the key and all that hangs on it go in one transaction.</summary>
    private static async Task<Handled<Member>> Forget(Guid id, DateTimeOffset now, IDocumentStore store, CancellationToken ct)
    {
        await using var query = store.QuerySession();
        var invitations = await query.Query<InvitationRow>().Where(row => row.By == id && !row.Invitation.Withdrawn).Select(row => row.Id).ToListAsync(ct);
        IReadOnlyList<Besides> elsewhere =
        [
            .. await store.AllTokens(id, now, ct),
            .. invitations.Select(invitation => Besides.Append(invitation, new InvitationWithdrawn(id, now)))
        ];

        return await store.Handle(Member.Decider, id, new Erase(id, now), new CommandOptions
        {
            Together = elsewhere,
            WriteWithEvents = session =>
            {
                session.Delete<Credentials>(id);
                SessionTable.Forget(session, id);
                SecondFactor.Forget(session, id);
                LinkedAccounts.Forget(session, id);
                Avatars.Forget(session, id);
                MailOutbox.Forget(session, id);
                session.QueueSqlCommand("insert into erasures (member_id, erased_at) values (?, ?) on conflict do nothing", id, now);
                session.EraseKey(id);
            }
        }, ct);
    }

    private static async Task<Ok<Page<Erased>>> List([AsParameters] Paging paging, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select member_id, erased_at from erasures where member_id > $1 order by member_id limit $2");
        select.Parameters.Add(new() { Value = paging.Key<Guid>(out var last) ? last : Guid.Empty });
        select.Parameters.Add(new() { Value = paging.Size + 1 });
        var erased = new List<Erased>();
        await using var row = await select.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            erased.Add(new(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1)));

        return TypedResults.Ok(paging.Page(erased, item => item.MemberId));
    }

    private static async Task<Ok<ErasureReport>> Again(ErasureBatch batch, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var (erased, already) = (0, 0);
        var refused = new List<ErasureRefusal>();
        foreach (var item in batch.Items)
        {
            if (item.MemberId == Guid.Empty)
            {
                refused.Add(new(item.MemberId, "member-id-empty", "An id of all zeros names nobody."));
                continue;
            }

            var (state, _) = await store.Load(Member.Decider, item.MemberId, asOf: null, ct);
            if (state is Joined { Presence: Presence.Erased })
            {
                already++;
                continue;
            }

            var handled = await Forget(item.MemberId, clock.GetUtcNow(), store, ct);
            if (handled.Rejection is { } rejection)
                refused.Add(new(item.MemberId, rejection.Code, rejection.Detail));
            else
                erased++;
        }

        return TypedResults.Ok(new ErasureReport(erased, already, refused));
    }

    private static async Task<Results<Ok<Exported>, ProblemHttpResult>> Export(
        ClaimsPrincipal user, [AsParameters] ExportServices services, [AsParameters] ExportedAccount account, HttpContext http, CancellationToken ct)
    {
        var (store, database, ring, clock) = services;
        var (sessions, factor, accounts) = account;
        var (id, now) = (user.MemberId(), clock.GetUtcNow());
        await using var session = store.QuerySession();
        if (await session.LoadAsync<MemberRow>(id, ct) is not { Member: var member } || await store.History(ring, id, ct) is not { } history)
            return Problems.NotFound("member");

        var keys = await ring.Find([id], ct);
        var tokens = await session.Query<TokenRow>().Where(row => row.MemberId == id).ToListAsync(ct);
        var invitations = await session.Query<InvitationRow>().Where(row => row.By == id).ToListAsync(ct);
        var picture = await Avatars.Find(id, database, ring, ct);
        http.Response.Headers.CacheControl = "no-store";

        return TypedResults.Ok(new Exported(
            Profile.Of(id, member, keys, now, withAddress: true),
            picture is { } found ? $"data:{found.Picture.MediaType};base64,{Convert.ToBase64String(found.Picture.Bytes)}" : null,
            member.BroughtBy,
            member.Suspension is { } suspension ? keys.Open(suspension.Reason) : null,
            member.Tiers.ToDictionary(tier => tier.Key.ToWord(), tier => new ExportedTier(tier.Value.Tier, tier.Value.Until)),
            await factor.IsOn(id, ct),
            [.. (await accounts.Of(id, ct)).Select(linked => linked.Provider)],
            [.. (await sessions.List(id, ct)).Select(live => new ExportedSession(live.Id, live.BeganAt, live.LastSeenAt, keys.Open(live.Agent)))],
            [.. tokens.Select(row => new ExportedToken(row.Id, keys.Open(row.Token.Name), row.Token.Scopes, row.Token.At, row.Token.ExpiresAt, row.Token.RevokedAt))],
            [.. invitations.Select(row => new ExportedInvitation(row.Id, keys.Open(row.Invitation.Code), row.Invitation.Joined, row.Invitation.At))],
            history.Items));
    }

    private sealed record ExportServices(IDocumentStore Store, NpgsqlDataSource Database, KeyRing Ring, TimeProvider Clock);

    private sealed record ExportedAccount(SessionTable Sessions, SecondFactor Factor, LinkedAccounts Linked);

    private sealed record Erased(Guid MemberId, DateTimeOffset ErasedAt);

    private sealed record ErasureBatch([property: Length(0, 500, ErrorMessage = "must be at most 500 items")] IReadOnlyList<ErasureItem> Items);

    private sealed record ErasureItem(Guid MemberId);

    private sealed record ErasureReport(int Erased, int Already, IReadOnlyList<ErasureRefusal> Refused);

    private sealed record ErasureRefusal(Guid Id, string Code, string Detail);

    /// <param name="Avatar">A <c>data:</c> address.</param>
    private sealed record Exported(
        Profile Profile, string? Avatar, Guid? BroughtBy, string? SuspendedFor, IReadOnlyDictionary<string, ExportedTier> Tiers, bool TwoFactor,
        IReadOnlyList<string> SignIns, IReadOnlyList<ExportedSession> Sessions, IReadOnlyList<ExportedToken> Tokens,
        IReadOnlyList<ExportedInvitation> Invitations, IReadOnlyList<HistoryItem> History);

    private sealed record ExportedTier(string Tier, DateTimeOffset? Until);

    private sealed record ExportedSession(Guid SessionId, DateTimeOffset BeganAt, DateTimeOffset LastSeenAt, string? Agent);

    private sealed record ExportedToken(
        Guid TokenId, string? Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt);

    private sealed record ExportedInvitation(Guid InvitationId, string? Code, IReadOnlyList<Guid> Joined, DateTimeOffset CreatedAt);
}
