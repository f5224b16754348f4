using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Tiers;

/// <summary>Tiers that an operator gives. What is paid for comes by <see cref="NoteSubscriptions"/>.</summary>
internal static class TierEndpoints
{
    public static void MapTiers(this IEndpointRouteBuilder app)
    {
        var tier = app.MapGroup("/members/{id}/tier").RequireRoles(Role.Operator)
            .WithTag("Members", "Who belongs to the community, and in which roles.").ProducesProblem(409);
        tier.MapPut("", Give).WithSummary("Gives a tier without payment, until an instant or until told otherwise; it goes before one that is paid for");
        tier.MapDelete("", Take).WithSummary("Takes back a tier that was given; one that is paid for stays");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Give(
        Guid id, Gift request, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (request.Until <= now)
            throw new InvalidParameter("until", "must be in the future");

        var handled = await store.Handle(MemberTiers.Decider, id, new GrantTier(TierSource.Gift, request.Tier.Trim().ToLowerInvariant(), request.Until, user.MemberId(), now), ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Take(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var handled = await store.Handle(MemberTiers.Decider, id, new EndTier(TierSource.Gift, user.MemberId(), clock.GetUtcNow()), ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    /// <param name="Tier">As plans name it, in any case of letters.</param>
    private sealed record Gift(
        [Text(40), RegularExpression(@"\s*[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*\s*", ErrorMessage = "must be letters, digits and dashes")] string Tier,
        DateTimeOffset? Until = null);
}
