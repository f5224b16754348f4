using System.Net.Sockets;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.EventStore;

/// <summary>From <see cref="Waiting"/> and <see cref="Running"/> it ends as one of the others.</summary>
public enum RebuildStatus
{
    Waiting,
    Running,
    Finished,
    Failed,
    Cancelled
}

internal static class RebuildRegistration
{
    public static void AddRebuilds(this IServiceCollection services)
    {
        services.AddSingleton<IStorePart, RebuildTable>();
        services.AddHostedService<Rebuilds>();
    }
}

/// <summary>
/// Asked for on any replica, done by the one that runs the projections, kept for ever: who had what rebuilt, when, and what
/// came of it. No events: a rebuild would read them, and says nothing of the domain.
/// </summary>
internal sealed class RebuildTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("projection_rebuilds");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("projection", "text").NotNull();
        table.AddColumn("status", "text").NotNull();
        table.AddColumn("requested_at", "timestamptz").NotNull();
        table.AddColumn("requested_by", "text");
        table.AddColumn<int>("attempts").NotNull().DefaultValue(0);
        table.AddColumn("started_at", "timestamptz");
        table.AddColumn("ended_at", "timestamptz");
        table.AddColumn<long>("position").NotNull().DefaultValue(0); // of the log, once ended
        table.AddColumn("failure", "text");
        table.Indexes.Add(new IndexDefinition("projection_rebuilds_open") { Columns = ["projection"], IsUnique = true, Predicate = "(ended_at IS NULL)" });
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

/// <summary>A rebuild as asked for, by an operator or by the service itself.</summary>
public static class RebuildRequest
{
    /// <summary>Of the schema in which a read model is built anew, and of its shard.</summary>
    public const string SchemaPrefix = "rebuild_";

    /// <summary>False where the projection is being rebuilt already.</summary>
    /// <param name="by">Who asks; null: the service itself.</param>
    public static async Task<bool> Ask(NpgsqlDataSource database, Guid id, string projection, string? by, DateTimeOffset at, CancellationToken ct)
    {
        await using var insert = database.CreateCommand(
            """
            insert into projection_rebuilds (id, projection, status, requested_at, requested_by) values ($1, $2, 'waiting', $3, $4)
            on conflict do nothing
            """);
        insert.Parameters.Add(new() { Value = id });
        insert.Parameters.Add(new() { Value = projection });
        insert.Parameters.Add(new() { Value = at });
        insert.Parameters.Add(new() { Value = (object?)by ?? DBNull.Value });

        return await insert.ExecuteNonQueryAsync(ct) == 1;
    }
}

/// <summary>
/// Builds a read model beside the serving one and swaps them, on the replica that runs the projections. Killed in the
/// middle, it begins again: the schema of the attempt before is dropped, and the serving one has served all the while.
/// </summary>
internal sealed class Rebuilds(
    ProjectionHost host, IDocumentStore store, StoreConfiguration configuration, ConnectionOptions connection, TimeProvider clock,
    ILogger<Rebuilds> log) : BackgroundService
{
    private const long Lock = 7_350_003;
    private const int Attempts = 5;

    // Fewer events than this are left to catch up on while the serving shard is held: some tenths of a second.
    private const int Near = 500;

    // Shorter than PostgreSQL's deadlock_timeout: where a reader and the swap wait for each other, the swap gives way.
    private const string LockTimeout = "500ms";
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static string SchemaOf(Guid id, int attempt) => $"{RebuildRequest.SchemaPrefix}{id:N}_{attempt}";

    /// <summary>The shard under which an attempt keeps its progress.</summary>
    public static string ShardOf(Guid id, int attempt) => $"{SchemaOf(id, attempt)}:All";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Beat, clock);

        try
        {
            while (await beat.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    if (host.Daemon is not null)
                    {
                        await Lead(beat, stoppingToken);
                    }
                }
                catch (Exception e) when (IsAway(e))
                {
                    log.LogWarning("Rebuilds wait for the database: {Reason}", e.Message);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    log.LogError(e, "Rebuilds ended, and begin again");
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops. The next leader begins the rebuild again.
        }
    }

    private async Task Lead(PeriodicTimer beat, CancellationToken ct)
    {
        await using var session = new NpgsqlConnection(connection.Unpooled);
        await session.OpenAsync(ct);

        // A leader that was cut off may still be at work for a moment; its swap is under this lock too.
        if (!await session.Scalar<bool>($"select pg_try_advisory_lock({Lock})", ct))
        {
            return;
        }

        await DropSchemas(session, ct);

        while (host.Daemon is { } daemon)
        {
            if (await Next(session, ct) is not { } rebuild)
            {
                await beat.WaitForNextTickAsync(ct);
            }
            else if (rebuild.Attempt > Attempts)
            {
                await End(session, rebuild, RebuildStatus.Failed, $"It was cut off {Attempts} times.", ct);
            }
            else
            {
                await Run(session, rebuild, daemon, ct);
                await DropSchemas(session, ct);
            }
        }
    }

    private async Task Run(NpgsqlConnection session, Rebuild rebuild, IProjectionDaemon daemon, CancellationToken ct)
    {
        log.LogInformation("Rebuild {Id} of {Projection} begins, attempt {Attempt}", rebuild.Id, rebuild.Projection, rebuild.Attempt);

        try
        {
            var serving = Serving(rebuild.Projection);
            await using var beside = SideBySideStore.Of(configuration, connection, rebuild.Projection, SchemaOf(rebuild.Id, rebuild.Attempt));
            await beside.Start(log, ct);
            var target = await session.Scalar<long>(HighWaterMark, ct);
            var analyzed = false;

            while (host.Daemon == daemon && await IsRunning(session, rebuild, ct))
            {
                if (beside.Failure is { } failure)
                {
                    await End(session, rebuild, RebuildStatus.Failed,
                        failure.Event is { } at ? $"{failure.Message} (sequence {at.Sequence}, event {at.EventId})" : failure.Message, ct);

                    return;
                }

                var ahead = Math.Max(target, await Progress(session, serving, ct));

                if (await Progress(session, beside.Shard, ct) >= ahead - Near)
                {
                    if (!analyzed)
                    {
                        await beside.Analyze(ct);
                        analyzed = true;
                    }

                    if (await Swap(session, rebuild, beside, daemon, serving, target, ct))
                    {
                        log.LogInformation("Rebuild {Id} of {Projection} serves", rebuild.Id, rebuild.Projection);

                        return;
                    }
                }

                await Task.Delay(Look, clock, ct);
            }
        }
        catch (Exception e) when (!IsAway(e) && e is not OperationCanceledException)
        {
            log.LogError(e, "Rebuild {Id} of {Projection} failed", rebuild.Id, rebuild.Projection);
            await End(session, rebuild, RebuildStatus.Failed, e.Message, ct);
        }
    }

    // False: somebody reads for long, or has written meanwhile; to be tried again, with the serving shard going on until then.
    private async Task<bool> Swap(
        NpgsqlConnection session, Rebuild rebuild, SideBySideStore beside, IProjectionDaemon daemon, ShardName serving, long target, CancellationToken ct)
    {
        var swapped = false;
        await daemon.StopAgentAsync(serving);

        try
        {
            var held = await Progress(session, serving, ct);
            long position;

            for (var looks = 0; (position = await Progress(session, beside.Shard, ct)) < Math.Max(held, target); looks++)
            {
                if (looks == 50 || beside.Failure is not null)
                {
                    return false;
                }

                await Task.Delay(Look / 5, clock, ct);
            }

            await beside.Hold();
            position = await Progress(session, beside.Shard, ct);
            await using var transaction = await session.BeginTransactionAsync(ct);

            try
            {
                await session.Execute($"set local lock_timeout = '{LockTimeout}'; {beside.LockStatement}", ct);

                swapped = await Progress(session, serving, ct, " for update") == held
                    && await End(session, rebuild, RebuildStatus.Finished, null, ct, position);

                if (swapped)
                {
                    await session.Execute(
                        """
                        insert into mt_event_progression (name, last_seq_id, last_updated) select $1, $2, now() where $2 > 0
                        on conflict (name) do update set last_seq_id = $2, last_updated = now()
                        """, ct, serving.Identity, position);
                    await session.Execute($"{beside.SwapStatements} delete from mt_event_progression where name = '{beside.Shard.Identity}'", ct);
                    await transaction.CommitAsync(ct);
                }
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                swapped = false;
                log.LogInformation("The swap of {Projection} waits for readers", rebuild.Projection);
            }

            if (!swapped)
            {
                await transaction.RollbackAsync(ct);
                await beside.Resume(ct);
            }

            return swapped;
        }
        finally
        {
            // Where the daemon has ended meanwhile, its successor begins the shard by itself.
            if (host.Daemon == daemon)
            {
                await daemon.StartAgentAsync(serving, CancellationToken.None);
            }
        }
    }

    private const string HighWaterMark = "select coalesce((select last_seq_id from mt_event_progression where name = 'HighWaterMark'), 0)";

    private ShardName Serving(string projection) =>
        ((DocumentStore)store).Options.FindProjection(projection)?.Shards() is [var shard]
            ? shard.Name : throw new NotRebuildableException("It is not there any more.");

    private static async Task<long> Progress(NpgsqlConnection session, ShardName shard, CancellationToken ct, string how = "") =>
        await session.Scalar<long?>($"select last_seq_id from mt_event_progression where name = $1{how}", ct, shard.Identity) ?? 0;

    private static Task<bool> IsRunning(NpgsqlConnection session, Rebuild rebuild, CancellationToken ct) =>
        session.Scalar<bool>("select ended_at is null from projection_rebuilds where id = $1", ct, rebuild.Id);

    // False where it has ended already: cancelled at the last moment.
    private async Task<bool> End(
        NpgsqlConnection session, Rebuild rebuild, RebuildStatus status, string? failure, CancellationToken ct, long? position = null) =>
        await session.Execute(
            """
            update projection_rebuilds set status = $2, failure = $3, ended_at = $4,
                position = coalesce($5, (select last_seq_id from mt_event_progression where name = $6), 0)
            where id = $1 and ended_at is null
            """, ct, rebuild.Id, Name(status), failure, clock.GetUtcNow(), position, ShardOf(rebuild.Id, rebuild.Attempt)) == 1;

    private async Task<Rebuild?> Next(NpgsqlConnection session, CancellationToken ct)
    {
        await using var begin = session.Command(
            """
            update projection_rebuilds set status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, $1)
            where id = (select id from projection_rebuilds where ended_at is null order by requested_at, id limit 1)
            returning id, projection, attempts
            """, clock.GetUtcNow());
        await using var row = await begin.ExecuteReaderAsync(ct);

        return await row.ReadAsync(ct) ? new Rebuild(row.GetGuid(0), row.GetString(1), row.GetInt32(2)) : null;
    }

    // Under the lock nothing in them is alive.
    private static Task<int> DropSchemas(NpgsqlConnection session, CancellationToken ct) => session.Execute(
        $"""
        do $$ declare name text;
        begin
            for name in select nspname from pg_namespace where starts_with(nspname, '{RebuildRequest.SchemaPrefix}') loop
                execute format('drop schema %I cascade', name);
            end loop;
            delete from mt_event_progression where starts_with(mt_event_progression.name, '{RebuildRequest.SchemaPrefix}');
        end $$
        """, ct);

    internal static string Name(RebuildStatus status) => status.ToString().ToLowerInvariant();

    private static bool IsAway(Exception e) =>
        e is SocketException or TimeoutException || e is NpgsqlException { IsTransient: true }
        || (e is NpgsqlException and not PostgresException) || (e.InnerException is { } inner && IsAway(inner));

    private sealed record Rebuild(Guid Id, string Projection, int Attempt);
}

internal static class Sql
{
    public static NpgsqlCommand Command(this NpgsqlConnection session, string sql, params object?[] values)
    {
        var command = new NpgsqlCommand(sql, session) { CommandTimeout = 0 };

        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }

    public static async Task<int> Execute(this NpgsqlConnection session, string sql, CancellationToken ct, params object?[] values)
    {
        await using var command = session.Command(sql, values);

        return await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task<T?> Scalar<T>(this NpgsqlConnection session, string sql, CancellationToken ct, params object?[] values)
    {
        await using var command = session.Command(sql, values);

        return await command.ExecuteScalarAsync(ct) is T value ? value : default;
    }
}
