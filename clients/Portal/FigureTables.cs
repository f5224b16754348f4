using Community.Portal.Services;

namespace Community.Portal;

/// <summary>The tables of the figures' pages, for spreadsheets.</summary>
internal static class FigureTables
{
    private static readonly Dictionary<string, string> Tables = new()
    {
        ["activity"] = "/activity",
        ["lifecycle"] = "/lifecycle",
        ["retention"] = "/retention",
        ["growth"] = "/growth",
        ["forecast"] = "/forecasts/members",
        ["revenue"] = "/revenue",
        ["survival"] = "/survival",
        ["funnel"] = "/funnel",
        ["content"] = "/contents/statistics",
        ["decisions"] = "/decisions"
    };

    public static void MapFigureTables(this IEndpointRouteBuilder app) => app.MapGet("/admin/{table}.csv", async (
        string table, HttpRequest request, AnalyticsService analytics, CancellationToken ct) =>
    {
        if (!Tables.TryGetValue(table, out var path))
        {
            return Results.NotFound();
        }

        // Read by programs that take what has no mark for something else than UTF-8.
        return (await analytics.Csv(path + request.QueryString, ct)) switch
        {
            { Value: { } csv } => Results.File([0xEF, 0xBB, 0xBF, .. csv], "text/csv", $"{table}.csv"),
            { Outcome: Outcome.Invalid } => Results.BadRequest(),
            _ => Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
        };
    }).RequireAuthorization(policy => policy.RequireRole("operator", "owner"));
}
