using System.ComponentModel.DataAnnotations;
using Community.ServiceDefaults;
using Npgsql;

namespace Community.Analytics.Figures;

/// <summary><c>from</c> and <c>to</c> are dates, both inclusive, clipped to what is there.</summary>
internal sealed record FigureQuery(EnumParameter<Period>? Period, [property: DataType(DataType.Date)] string? From, [property: DataType(DataType.Date)] string? To)
{
    public Period PeriodOf(params Period[] allowed)
    {
        var period = Period?.Value ?? Figures.Period.Month;

        return allowed.Contains(period) ? period : throw new InvalidParameter("period", $"must be {string.Join(" or ", allowed.Select(EnumWords.ToWord))}");
    }

    public Range Range() => Figures.Range.Of(From, To);
}

internal enum RetentionMode { On, OnOrAfter }

internal static class FigureEndpoints
{
    public static void MapFigures(this IEndpointRouteBuilder app)
    {
        var operators = app.MapGroup("").RequireRoles("operator").WithTag("Figures", "Who is active, who stays. Periods are those of the community's time zone; weeks start on Monday.");
        operators.MapGet("/activity", Activity).WithSummary("Active members and what they did, by day, week or month (the default); stickiness by month");
        operators.MapGet("/retention", Retention).WithSummary("Of those first active in a week or month (the default), how many are active later");
        operators.MapGet("/lifecycle", Lifecycle).WithSummary("New, returning, resurrecting and dormant members, by week or month (the default)");
    }

    private static async Task<ActivityAnswer> Activity([AsParameters] FigureQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Day, Period.Week, Period.Month), query.Range());
        await using var figures = await ActivityFigures.Open(database, ct);
        var zone = await figures.TimeZone(ct);
        var shaping = await Shape(period, range, figures, zone, clock, ct);

        if (shaping is null)
        {
            return new ActivityAnswer([], [], zone);
        }

        var months = shaping with { Period = Period.Month };
        var monthly = await figures.Active(Period.Month, shaping.Range, ct);

        return new ActivityAnswer(
            shaping.Activity(
                await figures.Kinds(shaping.Period, shaping.Range, ct),
                shaping.Period == Period.Month ? monthly : await figures.Active(shaping.Period, shaping.Range, ct)),
            months.Stickiness(await figures.ActiveDays(Period.Month, shaping.Range, ct), monthly),
            zone);
    }

    private static async Task<RetentionAnswer> Retention(
        [AsParameters] FigureQuery query, EnumParameter<RetentionMode>? mode, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range, last) = (query.PeriodOf(Period.Week, Period.Month), query.Range(), mode?.Value == RetentionMode.OnOrAfter);
        await using var figures = await ActivityFigures.Open(database, ct);
        var zone = await figures.TimeZone(ct);
        var shaping = await Shape(period, range, figures, zone, clock, ct);

        return new RetentionAnswer(shaping is null ? [] : shaping.Cohorts(await figures.Cohorts(shaping.Period, shaping.Range, last, ct), last), zone);
    }

    private static async Task<LifecycleAnswer> Lifecycle([AsParameters] FigureQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Week, Period.Month), query.Range());
        await using var figures = await ActivityFigures.Open(database, ct);
        var zone = await figures.TimeZone(ct);
        var shaping = await Shape(period, range, figures, zone, clock, ct);

        return new LifecycleAnswer(shaping is null ? [] : shaping.Lifecycle(await figures.Arrivals(shaping.Period, shaping.Range, ct)), zone);
    }

    /// <summary>Null: there is no activity yet.</summary>
    private static async Task<FigureBuilder?> Shape(Period period, Range range, ActivityFigures figures, string zone, TimeProvider clock, CancellationToken ct)
    {
        var yesterday = clock.Today(zone).AddDays(-1);

        return await figures.Extent(ct) is { } extent
            ? new FigureBuilder(period, range, extent, range.To < yesterday ? range.To : yesterday)
            : null;
    }
}
