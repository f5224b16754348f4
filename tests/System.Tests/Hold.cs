using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>A process whose connection to the database waits.</summary>
internal sealed record Waiter(int Backend, string Application);

/// <summary>Stops others in the midst of their work: a lock on what they are about to write, until it is released.</summary>
internal sealed class Hold(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
{
    public static async Task<Hold> On(NpgsqlConnection connection, string locking)
    {
        var transaction = await connection.BeginTransactionAsync();
        await Execute(connection, locking);

        return new(connection, transaction);
    }

    /// <summary>Who waits for this lock.</summary>
    public async Task<IReadOnlyList<Waiter>> Waiters()
    {
        await using var select = new NpgsqlCommand(
            "select pid, application_name from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))", connection);
        await using var rows = await select.ExecuteReaderAsync();
        var waiters = new List<Waiter>();

        while (await rows.ReadAsync())
            waiters.Add(new(rows.GetInt32(0), rows.GetString(1)));

        return waiters;
    }

    /// <summary>What a killed process left waiting on the server must not be done after its death.</summary>
    public Task Abandon(Waiter waiter) => Execute(connection, $"select pg_terminate_backend({waiter.Backend})");

    public Task Release() => transaction.DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    internal static async Task Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>
/// Transactions become durable and then wait, before their clients hear of it, as they do for a synchronous standby: the
/// moment between the commit and what follows it lasts until the release.
/// </summary>
internal sealed class HeldCommits(CommunitySystem system) : IAsyncDisposable
{
    private Task _probe = Task.CompletedTask;

    public static async Task<HeldCommits> Begin(CommunitySystem system)
    {
        var held = new HeldCommits(system);
        await using var connection = await system.Database("postgres");
        await Hold.Execute(connection, "alter system set synchronous_standby_names = 'nobody'");
        await Hold.Execute(connection, "select pg_reload_conf()");

        try
        {
            // Commits until one waits: from then on all do.
            await Eventually.True(
                async () =>
                {
                    if (held._probe.IsCompleted)
                        held._probe = Commit(system);

                    return await held.Waiting("postgres") > 0;
                }, "commits to wait");
        }
        catch
        {
            await held.DisposeAsync(); // or nothing would ever be committed again
            throw;
        }

        return held;
    }

    /// <summary>How many transactions in a database are durable and have not been told so.</summary>
    public async Task<int> Waiting(string database)
    {
        await using var connection = await system.Database("postgres");
        await using var select = new NpgsqlCommand(
            "select count(*)::int from pg_stat_activity where datname = $1 and wait_event = 'SyncRep'", connection)
        { Parameters = { new() { Value = database } } };

        return (int)(await select.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await using var connection = await system.Database("postgres");
        await Hold.Execute(connection, "alter system reset synchronous_standby_names");
        await Hold.Execute(connection, "select pg_reload_conf()");
        await _probe;
    }

    private static async Task Commit(CommunitySystem system)
    {
        await using var connection = await system.Database("postgres");
        await Hold.Execute(connection, "create table if not exists probe (at timestamptz); insert into probe values (now())");
    }
}
