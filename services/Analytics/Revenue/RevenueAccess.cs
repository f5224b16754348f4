using Dapper;
using Npgsql;

namespace Community.Analytics.Revenue;

/// <summary>Members who began to pay in one month and stopped in another.</summary>
/// <param name="Stopped">When their MRR became zero for the first time; null: they still pay.</param>
internal sealed record PaidSpan(DateOnly Cohort, DateOnly? Stopped, long Count);

/// <param name="Mrr">In minor units, at the end of each of the months asked for, the oldest first.</param>
/// <param name="Payers">Members who paid for it at the first of these ends.</param>
internal sealed record PlanTrend(Guid PlanId, string Currency, IReadOnlyList<long> Mrr, long Payers);

/// <param name="Stayed">Those of them who paid at the later instant, for whatever plan.</param>
internal sealed record Payers(long Paid, long Stayed);

/// <summary>What other modules know of revenue.</summary>
internal sealed class RevenueAccess(NpgsqlDataSource database)
{
    // What holds of each subscription at an instant: the last thing told before it, on the last plan that was named.
    private const string Held =
        """
        select b.day, s.member_id, s.amount, s.currency, (
            select p.plan_id from recurring_revenue p
            where p.subscription_id = s.subscription_id and p.version <= s.version and p.plan_id is not null order by p.version desc limit 1) as plan_id
        from unnest(@days::date[]) b (day) cross join lateral (select b.day::timestamp at time zone @zone) i (at)
        cross join lateral (
            select distinct on (subscription_id) subscription_id, version, member_id, amount, currency from recurring_revenue r
            where r.at < i.at order by subscription_id, version desc) s
        where s.amount > 0
        """;

    /// <summary>Of each plan that somebody paid for as the first of the days began.</summary>
    /// <param name="days">What is told is what was so as each of them began.</param>
    public async Task<IReadOnlyList<PlanTrend>> Plans(IReadOnlyList<DateOnly> days, string zone, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<PlanAt>(new CommandDefinition(
            $"""
            select plan_id as planid, currency, day, sum(amount)::bigint as mrr, count(distinct member_id) as payers
            from ({Held}) held where plan_id is not null group by 1, 2, 3
            """, new { days = days.ToArray(), zone }, cancellationToken: ct));

        return
        [
            .. from row in rows
               group row by (row.PlanId, row.Currency) into plan
               let byDay = plan.ToDictionary(row => row.Day)
               where byDay.ContainsKey(days[0])
               orderby plan.Key.PlanId, plan.Key.Currency
               select new PlanTrend(plan.Key.PlanId, plan.Key.Currency, [.. days.Select(day => byDay.GetValueOrDefault(day)?.Mrr ?? 0)], byDay[days[0]].Payers)
        ];
    }

    /// <summary>Of those who paid for a plan as one day began, how many paid as another began.</summary>
    public async Task<Payers> Stayed(Guid planId, DateOnly day, DateOnly later, string zone, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.QuerySingleAsync<Payers>(new CommandDefinition(
            $"""
            with held as ({Held}),
            paid as (select distinct member_id from held where day = @day and plan_id = @planId)
            select count(*) as paid, count(*) filter (where exists (select from held h where h.day = @later and h.member_id = paid.member_id)) as stayed from paid
            """, new { planId, day, later, days = new[] { day, later }, zone }, cancellationToken: ct));
    }

    private sealed record PlanAt(Guid PlanId, string Currency, DateOnly Day, long Mrr, long Payers);

    /// <summary>Of all members who ever paid again and again, by month.</summary>
    public async Task<IReadOnlyList<PaidSpan>> Spans(string zone, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<PaidSpan>(new CommandDefinition(
            $"""
            with {RevenueFigures.Worth}
            select cohort, stopped, count(*) as count from (
                select min(start) as cohort, min(start) filter (where after = 0) as stopped from worth group by member_id, currency) spans
            group by 1, 2
            """, new { zone, to = DateOnly.MaxValue }, cancellationToken: ct))];
    }
}
