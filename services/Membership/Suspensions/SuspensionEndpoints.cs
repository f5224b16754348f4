using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Suspensions;

/// <summary>Keeping somebody out, for a time or until told otherwise. Sessions end at once, and API tokens are refused meanwhile.</summary>
internal static class SuspensionEndpoints
{
    public static void MapSuspensions(this IEndpointRouteBuilder app)
    {
        var suspension = app.MapGroup("/members/{id}/suspension").RequireRoles(Role.Moderator, Role.Operator)
            .WithTag("Members", "Who belongs to the community, and in which roles.").ProducesProblem(409);
        suspension.MapPost("", Suspend).WithSummary("Keeps a member out, until an instant or until told otherwise; ends a suspension before it");
        suspension.MapDelete("", Lift).WithSummary("Lets a suspended member in again");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Suspend(
        Guid id, NewSuspension request, ClaimsPrincipal user, [AsParameters] SuspensionServices services, CancellationToken ct)
    {
        var (store, sessions, ring, clock) = services;
        var now = clock.GetUtcNow();
        if (request.Until <= now)
            throw new InvalidParameter("until", "must be in the future");
        if (await Refusal(id, user, store, ct) is { } refusal)
            return refusal;

        var reason = (await ring.Find([id], ct)).Seal(id, request.Reason.Trim());
        var handled = await store.Handle(MemberSuspension.Decider, id, new Suspend(reason, request.Until, user.MemberId(), now), new CommandOptions
        {
            Together = await sessions.Endings(id, now, ct),
            WriteWithEvents = session => SessionTable.EndAll(session, id, now)
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Lift(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (await Refusal(id, user, store, ct) is { } refusal)
            return refusal;

        var handled = await store.Handle(MemberSuspension.Decider, id, new LiftSuspension(user.MemberId(), clock.GetUtcNow()), ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<ProblemHttpResult?> Refusal(Guid id, ClaimsPrincipal user, IDocumentStore store, CancellationToken ct)
    {
        if (id == user.MemberId())
            return Problems.Problem(409, "not-oneself", "Nobody suspends themselves; POST /members/me/departure leaves.");

        await using var session = store.QuerySession();

        return await session.LoadAsync<MemberRow>(id, ct) switch
        {
            null or { Member.ErasedAt: not null } => Problems.NotFound("member"),
            { Member.Roles: var roles } when Rank(roles.Contains) >= Rank(user.IsInRole) => Problems.Forbidden("Only somebody of a higher role may."),
            _ => null
        };
    }

    private static int Rank(Func<string, bool> has) => has(Role.Owner) ? 3 : has(Role.Operator) ? 2 : has(Role.Moderator) ? 1 : 0;

    private sealed record SuspensionServices(IDocumentStore Store, SessionTable Sessions, KeyRing Ring, TimeProvider Clock);

    /// <param name="Reason">For the member, who is told it, and for operators.</param>
    private sealed record NewSuspension([Text(500, MultiLine = true)] string Reason, DateTimeOffset? Until = null);
}
