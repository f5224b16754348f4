using Community.EventStore;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Accounts.SignIn;

/// <summary>
/// Who guesses passwords waits, and longer each time: at one account from one network soon, at one account from anywhere later,
/// from one network at whatever accounts later still. It makes no difference whether the account exists.
/// An attempt is counted before it is judged, so that many at once are no way around it; one that was no failure is taken back.
/// Guesses from anywhere must not keep a member out: a network or a device that the member signed in from is counted by itself alone.
/// </summary>
internal sealed class Lockout(NpgsqlDataSource database, MasterKey master, IConfiguration configuration, TimeProvider clock)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(2);
    private static readonly TimeSpan Known = TimeSpan.FromDays(90);

    private readonly (int Pair, int Account, int Network) _limits = (
        configuration.GetValue("Lockout:Attempts", 8), configuration.GetValue("Lockout:AttemptsAtAccount", 30), configuration.GetValue("Lockout:AttemptsFromNetwork", 100));

    public static Table[] Tables()
    {
        var failures = new Table("sign_in_failures");
        failures.AddColumn("key", "bytea").AsPrimaryKey(); // a keyed hash: addresses of both kinds are personal
        failures.AddColumn("failures", "int").NotNull();
        failures.AddColumn("last_at", "timestamptz").NotNull();
        failures.AddColumn("locked_until", "timestamptz");
        var known = new Table("known_networks"); // of an account and a network together, a keyed hash
        known.AddColumn("key", "bytea").AsPrimaryKey();
        known.AddColumn("last_at", "timestamptz").NotNull().AddIndex();

        return [failures, known];
    }

    /// <param name="device">Something that only the member can have brought along, such as a session; null: nothing.</param>
    public async Task<SignInAttempt> Begin(string account, HttpContext http, string? device, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var counted = new List<(byte[] Key, int Limit)>();
        var here = Here(account, http);

        foreach (var (key, limit) in await Keys(account, http, here, device, now, ct))
        {
            if (await Count(key, limit, now, ct) is { } until)
            {
                http.Response.Headers.RetryAfter = $"{Math.Max(1, Math.Ceiling((until - now).TotalSeconds))}";

                return new(this, here, counted, Problems.Problem(429, "too-many-failures", "Sign-in failed too often; wait for as long as Retry-After says."));
            }

            counted.Add((key, limit));
        }

        return new(this, here, counted, Wait: null);
    }

    /// <summary>The member has proved by other means to be here.</summary>
    public Task Know(string account, HttpContext http, CancellationToken ct) => Succeeded(Here(account, http), [], ct);

    /// <summary>The first of the counted is that of the account here, which begins anew; of the others only this attempt goes: who knows one password may still be guessing others.</summary>
    internal async Task Succeeded(byte[] here, IReadOnlyList<(byte[] Key, int Limit)> counted, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var batch = database.CreateBatch();
        if (counted.Count > 0)
            batch.BatchCommands.Add(Sql("delete from sign_in_failures where key = $1", counted[0].Key));
        foreach (var (key, limit) in counted.Skip(1))
            batch.BatchCommands.Add(OneLess(key, limit));
        batch.BatchCommands.Add(Sql("insert into known_networks (key, last_at) values ($1, $2) on conflict (key) do update set last_at = $2", here, now));
        batch.BatchCommands.Add(Sql("delete from sign_in_failures where last_at < $1", now - Remembered));
        batch.BatchCommands.Add(Sql("delete from known_networks where last_at < $1", now - Known));
        await batch.ExecuteNonQueryAsync(ct);
    }

    internal async Task TakeBack(IReadOnlyList<(byte[] Key, int Limit)> counted, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        foreach (var (key, limit) in counted)
            batch.BatchCommands.Add(OneLess(key, limit));
        await batch.ExecuteNonQueryAsync(ct);
    }

    private byte[] Here(string account, HttpContext http) => master.Hash("lockout-pair", $"{account}\0{http.Origin()}");

    private async Task<(byte[] Key, int Limit)[]> Keys(string account, HttpContext http, byte[] here, string? device, DateTimeOffset now, CancellationToken ct)
    {
        if (device is not null)
            return [(master.Hash("lockout-device", $"{account}\0{device}"), _limits.Pair)];

        await using var known = database.CreateCommand("select exists (select from known_networks where key = $1 and last_at > $2)");
        known.Parameters.Add(new() { Value = here });
        known.Parameters.Add(new() { Value = now - Known });
        var isKnown = await known.ExecuteScalarAsync(ct) is true;

        return
        [
            (here, _limits.Pair),
            .. isKnown ? [] : new[] { (master.Hash("lockout-account", account), _limits.Account) },
            (master.Hash("lockout-network", http.Origin()), _limits.Network)
        ];
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

    private static NpgsqlBatchCommand OneLess(byte[] key, int limit) => Sql("""
        update sign_in_failures set failures = greatest(failures - 1, 0), locked_until = case when failures > $2 then locked_until end where key = $1
        """, key, limit);

    private static NpgsqlBatchCommand Sql(string text, params object[] values)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });

        return command;
    }
}

/// <summary>An attempt to sign in that was counted, and whose outcome must be told.</summary>
/// <param name="Wait">A refusal while attempts are locked; null: it may be tried.</param>
internal sealed record SignInAttempt(Lockout Lockout, byte[] Here, IReadOnlyList<(byte[] Key, int Limit)> Counted, ProblemHttpResult? Wait)
{
    public Task Succeeded(CancellationToken ct) => Lockout.Succeeded(Here, Counted, ct);

    /// <summary>It was right as far as it went, such as a password without the one-time code that must come with it.</summary>
    public Task TakeBack(CancellationToken ct) => Lockout.TakeBack(Counted, ct);
}
