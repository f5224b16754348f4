using Community.EventStore;
using Dapper;
using Marten;
using Npgsql;

namespace Community.Incentives.Points;

/// <summary>Ends points whose time is over. It looks at whose points end next, and again at whose were taken back after that.</summary>
internal sealed class EndPointsInTime(IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, ILogger<EndPointsInTime> log)
    : PeriodicJob("end-points", TimeSpan.FromSeconds(5), clock, log)
{
    private const int AtOnce = 100;

    protected override async Task Do(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();

        while (await Due(now, ct) is { Count: > 0 } members)
        {
            foreach (var member in members)
            {
                long ended;

                do
                {
                    ended = await Ended(member, now, ct);
                    await store.Handle(Wallet.Decider, Wallet.Stream(member), new ExpirePoints(member, ended, now), ct);
                    await LookAgain(member, now, ct);
                }
                while (ended != await Ended(member, now, ct)); // what was taken back just before it was to be looked at again
            }
        }
    }

    private async Task<List<Guid>> Due(DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<Guid>(new CommandDefinition(
            "select member_id from points_expiries where next_at <= @now order by next_at limit @AtOnce", new { now, AtOnce }, cancellationToken: ct))];
    }

    private async Task<long> Ended(Guid member, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select coalesce(sum(points), 0)::bigint from points_entries where member_id = @member and expires_at <= @now", new { member, now }, cancellationToken: ct));
    }

    // What was taken back meanwhile has put the member back to an instant that is over.
    private async Task LookAgain(Guid member, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update points_expiries set next_at = coalesce(
                (select min(expires_at) from points_entries where member_id = @member and expires_at > @now), 'infinity')
            where member_id = @member
            """,
            new { member, now }, cancellationToken: ct));
    }
}
