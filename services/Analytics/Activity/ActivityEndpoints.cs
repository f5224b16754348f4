using Community.Analytics.Exports;
using Community.Web;
using Npgsql;

namespace Community.Analytics.Activity;

internal static class ActivityEndpoints
{
    public static void MapActivityFigures(this IEndpointRouteBuilder app)
    {
        var operators = app.MapGroup("").RequireRoles("operator").WithTag("Activity", "Who is active. Periods are those of the community's time zone; weeks start on Monday.");
        operators.MapGet("/activity", Activity).AnswersCsv().WithSummary("Active members and what they did, by day, week or month (the default); stickiness by month");
        operators.MapGet("/lifecycle", Lifecycle).AnswersCsv().WithSummary("New, returning, resurrecting and dormant members, by week or month (the default)");
    }

    private static async Task<ActivityAnswer> Activity([AsParameters] PeriodQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Day, Period.Week, Period.Month), query.Range());
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);

        if (await snapshot.Shape(period, range, zone, clock.GetUtcNow(), ct) is not { } shape)
        {
            return new ActivityAnswer([], [], zone);
        }

        var months = shape with { Period = Period.Month };
        var monthly = await snapshot.Active(months, ct);

        return new ActivityAnswer(
            shape.Activity(await snapshot.Kinds(shape, ct), period == Period.Month ? monthly : await snapshot.Active(shape, ct)),
            months.Stickiness(await snapshot.ActiveDays(months, ct), monthly),
            zone);
    }

    private static async Task<LifecycleAnswer> Lifecycle([AsParameters] PeriodQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Week, Period.Month), query.Range());
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);
        var shape = await snapshot.Shape(period, range, zone, clock.GetUtcNow(), ct);

        return new LifecycleAnswer(shape is null ? [] : await snapshot.Lifecycle(shape, ct), zone);
    }
}
