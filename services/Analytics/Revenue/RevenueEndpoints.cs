using System.ComponentModel.DataAnnotations;
using Community.Analytics.Exports;
using Community.Web;

namespace Community.Analytics.Revenue;

/// <summary><c>from</c> and <c>to</c> are dates, both inclusive, clipped to what is there.</summary>
internal sealed record RevenueQuery([property: DataType(DataType.Date)] string? From, [property: DataType(DataType.Date)] string? To);

internal sealed record Money(long Amount, string Currency);

/// <summary>MRR is that of the month before, with new, expansion and reactivation, without contraction and churn.</summary>
/// <param name="Mrr">Monthly recurring revenue at the month's end, or now.</param>
/// <param name="New">Of members who had none before.</param>
/// <param name="Churn">Of members whose MRR became zero.</param>
/// <param name="Reactivation">Of members whose MRR had become zero before.</param>
/// <param name="PayingMembers">At the month's end, or now.</param>
/// <param name="ChurnedMembers">Who paid as the month began, and do not as it ends.</param>
/// <param name="Arpu">MRR / paying members; null where nobody pays.</param>
/// <param name="Ltv">ARPU / mean churn of members in the last six full months; null where nobody has left in them.</param>
/// <param name="Complete">False: the month is not over yet, or the range ends within it.</param>
internal sealed record RevenueMonth(
    DateOnly Start, Money Mrr, Money New, Money Expansion, Money Contraction, Money Churn, Money Reactivation, long PayingMembers, long ChurnedMembers,
    Money? Arpu, Money? Ltv, bool Complete);

internal sealed record CurrencyRevenue(string Currency, IReadOnlyList<RevenueMonth> Months);

/// <param name="TimeZone">In which months begin.</param>
internal sealed record RevenueAnswer(IReadOnlyList<CurrencyRevenue> Currencies, string TimeZone) : ITabular
{
    public Table ToTable() => new(
        [
            "currency", "start", "mrr", "new", "expansion", "contraction", "churn", "reactivation", "payingMembers", "churnedMembers", "arpu", "ltv", "complete"
        ],
        from currency in Currencies
        from m in currency.Months
        select (IReadOnlyList<object?>)
        [
            currency.Currency, m.Start, m.Mrr.Amount, m.New.Amount, m.Expansion.Amount, m.Contraction.Amount, m.Churn.Amount, m.Reactivation.Amount, m.PayingMembers,
            m.ChurnedMembers, m.Arpu?.Amount, m.Ltv?.Amount, m.Complete
        ]);
}

internal static class RevenueEndpoints
{
    public static void MapRevenue(this IEndpointRouteBuilder app) => app.MapGet("/revenue", Revenue).RequireRoles("operator").AnswersCsv()
        .WithTag("Revenue", "What recurs, and what moves it.").WithSummary("Monthly recurring revenue and its movements, ARPU and LTV, by month and currency");

    private static async Task<RevenueAnswer> Revenue(
        [AsParameters] RevenueQuery query, RevenueFigures figures, TimeProvider clock, CancellationToken ct)
    {
        var range = DayRange.Of(query.From, query.To);
        var (zone, moves) = await figures.Read(range.To, ct);
        var today = clock.Today(zone);
        var (last, lastWhole) = range.To < today ? (range.To, range.To) : (today, today.AddDays(-1));

        return new RevenueAnswer(
            [.. moves.GroupBy(month => month.Currency).Select(currency => new CurrencyRevenue(
                currency.Key, [.. Months(currency.Key, [.. currency], last, lastWhole).Where(month => Period.Month.Next(month.Start) > range.From)]))],
            zone);
    }

    /// <summary>Without holes: what recurs goes on in months in which nothing moves.</summary>
    private static IEnumerable<RevenueMonth> Months(string currency, IReadOnlyList<MonthMoves> moves, DateOnly last, DateOnly lastWhole)
    {
        var (byStart, churn, mrr, payers) = (moves.ToDictionary(month => month.Start), new List<double>(), 0L, 0L);

        foreach (var start in Period.Month.Between(moves[0].Start, last))
        {
            var m = byStart.GetValueOrDefault(start) ?? new MonthMoves(currency, start, 0, 0, 0, 0, 0, 0, 0, 0);
            var complete = Period.Month.Next(start).AddDays(-1) <= lastWhole;

            if (complete && payers > 0)
            {
                churn.Add((double)m.PayersGone / payers);
            }

            mrr += m.New + m.Expansion + m.Reactivation - m.Contraction - m.Churn;
            payers += m.PayersGained - m.PayersLost;
            var mean = churn.TakeLast(6).DefaultIfEmpty(0).Average();

            yield return new RevenueMonth(
                start, Of(mrr), Of(m.New), Of(m.Expansion), Of(m.Contraction), Of(m.Churn), Of(m.Reactivation), payers, m.PayersGone,
                payers > 0 ? Rounded((double)mrr / payers) : null, payers > 0 && mean > 0 ? Rounded(mrr / (payers * mean)) : null, complete);
        }

        Money Of(long amount) => new(amount, currency);
        Money Rounded(double amount) => Of((long)Math.Round(amount, MidpointRounding.ToEven));
    }
}
