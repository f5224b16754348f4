using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Roles;

internal static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder app)
    {
        var roles = app.MapGroup("/members/{id}/roles").RequireRoles(Role.Operator)
            .WithTag("Members", "Who belongs to the community, and in which roles.").ProducesProblem(409);
        roles.MapPut("/{role}", Grant).WithSummary("Gives a role");
        roles.MapDelete("/{role}", Revoke).WithSummary("Takes a role back");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Grant(
        Guid id, string role, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (Forbids(role, user) is { } refusal)
            return refusal;
        if (role == Role.Owner)
            return await Ownership.Give(id, user.MemberId(), store, clock, ct);

        var handled = await store.Handle(MemberRoles.Decider, id, new GrantRole(role, user.MemberId(), clock.GetUtcNow()), ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(
        Guid id, string role, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (Forbids(role, user) is { } refusal)
            return refusal;
        if (role == Role.Owner)
            return await Ownership.Take(id, user.MemberId(), store, clock, ct);

        var revoke = new RevokeRole(role, user.MemberId(), clock.GetUtcNow());
        var revoked = await store.TokensWith(role, id, revoke.At, ct);
        var handled = await store.Handle(MemberRoles.Decider, id, revoke, new CommandOptions { Together = revoked }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static ProblemHttpResult? Forbids(string role, ClaimsPrincipal user) => role switch
    {
        Role.Owner or Role.Operator => user.IsInRole(Role.Owner) ? null : Problems.Forbidden("Only an owner gives or takes this role."),
        Role.Member => Problems.Problem(409, "role-inseparable", "Every member has the role 'member'."),
        _ => Role.GivenByOperators.Contains(role) ? null : Problems.NotFound("role")
    };
}

/// <summary>Giving and taking the role of owner: decided for the whole community, and noted with the member in the same transaction.</summary>
internal static class Ownership
{
    public static async Task<Results<NoContent, ProblemHttpResult>> Give(Guid member, Guid by, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if ((await store.Load(MemberRoles.Decider, member, asOf: null, ct)).State.Presence is not Presence.Here)
            return Problems.NotFound("member");

        var give = new GiveOwnership(member, by, clock.GetUtcNow());
        var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, give, new CommandOptions
        {
            Together = [Besides.Of(MemberRoles.Decider, member, (RoleCommand)new GrantRole(Role.Owner, by, give.At))]
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> Take(Guid member, Guid by, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if ((await store.Load(MemberRoles.Decider, member, asOf: null, ct)).State.Presence is Presence.NotJoined)
            return Problems.NotFound("member");

        var take = new TakeOwnership(member, by, clock.GetUtcNow());
        var revoked = await store.TokensWith(Role.Owner, member, take.At, ct);
        var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, take, new CommandOptions
        {
            Together = [Besides.Append(member, new RoleRevoked(Role.Owner, by, take.At)), .. revoked]
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }
}
