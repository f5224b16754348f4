using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Community.Analytics.Activity;
using Community.Analytics.Exports;
using Community.Analytics.Revenue;
using Community.EventStore;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Analytics.Survival;

/// <param name="Counts">Of one cohort: members after 0, 1, 2 … periods; none is more than the one before.</param>
/// <param name="Periods">How far to expect; as far as the counts go where it is not given.</param>
internal sealed record SurvivalWish([property: MinLength(2), MaxLength(1_000)] IReadOnlyList<double> Counts, [property: Range(1, 1_000)] int? Periods = null);

internal sealed record SurvivalFit(double Alpha, double Beta, double LogLikelihood, IReadOnlyList<double> Observed, IReadOnlyList<double> Expected);

/// <param name="Counts">Still paying after 0, 1, 2 … months, as far as these months are over.</param>
internal sealed record PayingCohort(DateOnly Start, IReadOnlyList<long> Counts);

/// <param name="Months">How long somebody has paid.</param>
/// <param name="Worth">How many further monthly payments they are worth today, discounted.</param>
internal sealed record ResidualValue(int Months, double Worth);

/// <param name="Alpha">Null, as all that follows from it: too few months, or nobody has stopped paying.</param>
/// <param name="Expected">The share that still pays after 0, 1, 2 … months.</param>
internal sealed record SurvivalAnswer(
    double? Alpha, double? Beta, double? LogLikelihood, IReadOnlyList<PayingCohort> Cohorts, IReadOnlyList<double> Expected, IReadOnlyList<ResidualValue> Residual,
    string TimeZone) : ITabular
{
    public Table ToTable() => new(["start", "month", "paying"], Cohorts.SelectMany(cohort => cohort.Counts.Select((count, k) => (IReadOnlyList<object?>)[cohort.Start, k, count])));
}

/// <param name="Frequency">Purchases after the first.</param>
/// <param name="Recency">From the first to the last purchase.</param>
/// <param name="Age">From the first purchase until now, in the same unit.</param>
internal sealed record Customer([property: Range(0, 100_000)] int Frequency, [property: Range(0, 1e6)] double Recency, [property: Range(0, 1e6)] double Age);

internal sealed record RepeatWish([property: MinLength(1), MaxLength(20_000)] IReadOnlyList<Customer> Customers);

internal sealed record RepeatFit(double R, double Alpha, double A, double B, double LogLikelihood);

/// <param name="R">Null, as all that follows from it: nobody has bought twice.</param>
/// <param name="Alpha">In weeks.</param>
/// <param name="Customers">Members who have bought at least once.</param>
/// <param name="Alive">How many of them are still there, as the model has it.</param>
internal sealed record RepeatAnswer(double? R, double? Alpha, double? A, double? B, double? LogLikelihood, long Customers, double? Alive, string TimeZone);

internal static class SurvivalEndpoints
{
    private const int ResidualMonths = 24;

    public static void MapSurvival(this IEndpointRouteBuilder app)
    {
        var operators = app.MapGroup("").RequireRoles("operator").WithTag("Survival", "How long members stay, and who buys again.");
        operators.MapGet("/survival", Survival).AnswersCsv().WithSummary("How long members go on paying, by the shifted beta geometric model, and what they are still worth");
        operators.MapPost("/survival/fits", Fit).WithSummary("Fits the shifted beta geometric model to a cohort");
        operators.MapGet("/repeat-behaviour", Repeat).WithSummary("Who buys again, by the BG/NBD model of the community's orders, in weeks");
        operators.MapPost("/repeat-behaviour/fits", FitRepeat).WithSummary("Fits the BG/NBD model to customers");
    }

    private static Results<Ok<SurvivalFit>, ProblemHttpResult> Fit(SurvivalWish wish)
    {
        var counts = wish.Counts;

        for (var t = 0; t < counts.Count; t++)
        {
            if (!(counts[t] >= 0 && counts[t] <= 1e9) || (t > 0 && counts[t] > counts[t - 1]))
            {
                throw new InvalidParameter($"counts[{t}]", "must be from 0 to 1e9, and not more than the one before");
            }
        }

        return ShiftedBetaGeometric.Fit([counts]) is { } fit
            ? TypedResults.Ok(new SurvivalFit(
                fit.Model.Alpha, fit.Model.Beta, fit.LogLikelihood, counts,
                [.. Enumerable.Range(0, 1 + (wish.Periods ?? counts.Count - 1)).Select(t => counts[0] * fit.Model.Survival(t))]))
            : NoFit("Nothing can be fitted: nobody leaves, nobody stays, or all are alike.");
    }

    private static async Task<SurvivalAnswer> Survival(
        [Range(0.0001, 1), Description("By which a later month is worth less: 0.01 where not given.")] double? discount,
        RevenueAccess revenue, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);
        var cohorts = PayingCohorts.Of(await revenue.Spans(zone, ct), Period.Month.StartOf(clock.Today(zone)));

        return ShiftedBetaGeometric.Fit([.. cohorts.Where(cohort => cohort.Counts.Count > 1).Select(cohort => cohort.Counts.Select(n => (double)n).ToList())]) is { } fit
            ? new SurvivalAnswer(
                fit.Model.Alpha, fit.Model.Beta, fit.LogLikelihood, cohorts,
                [.. Enumerable.Range(0, ResidualMonths + 1).Select(fit.Model.Survival)],
                [.. Enumerable.Range(0, ResidualMonths + 1).Select(months => new ResidualValue(months, fit.Model.ResidualPeriods(months, discount ?? 0.01)))], zone)
            : new SurvivalAnswer(null, null, null, cohorts, [], [], zone);
    }

    private static Results<Ok<RepeatFit>, ProblemHttpResult> FitRepeat(RepeatWish wish)
    {
        for (var i = 0; i < wish.Customers.Count; i++)
        {
            if (wish.Customers[i] is not { } c || c.Recency > c.Age || (c.Frequency == 0 && c.Recency > 0))
            {
                throw new InvalidParameter($"customers[{i}]", "must have a recency within its age, and none without a second purchase");
            }
        }

        return BetaGeometricNbd.Fit([.. wish.Customers.GroupBy(c => c).Select(c => new Buyers(c.Key.Frequency, c.Key.Recency, c.Key.Age, c.Count()))]) is { } fit
            ? TypedResults.Ok(new RepeatFit(fit.Model.R, fit.Model.Alpha, fit.Model.A, fit.Model.B, fit.LogLikelihood))
            : NoFit("Nothing can be fitted: nobody buys twice, or all are alike.");
    }

    private static async Task<RepeatAnswer> Repeat(NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);
        var buyers = await snapshot.Rows<Buyers>(
            """
            select frequency::float8, recency / 7.0::float8 as recency, age / 7.0::float8 as age, count(*) as count from (
                select count(*) - 1 as frequency, max(day) - min(day) as recency, @today::date - min(day) as age
                from member_days where kind = 'order' and day <= @today group by member_id) bought
            group by 1, 2, 3
            """, new { today = clock.Today(zone) }, ct);
        var customers = buyers.Sum(c => c.Count);

        return BetaGeometricNbd.Fit(buyers) is { } fit
            ? new RepeatAnswer(
                fit.Model.R, fit.Model.Alpha, fit.Model.A, fit.Model.B, fit.LogLikelihood, customers, buyers.Sum(c => c.Count * fit.Model.Alive(c)), zone)
            : new RepeatAnswer(null, null, null, null, null, customers, null, zone);
    }

    private static ProblemHttpResult NoFit(string detail) => Problems.Problem(StatusCodes.Status409Conflict, "no-fit", detail);
}

internal static class PayingCohorts
{
    /// <summary>Who stops within the first month has stopped after one.</summary>
    /// <param name="running">The start of the month that is not over.</param>
    public static IReadOnlyList<PayingCohort> Of(IReadOnlyList<PaidSpan> spans, DateOnly running) =>
    [
        .. from span in spans
           where span.Cohort < running
           group span by span.Cohort into cohort
           orderby cohort.Key
           select new PayingCohort(cohort.Key, [.. Enumerable.Range(0, Months(cohort.Key, running)).Select(k => cohort.Where(span =>
               span.Stopped is not { } stopped || k == 0 || Math.Max(1, Months(cohort.Key, stopped)) > k).Sum(span => span.Count))])
    ];

    private static int Months(DateOnly from, DateOnly to) => ((to.Year - from.Year) * 12) + to.Month - from.Month;
}
