using Community.EventSourcing;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Sessions;

/// <summary>
/// Who guesses passwords waits, and longer each time: at one account from one network address soon, at one account from
/// anywhere later, from one network address at whatever accounts later still. It makes no difference whether the account exists.
/// An attempt is counted before it is judged, so that many at once are no way around it.
/// </summary>
internal sealed class Lockout(NpgsqlDataSource database, MasterKey master, IConfiguration configuration, TimeProvider clock)
{
    private readonly (int Pair, int Account, int Network) _limits = (
        configuration.GetValue("Lockout:Attempts", 8), configuration.GetValue("Lockout:AttemptsAtAccount", 30), configuration.GetValue("Lockout:AttemptsFromNetwork", 100));

    public static Table Table()
    {
        var failures = new Table("sign_in_failures");
        failures.AddColumn("key", "bytea").AsPrimaryKey(); // a keyed hash: addresses of both kinds are personal
        failures.AddColumn("failures", "int").NotNull();
        failures.AddColumn("last_at", "timestamptz").NotNull();
        failures.AddColumn("locked_until", "timestamptz");

        return failures;
    }

    /// <summary>A refusal while attempts are locked; null: it may be tried, and <see cref="Succeeded"/> must be told if it was right.</summary>
    public async Task<ProblemHttpResult?> Attempt(string account, HttpContext http, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        foreach (var (key, limit) in Keys(account, http))
        {
            if (await Count(key, limit, now, ct) is not { } until)
                continue;

            http.Response.Headers.RetryAfter = $"{Math.Max(1, Math.Ceiling((until - now).TotalSeconds))}";

            return Problems.Problem(429, "too-many-failures", "Sign-in failed too often; wait for as long as Retry-After says.");
        }

        return null;
    }

    public async Task Succeeded(string account, HttpContext http, CancellationToken ct)
    {
        var keys = Keys(account, http).Select(key => key.Key).ToArray();
        await using var batch = database.CreateBatch();
        var forget = new NpgsqlBatchCommand("delete from sign_in_failures where key = any($1)");
        forget.Parameters.Add(new() { Value = keys[..2] });
        batch.BatchCommands.Add(forget);
        // Of the network only this one attempt: who knows one password may still be guessing others.
        var undo = new NpgsqlBatchCommand("update sign_in_failures set failures = greatest(failures - 1, 0), locked_until = null where key = $1");
        undo.Parameters.Add(new() { Value = keys[2] });
        batch.BatchCommands.Add(undo);
        var old = new NpgsqlBatchCommand("delete from sign_in_failures where last_at < $1");
        old.Parameters.Add(new() { Value = clock.GetUtcNow().AddDays(-2) });
        batch.BatchCommands.Add(old);
        await batch.ExecuteNonQueryAsync(ct);
    }

    private (byte[] Key, int Limit)[] Keys(string account, HttpContext http)
    {
        var network = http.Connection.RemoteIpAddress?.ToString() ?? "";

        return [(master.Hash("lockout-pair", $"{account}\0{network}"), _limits.Pair), (master.Hash("lockout-account", account), _limits.Account), (master.Hash("lockout-network", network), _limits.Network)];
    }

    // Half a minute at the limit, twice as long each time after it, at most an hour. A day without an attempt forgets.
    private async Task<DateTimeOffset?> Count(byte[] key, int limit, DateTimeOffset now, CancellationToken ct)
    {
        while (true)
        {
            await using var count = database.CreateCommand("""
                insert into sign_in_failures as f (key, failures, last_at) values ($1, 1, $2)
                on conflict (key) do update set
                    failures = case when f.last_at < $2 - interval '1 day' then 1 else f.failures + 1 end,
                    last_at = $2,
                    locked_until = case when f.failures + 1 >= $3 and f.last_at >= $2 - interval '1 day'
                        then $2 + least(3600, 30 * power(2, least(f.failures + 1 - $3, 10))) * interval '1 second' end
                where f.locked_until is null or f.locked_until <= $2
                """);
            count.Parameters.Add(new() { Value = key });
            count.Parameters.Add(new() { Value = now });
            count.Parameters.Add(new() { Value = limit });
            if (await count.ExecuteNonQueryAsync(ct) == 1)
                return null;

            // In a statement of its own: that one saw the row as it was before another locked it.
            await using var read = database.CreateCommand("select locked_until from sign_in_failures where key = $1 and locked_until > $2");
            read.Parameters.Add(new() { Value = key });
            read.Parameters.Add(new() { Value = now });
            if (await read.ExecuteScalarAsync(ct) is DateTime until)
                return new DateTimeOffset(until, TimeSpan.Zero);
        }
    }
}
