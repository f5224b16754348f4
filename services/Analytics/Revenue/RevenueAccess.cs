using Dapper;
using Npgsql;

namespace Community.Analytics.Revenue;

/// <summary>Members who began to pay in one month and stopped in another.</summary>
/// <param name="Stopped">When their MRR became zero for the first time; null: they still pay.</param>
internal sealed record PaidSpan(DateOnly Cohort, DateOnly? Stopped, long Count);

/// <summary>What other modules know of revenue.</summary>
internal sealed class RevenueAccess(NpgsqlDataSource database)
{
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
