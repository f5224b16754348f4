using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Incentives.Badges;
using Community.Incentives.Levels;
using Community.Privacy;
using Community.ServiceDefaults;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Points;

/// <param name="Missing">Points until it is reached.</param>
internal sealed record NextLevel(int Level, string Name, long Points, long Missing);

internal sealed record MemberPoints(
    Guid MemberId, long Balance, long Lifetime, int Level, NextLevel? NextLevel, int Streak, IReadOnlyList<BadgeCount> Badges);

internal sealed record Adjustment([property: Range(-1_000_000, 1_000_000)] int Points, [property: Text(500)] string Reason);

internal sealed record AdjustmentAnswer(Guid AdjustmentId, int Points, string Reason);

internal static class PointsEndpoints
{
    public static void MapPoints(this IEndpointRouteBuilder app)
    {
        var points = app.MapGroup("").WithTag("Points", "What members earned, and why.");
        points.MapGet("/members/{id:guid}/points", Get).WithSummary("A member's points, level and badges, now or at an instant; for the member and operators");
        points.MapGet("/members/{id:guid}/points/entries", Entries).WithSummary("Each point and its cause, the latest first");
        points.MapPost("/members/{id:guid}/points/adjustments", Adjust).RequireRoles("operator").WithSummary("Gives a member points or takes them, with a reason that the member reads");
        points.MapGet("/members/{id:guid}/points/entries/{entryId:guid}/why", Explain)
            .WithSummary("The chain from what was done, across services, to an entry, in the language of the request");
    }

    private static async Task<Results<Ok<MemberPoints>, ProblemHttpResult>> Get(
        Guid id, Instant? asOf, ClaimsPrincipal user, [AsParameters] PointsServices services, CancellationToken ct)
    {
        if (!user.MaySee(id))
        {
            return Hidden();
        }

        var instant = asOf?.Value ?? services.Clock.GetUtcNow();
        var totals = await services.Points.Totals(id, instant, await services.Community.Now(ct), ct);
        var scale = await services.Levels.Scale(ct);
        var level = scale.At(totals.Lifetime);
        var next = scale.After(level) is { } after ? new NextLevel(after.Number, after.Name, after.Points, after.Points - totals.Lifetime) : null;

        return TypedResults.Ok(new MemberPoints(
            id, totals.Balance, totals.Lifetime, level.Number, next, totals.Streak, await services.Badges.Of(id, instant, ct)));
    }

    private static async Task<Results<Ok<Page<PointsEntry>>, ProblemHttpResult>> Entries(
        Guid id, [AsParameters] Paging paging, ClaimsPrincipal user, PointsQueries book, CancellationToken ct)
    {
        if (!user.MaySee(id))
        {
            return Hidden();
        }

        var rows = await book.Entries(id, paging.Key<EntryKey>(out var after) ? after : null, paging.Size + 1, ct);
        var page = paging.Page(rows, row => new EntryKey(row.At, row.EntryId));

        return TypedResults.Ok(page with { Items = [.. page.Items.Select(entry => entry with { Cause = Cause.ShownTo(id, entry.Cause) })] });
    }

    private static async Task<Results<Ok<WhyAnswer>, ProblemHttpResult>> Explain(
        Guid id, Guid entryId, ClaimsPrincipal user, HttpRequest request, [AsParameters] PointsServices services, CancellationToken ct) =>
        !user.MaySee(id) ? Hidden()
        : await services.Points.Entry(id, entryId, ct) is { } entry ? TypedResults.Ok(await services.Why.Explain(entry, request.Language(), ct))
        : Web.Problems.NotFound("entry");

    private static async Task<Results<Created<AdjustmentAnswer>, ProblemHttpResult>> Adjust(
        Guid id, Adjustment body, HttpContext http, Wallets wallets, TimeProvider clock, CancellationToken ct)
    {
        if (body.Points == 0)
        {
            throw new InvalidParameter("points", "must give or take at least one");
        }

        var adjustmentId = http.NewId(clock);
        var handled = await wallets.Adjust(adjustmentId, id, body.Points, body.Reason, ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/members/{id}/points/entries", new AdjustmentAnswer(adjustmentId, body.Points, body.Reason));
    }

    internal sealed record PointsServices(PointsQueries Points, BadgeQueries Badges, LevelsAccess Levels, Why Why, CommunityZone Community, TimeProvider Clock);

    private static bool MaySee(this ClaimsPrincipal user, Guid memberId) => user.MemberId() == memberId || user.May("operator");

    private static ProblemHttpResult Hidden() => Web.Problems.Forbidden("Points are seen by their member and by operators.");
}
