using Community.Analytics.Ingestion;
using Dapper;
using Npgsql;

namespace Community.Analytics.Revenue;

/// <summary>What moved in one month, in minor units; each of them is positive.</summary>
internal sealed record MonthMoves(
    string Currency, DateOnly Start, long New, long Expansion, long Contraction, long Churn, long Reactivation, long PayersGained, long PayersLost, long PayersGone);

/// <summary>Asks the read model. All that it knows of an answer comes from one statement, and so from one instant.</summary>
internal sealed class RevenueFigures(NpgsqlDataSource database)
{
    // A member is worth what all of the member's subscriptions are, and what changes at one instant is one change: another
    // subscription in the place of the first is neither churn nor a new member. A month's payers gone are those who paid as
    // it began and do not as it ends.
    /// <summary>A CTE <c>worth (member_id, currency, at, change, after, nth, start)</c>: what each member is worth after each change.</summary>
    internal const string Worth =
        """
        told as (
            select member_id, max(currency) over subscription as currency, max(at) over (subscription order by version) as at,
                amount - coalesce(lag(amount) over (subscription order by version), 0) as change
            from recurring_revenue where at < (@to::timestamp at time zone @zone)
            window subscription as (partition by subscription_id)),
        changed as (
            select member_id, currency, at, sum(change) as change from told where change <> 0 group by 1, 2, 3 having sum(change) <> 0),
        worth as (
            select *, sum(change) over member as after, row_number() over member as nth, date_trunc('month', at at time zone @zone)::date as start
            from changed window member as (partition by member_id, currency order by at))
        """;

    private const string Moves =
        $"""
        with {Worth},
        moves as (
            select *, after - change as before,
                row_number() over (month order by at) as nth_of_month, first_value(after) over (month order by at desc) as ended
            from worth window month as (partition by member_id, currency, start))
        select currency, start,
            coalesce(sum(change) filter (where nth = 1), 0)::bigint as "new",
            coalesce(sum(change) filter (where nth > 1 and before > 0 and change > 0), 0)::bigint as expansion,
            coalesce(-sum(change) filter (where after > 0 and change < 0), 0)::bigint as contraction,
            coalesce(-sum(change) filter (where after = 0), 0)::bigint as churn,
            coalesce(sum(change) filter (where nth > 1 and before = 0), 0)::bigint as reactivation,
            count(*) filter (where before = 0) as payersgained,
            count(*) filter (where after = 0) as payerslost,
            count(*) filter (where nth_of_month = 1 and before > 0 and ended = 0) as payersgone
        from moves group by 1, 2 order by 1, 2
        """;

    public async Task<(string Zone, IReadOnlyList<MonthMoves> Moves)> Read(DateOnly until, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var zone = await connection.QuerySingleAsync<string>(new CommandDefinition($"select {CommunityTimeZone.InForce()}", cancellationToken: ct));
        var to = until == DateOnly.MaxValue ? until : until.AddDays(1);
        var moves = await connection.QueryAsync<MonthMoves>(new CommandDefinition(Moves, new { zone, to }, cancellationToken: ct));

        return (zone, [.. moves]);
    }
}
