using Community.EventStore;
using Community.Sample;
using Community.Testing;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Community.EventStore.Tests;

public sealed class Said
{
    public Guid Id { get; set; }

    public int Value { get; set; }
}

public sealed class SaidTwice
{
    public Guid Id { get; set; }

    public int Value { get; set; }
}

public sealed partial class SaidProjection : EventProjection
{
    public static Said Create(IEvent<NumberSaid> e) => new() { Id = e.Id, Value = e.Data.Value };
}

/// <summary>Fails at one number until it is mended.</summary>
public sealed partial class FailingProjection(FailingProjection.Fault fault) : EventProjection
{
    public sealed class Fault
    {
        public int At { get; set; } = -1;
    }

    public SaidTwice Create(IEvent<NumberSaid> e) => e.Data.Value == fault.At
        ? throw new InvalidOperationException("This projection cannot take this number.")
        : new SaidTwice { Id = e.Id, Value = e.Data.Value };
}

public sealed class Projections
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failing_projection_pauses_alone_visibly_and_skips_nothing()
    {
        var fault = new FailingProjection.Fault { At = 50 };
        await using var host = await Store.Start(configure: options =>
        {
            options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async);
            options.Projections.Add(new FailingProjection(fault), ProjectionLifecycle.Async);
        });
        await Say(host, 100);
        await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 100, "the sound projection to be done");

        var health = host.Services.GetRequiredService<HealthCheckService>();
        var report = await Eventually.Value(
            () => health.CheckHealthAsync(Ct), r => r.Entries["projections"].Status == HealthStatus.Degraded, "the pause to be seen");
        Assert.Contains("Failing", report.Entries["projections"].Description);
        var told = System.Text.Json.JsonSerializer.Serialize(report.Entries["projections"].Data);
        Assert.Contains("\"sequence\":50", told);
        Assert.Contains("eventId", told);
        Assert.DoesNotContain(50, await Values<SaidTwice>(host, s => s.Value));

        var lag = await host.Services.GetRequiredService<ProjectionLag>().Read(Ct);
        var paused = Assert.Single(lag, shard => shard.Status == "paused");
        Assert.Equal(50, paused.Failure?.Sequence);
        Assert.True(paused is { Events: > 50, Seconds: > 0 }, paused.ToString());
        Assert.Single(lag, shard => shard is { Status: "running", Events: 0, Seconds: 0, Position: 100, Failure: null });

        fault.At = -1;
        var values = await Eventually.Value(
            () => Values<SaidTwice>(host, s => s.Value), v => v.Count == 100, "the mended projection to go on where it stopped");
        Assert.Equal(Enumerable.Range(1, 100), values.Order());
        await Eventually.True(
            async () => (await health.CheckHealthAsync(Ct)).Entries["projections"].Status == HealthStatus.Healthy, "health to be well again");
    }

    [Fact]
    public async Task A_late_committer_is_waited_for()
    {
        var database = await Servers.CreateDatabase("late");
        await using var host = await Store.Start(database, options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async));

        // Takes a sequence number, and commits only after later ones have been committed.
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await Insert(connection, 999);
        await Say(host, 20);

        // Past the three seconds after which a dead gap is passed over: this one is alive, and its number is not yet to be seen.
        var since = TimeProvider.System.GetTimestamp();
        await Eventually.True(
            async () => (await Values<Said>(host, s => s.Value)).Count == 0
                ? TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(5)
                : throw new SpecFailedException("The daemon has passed over a transaction that was still alive."), "five seconds to pass");
        await transaction.CommitAsync(Ct);

        var values = await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 21, "all numbers, the late one too");
        Assert.Contains(999, values);
    }

    [Fact]
    public async Task A_dead_gap_is_passed_over_and_a_live_one_waited_for_also_where_both_are_there_at_once()
    {
        var database = await Servers.CreateDatabase("gaps");
        await using var host = await Store.Start(database, options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async));
        await Say(host, 5);

        // Somebody who has looked around for long: since before the last moment at which no number was out.
        await using var visitor = new Npgsql.NpgsqlConnection(database);
        await visitor.OpenAsync(Ct);
        await using var visit = await visitor.BeginTransactionAsync(Ct);
        await using var look = new Npgsql.NpgsqlCommand("select now() from mt_events limit 1", visitor);
        var begun = await look.ExecuteScalarAsync(Ct);
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var noted = new Npgsql.NpgsqlCommand(
            "select exists (select from mt_event_progression where name = 'HighWaterAllocationFence' and last_updated > $1)", connection);
        noted.Parameters.Add(new() { Value = begun });
        await Eventually.True(async () => (bool)(await noted.ExecuteScalarAsync(Ct))!, "the daemon to have looked since");

        await Die(connection);
        await Say(host, 5);
        await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 10, "the dead gap to be passed over");

        await using var writer = new Npgsql.NpgsqlConnection(database);
        await writer.OpenAsync(Ct);
        await using var transaction = await writer.BeginTransactionAsync(Ct);
        await Die(connection);
        await Insert(writer, 999);
        await Die(connection);
        await Say(host, 5);
        var since = TimeProvider.System.GetTimestamp();
        await Eventually.True(
            async () => (await Values<Said>(host, s => s.Value)).Count == 10
                ? TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(5)
                : throw new SpecFailedException("The daemon has passed over a transaction that was still alive."), "five seconds to pass");
        await transaction.CommitAsync(Ct);

        var values = await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 16, "all numbers, the late one too");
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 999], values.Order());
    }

    // Takes a number and is never heard of again.
    private static async Task Die(Npgsql.NpgsqlConnection connection)
    {
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await Insert(connection, -1);
        await transaction.RollbackAsync(Ct);
    }

    private static async Task Insert(Npgsql.NpgsqlConnection connection, int value)
    {
        await using var insert = new Npgsql.NpgsqlCommand(
            """
            insert into mt_streams (id, version, timestamp, tenant_id, is_archived) values (@s, 1, now(), '*DEFAULT*', false);
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type)
            values (nextval('mt_events_sequence'), @e, @s, 1, jsonb_build_object('value', @v, 'at', '2026-01-01T12:00:00Z'), 'number-said.v1', now(), '*DEFAULT*', 'number-said.v1');
            """, connection);
        insert.Parameters.AddWithValue("s", Store.NewStream());
        insert.Parameters.AddWithValue("e", Store.NewStream());
        insert.Parameters.AddWithValue("v", value);
        await insert.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task A_projection_rebuilt_from_zero_is_the_same()
    {
        await using var host = await Store.Start(configure: options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async));
        await Say(host, 300);
        var before = await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 300, "the projection to be done");
        using var daemon = await host.Documents().BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync<SaidProjection>(Ct);
        Assert.Equal(before.Order(), (await Values<Said>(host, s => s.Value)).Order());
    }

    [LongFact]
    public async Task One_replica_runs_the_daemon_and_the_other_takes_over()
    {
        var database = await Servers.CreateDatabase("leaders");
        void Configure(StoreOptions options) => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async);
        var first = await Store.Start(database, Configure);
        await using var second = await Store.Start(database, Configure);
        await Eventually.True(() => Task.FromResult(Leads(first) ^ Leads(second)), "one of the two to lead");
        await Say(first, 10);
        await Eventually.Value(() => Values<Said>(second, s => s.Value), v => v.Count == 10, "10 numbers");

        await first.StopAsync(Ct);
        await first.DisposeAsync();
        await Say(second, 10);
        await Eventually.Value(() => Values<Said>(second, s => s.Value), v => v.Count == 20, "20 numbers, by whoever is left");
        Assert.True(Leads(second));
    }

    [Fact]
    public async Task An_append_on_any_replica_wakes_the_daemon_long_before_it_polls()
    {
        var database = await Servers.CreateDatabase("woken");
        void Configure(StoreOptions options)
        {
            options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async);
            options.Projections.FastPollingTime = options.Projections.SlowPollingTime = TimeSpan.FromMinutes(10);
            options.Projections.HighWaterStalenessThreshold = TimeSpan.FromMinutes(30);
        }

        await using var first = await Store.Start(database, Configure);
        await using var second = await Store.Start(database, Configure);
        await Eventually.True(() => Task.FromResult(Leads(first) ^ Leads(second)), "one of the two to lead");
        var (leading, other) = Leads(first) ? (first, second) : (second, first);

        foreach (var replica in new[] { leading, other, leading, other })
        {
            var before = await Values<Said>(other, s => s.Value);

            // Said again and again: the first may come before the daemon listens.
            await Eventually.True(
                async () =>
                {
                    await Say(replica, 1);

                    return (await Values<Said>(other, s => s.Value)).Count > before.Count;
                }, "the daemon to be woken");
        }
    }

    [Fact]
    public async Task A_daemon_whose_first_look_at_the_log_fails_looks_again()
    {
        var database = await Servers.CreateDatabase("first-look");
        await using var host = await Store.Start(database, options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async));
        await Say(host, 10);
        await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 10, "10 numbers");
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Ct);

        // The leader's session ends, as in a crash of the server; and where it leads again, it cannot look, as long as a server
        // that has just come back may take.
        await Run("alter table mt_event_progression rename to away");
        var first = await Leader();
        await Run($"select pg_terminate_backend({first})");
        await Eventually.Value(Leader, leader => leader is not null && leader != first, "the leader to lead again");
        var since = TimeProvider.System.GetTimestamp();
        await Eventually.True(
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(3)), "its first looks to have failed");
        await Run("alter table away rename to mt_event_progression");

        await Say(host, 10);
        await Eventually.Value(() => Values<Said>(host, s => s.Value), v => v.Count == 20, "the numbers that were said since");

        async Task Run(string statement)
        {
            await using var command = new Npgsql.NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(Ct);
        }

        async Task<int?> Leader()
        {
            await using var select = new Npgsql.NpgsqlCommand(
                $"""
                select pid from pg_locks where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = {ProjectionHost.Lock}
                    and database = (select oid from pg_database where datname = current_database())
                """, connection);

            return (int?)await select.ExecuteScalarAsync(Ct);
        }
    }

    private static bool Leads(WebApplication host) => host.Services.GetRequiredService<ProjectionHost>().Daemon is not null;

    private static async Task Say(WebApplication host, int count)
    {
        var stream = Store.NewStream();
        await host.Documents().HandleBatch(
            Speaker.Decider, [.. Enumerable.Range(1, count).Select(n => (stream, (SpeakerCommand)new Say(n, Store.Noon), new CommandOptions()))], Ct);
    }

    private static async Task<IReadOnlyList<int>> Values<T>(WebApplication host, Func<T, int> value) where T : notnull
    {
        await using var session = host.Documents().QuerySession();

        return [.. (await session.Query<T>().ToListAsync(Ct)).Select(value)];
    }
}
