using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Points;

internal sealed record Adjustment([property: Range(-1_000_000, 1_000_000)] int Points, [property: Text(500)] string Reason);

internal sealed record AdjustmentAnswer(Guid AdjustmentId, int Points, string Reason);

internal static class PointsEndpoints
{
    public static void MapPoints(this IEndpointRouteBuilder app)
    {
        var points = app.MapPointsGroup();
        points.MapGet("/members/{id:guid}/points/entries", Entries).WithSummary("Each point and its cause, the latest first");
        points.MapPost("/members/{id:guid}/points/adjustments", Adjust).RequireRoles("operator").WithSummary("Gives a member points or takes them, with a reason that the member reads");
        points.MapGet("/members/{id:guid}/points/entries/{entryId:guid}/why", Explain)
            .WithSummary("The chain from what was done, across services, to an entry, in the language of the request");
    }

    private static async Task<Results<Ok<Page<PointsEntry>>, ProblemHttpResult>> Entries(
        Guid id, [AsParameters] Paging paging, ClaimsPrincipal user, PointsQueries queries, CancellationToken ct)
    {
        if (!user.MaySee(id))
        {
            return PointsAccess.Hidden();
        }

        var rows = await queries.Entries(id, paging.Key<EntryKey>(out var after) ? after : null, paging.Size + 1, ct);
        var page = paging.Page(rows, row => new EntryKey(row.At, row.EntryId));

        return TypedResults.Ok(page with { Items = [.. page.Items.Select(entry => entry with { Cause = CauseKeys.ShownTo(id, entry.Cause) })] });
    }

    private static async Task<Results<Ok<WhyAnswer>, ProblemHttpResult>> Explain(
        Guid id, Guid entryId, ClaimsPrincipal user, HttpRequest request, Why why, CancellationToken ct) =>
        !user.MaySee(id) ? PointsAccess.Hidden()
        : await why.Explain(id, entryId, request.Language(), ct) is { } answer ? TypedResults.Ok(answer)
        : Problems.NotFound("entry");

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
}
