using System.Security.Claims;
using Community.EventStore;
using Community.Incentives.Badges;
using Community.Incentives.Points;
using Community.Privacy;
using Community.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Levels;

/// <param name="Missing">Points until it is reached.</param>
internal sealed record NextLevel(int Level, string Name, long Points, long Missing);

/// <param name="Streak">Days of the community in a row with points, up to today or yesterday.</param>
/// <param name="StreakFreezes">So many missed days would not end it.</param>
internal sealed record MemberPoints(
    Guid MemberId, long Balance, long Lifetime, int Level, NextLevel? NextLevel, int Streak, int StreakFreezes, IReadOnlyList<BadgeCount> Badges);

internal sealed record MemberPointsServices(PointsQueries Points, BadgeQueries Badges, LevelsAccess Levels, CommunityZone Community, TimeProvider Clock);

internal static class MemberPointsEndpoint
{
    public static void MapMemberPoints(this IEndpointRouteBuilder app) => app.MapPointsGroup()
        .MapGet("/members/{id:guid}/points", Get).WithSummary("A member's points, level and badges, now or at an instant; for the member and operators");

    private static async Task<Results<Ok<MemberPoints>, ProblemHttpResult>> Get(
        Guid id, Instant? asOf, ClaimsPrincipal user, [AsParameters] MemberPointsServices services, CancellationToken ct)
    {
        if (!user.MaySee(id))
        {
            return PointsAccess.Hidden();
        }

        var instant = asOf?.Value ?? services.Clock.GetUtcNow();
        var totals = await services.Points.Totals(id, instant, await services.Community.Now(ct), ct);
        var scale = await services.Levels.Scale(ct);
        var level = scale.At(totals.Lifetime);
        var next = scale.After(level) is { } after ? new NextLevel(after.Number, after.Name, after.Points, after.Points - totals.Lifetime) : null;

        return TypedResults.Ok(new MemberPoints(
            id, totals.Balance, totals.Lifetime, level.Number, next, totals.Streak.Days, totals.Streak.Freezes, await services.Badges.Of(id, instant, ct)));
    }
}
