using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Community.Analytics.Activity;
using Community.Analytics.Exports;
using Community.Web;
using Npgsql;

namespace Community.Analytics.Forecasts;

/// <param name="Active">Active members of the period.</param>
/// <param name="Gain">New and resurrecting: G of N(t+1) = N(t) + G.</param>
/// <param name="Lost">Active in the period before, and not in this.</param>
/// <param name="LossRate">Lost / active of the period before: L of N(t+1) = N(t)·(1 − L); null where nobody was active.</param>
/// <param name="Joined">Members who joined in the period, active or not.</param>
internal sealed record GrowthPeriod(DateOnly Start, long Active, long Gain, long Lost, double? LossRate, long Joined, bool Complete);

internal sealed record GrowthAnswer(IReadOnlyList<GrowthPeriod> Periods, string TimeZone) : ITabular
{
    public Table ToTable() => new(
        ["start", "active", "gain", "lost", "lossRate", "joined", "complete"],
        Periods.Select(p => (IReadOnlyList<object?>)[p.Start, p.Active, p.Gain, p.Lost, p.LossRate, p.Joined, p.Complete]));
}

/// <param name="Members">n0, n1 …</param>
internal sealed record ModelAnswer(IReadOnlyList<double> Members);

internal sealed record ForecastPeriod(DateOnly Start, double Expected, double Low, double High);

/// <param name="Periods">Empty: there are fewer than seven full periods to learn from.</param>
/// <param name="Coverage">How often such forecasts were right in the past.</param>
internal sealed record ForecastAnswer(IReadOnlyList<ForecastPeriod> Periods, Coverage Coverage, string TimeZone) : ITabular
{
    public Table ToTable() => new(["start", "expected", "low", "high"], Periods.Select(p => (IReadOnlyList<object?>)[p.Start, p.Expected, p.Low, p.High]));
}

/// <param name="Joins">G: members gained in each period.</param>
internal sealed record GrowthModelQuery(
    [property: Range(0, 1e12)] double Members, [property: Range(-1e12, 1e12)] double Joins, [property: Range(0, 1_000)] int Periods = 12);

/// <param name="ChurnRate">L: the share lost in each period.</param>
internal sealed record RetentionModelQuery(
    [property: Range(0, 1e12)] double Members, [property: Range(0, 1)] double ChurnRate, [property: Range(0, 1_000)] int Periods = 12);

internal sealed record ForecastQuery(
    EnumParameter<Period>? Period, [property: Range(1, 60), Description("How many periods ahead.")] int Periods = 6);

/// <summary>Null: leave it as it was.</summary>
/// <param name="ChurnRate">The share of active members lost in each month from now on.</param>
/// <param name="Joins">Members gained in each month from now on.</param>
/// <param name="Price">What each active member is worth in each month, in minor units.</param>
/// <param name="Periods">Months.</param>
internal sealed record WhatIf(
    [property: Range(1, 60)] int Periods,
    [property: Range(0, 1)] double? ChurnRate = null, [property: Range(0, 1e9)] double? Joins = null, [property: Range(0, 1e12)] long? Price = null);

/// <param name="AsIs">If all goes on as it did.</param>
/// <param name="Changed">With what was asked for in its place.</param>
/// <param name="Revenue">Of the changed, at the price that was asked for, in minor units.</param>
internal sealed record WhatIfPeriod(DateOnly Start, Band AsIs, Band Changed, Band? Revenue);

internal sealed record WhatIfAnswer(IReadOnlyList<WhatIfPeriod> Periods, Coverage Coverage, string TimeZone) : ITabular
{
    public Table ToTable() => new(
        ["start", "asIs", "asIsLow", "asIsHigh", "changed", "changedLow", "changedHigh", "revenue", "revenueLow", "revenueHigh"],
        Periods.Select(p => (IReadOnlyList<object?>)
        [
            p.Start, p.AsIs.Expected, p.AsIs.Low, p.AsIs.High, p.Changed.Expected, p.Changed.Low, p.Changed.High, p.Revenue?.Expected, p.Revenue?.Low, p.Revenue?.High
        ]));
}

internal static class ForecastEndpoints
{
    public static void MapForecasts(this IEndpointRouteBuilder app)
    {
        var operators = app.MapGroup("").RequireRoles("operator").WithTag("Forecasts", "How the community grows, and how it would.");
        operators.MapGet("/growth", Growth).AnswersCsv().WithSummary("What was gained and lost in each week or month (the default)");
        operators.MapGet("/forecasts/growth", GrowthModel).WithSummary("N(t+1) = N(t) + G");
        operators.MapGet("/forecasts/retention", RetentionModel).WithSummary("N(t+1) = N(t)·(1 − L)");
        operators.MapGet("/forecasts/members", Members).AnswersCsv().WithSummary("Active members of the weeks or months (the default) to come, learned from the community's own past");
        operators.MapPost("/what-if", If).AnswersCsv().WithSummary("Active members to come if churn, joins or the price were others");
    }

    private static ModelAnswer GrowthModel([AsParameters] GrowthModelQuery query) => new(GrowthModels.Growth(query.Members, query.Joins, query.Periods));

    private static ModelAnswer RetentionModel([AsParameters] RetentionModelQuery query) => new(GrowthModels.Retention(query.Members, query.ChurnRate, query.Periods));

    private static async Task<GrowthAnswer> Growth([AsParameters] PeriodQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Week, Period.Month), query.Range());
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);

        if (await snapshot.Shape(period, range, zone, clock.GetUtcNow(), ct) is not { } shape)
        {
            return new GrowthAnswer([], zone);
        }

        var joined = (await snapshot.Joined(shape, zone, ct)).ToDictionary(row => row.Start, row => row.Count);

        return new GrowthAnswer([.. (await snapshot.Lifecycle(shape, ct)).Select(p =>
        {
            var before = p.Returning + p.Dormant;

            return new GrowthPeriod(
                p.Start, p.Active(), p.New + p.Resurrecting, p.Dormant, before == 0 ? null : (double)p.Dormant / before, joined.GetValueOrDefault(p.Start), p.Complete);
        })], zone);
    }

    private static async Task<ForecastAnswer> Members([AsParameters] ForecastQuery query, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var period = query.Period?.Value ?? Period.Month;
        var past = await Past.Read(period == Period.Day ? throw new InvalidParameter("period", "must be week or month") : period, database, clock.GetUtcNow(), ct);

        return new ForecastAnswer(
            [.. MemberForecast.Of(past.Active, past.Moves, query.Periods).Select((band, t) => new ForecastPeriod(past.After(t), band.Expected, band.Low, band.High))],
            MemberForecast.BackTest(past.Active, past.Moves), past.TimeZone);
    }

    private static async Task<WhatIfAnswer> If(WhatIf wish, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var past = await Past.Read(Period.Month, database, clock.GetUtcNow(), ct);
        var asIs = MemberForecast.Of(past.Active, past.Moves, wish.Periods);
        var changed = MemberForecast.Of(past.Active, past.Moves, wish.Periods, move => new Move(wish.Joins ?? move.Gain, wish.ChurnRate ?? move.Loss));

        return new WhatIfAnswer(
            [.. asIs.Zip(changed).Select((bands, t) => new WhatIfPeriod(
                past.After(t), bands.First, bands.Second,
                wish.Price is { } price ? new Band(bands.Second.Expected * price, bands.Second.Low * price, bands.Second.High * price) : null))],
            MemberForecast.BackTest(past.Active, past.Moves), past.TimeZone);
    }
}
