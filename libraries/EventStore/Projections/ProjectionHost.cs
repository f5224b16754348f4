using JasperFx.Events.Daemon;
using Marten;
using Marten.Events.Daemon.Coordination;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.EventStore;

/// <summary>
/// Runs Marten's daemon on one replica at a time: whoever holds a session lock in the database. Marten's own HotCold mode
/// does this too, by a package that the registry lacks (docs/adr/0003).
/// </summary>
public sealed class ProjectionHost(
    [FromKeyedServices(DaemonStore.Key)] IDocumentStore store, ConnectionOptions connection, Wakeup wakeup, TimeProvider clock, ILoggerFactory logs) : BackgroundService
{
    /// <summary>The key of the session lock whose holder runs the daemon.</summary>
    public const long Lock = 7_350_002;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private const int BeatsToStandBack = 5; // of which another replica needs one to take the lock
    private readonly ILogger _log = logs.CreateLogger<ProjectionHost>();
    private volatile ProjectionCoordinator? _leading;

    /// <summary>The running daemon, or null while another replica runs it.</summary>
    public IProjectionDaemon? Daemon => _leading?.DaemonForMainDatabase();

    /// <summary>Why this replica leaves the projections to others: a newer release has stored an event that it does not know.</summary>
    public string? StandsBack { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Beat, clock);

        do
        {
            try
            {
                await Lead(beat, stoppingToken);

                for (var i = 0; i < BeatsToStandBack; i++)
                {
                    await beat.WaitForNextTickAsync(stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException or TimeoutException || e.IsDatabaseAway())
            {
                _log.LogWarning("Projections wait for the database: {Reason}", e.Message);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                _log.LogError(e, "The projections ended, and begin again");
            }
        }
        while (await beat.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Lead(PeriodicTimer beat, CancellationToken ct)
    {
        await using var session = new NpgsqlConnection(connection.Unpooled);
        await session.OpenAsync(ct);

        while (!await TryLock(session, ct))
        {
            await beat.WaitForNextTickAsync(ct);
        }

        StandsBack = null;
        var coordinator = new ProjectionCoordinator(store, logs.CreateLogger<ProjectionCoordinator>());
        _leading = coordinator;
        wakeup.Leads = true;
        _log.LogInformation("This replica runs the projections");

        try
        {
            await coordinator.StartAsync(ct);

            while (await beat.WaitForNextTickAsync(ct))
            {
                await using var alive = new NpgsqlCommand("select 1", session) { CommandTimeout = 5 };
                await alive.ExecuteNonQueryAsync(ct);

                if (await Unreadable(coordinator.DaemonForMainDatabase()) is { } unreadable)
                {
                    StandsBack = unreadable;
                    _log.LogWarning("This replica leaves the projections to a newer release: {Reason}", unreadable);

                    return;
                }
            }
        }
        finally
        {
            _leading = null;
            wakeup.Leads = false;
            await coordinator.StopAsync(CancellationToken.None);
            await coordinator.DisposeAsync();
        }
    }

    private static async Task<string?> Unreadable(IProjectionDaemon daemon)
    {
        foreach (var agent in daemon.CurrentAgents())
        {
            switch (agent.Failure?.Category)
            {
                case ShardFailureCategory.UnknownEventType:
                    return $"{agent.Name.Identity} stands before sequence {agent.Failure.Event?.Sequence}. {agent.Failure.Message}";

                // Another moved its progress: a leader that did not know it was none any more, or a rebuild. Left alone it
                // would stay stopped; taken away, it is begun again where it now stands.
                case ShardFailureCategory.ProgressionOutOfOrder:
                    await daemon.StopAgentAsync(agent.Name);
                    break;
            }
        }

        return null;
    }

    private static async Task<bool> TryLock(NpgsqlConnection session, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({Lock})", session);

        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}

/// <summary>Degraded while a shard is paused: which one, why, and at which event.</summary>
internal sealed class ProjectionHealth(ProjectionHost host) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (host.Daemon is not { } daemon)
        {
            return Task.FromResult(host.StandsBack is { } reason
                ? HealthCheckResult.Degraded($"Left to a newer release: {reason}")
                : HealthCheckResult.Healthy("Another replica runs the projections."));
        }

        var mark = daemon.HighWaterMark();
        var agents = daemon.CurrentAgents();
        var data = agents.ToDictionary(
            agent => agent.Name.Identity,
            agent => (object)new
            {
                status = agent.Status.ToString(),
                position = agent.Position,
                behind = Math.Max(0, mark - agent.Position),
                failure = agent.Failure is null ? null : new
                {
                    agent.Failure.Message,
                    sequence = agent.Failure.Event?.Sequence,
                    eventId = agent.Failure.Event?.EventId
                }
            });
        var paused = agents.Where(agent => agent.Failure is not null).Select(agent => agent.Name.Identity).ToList();

        return Task.FromResult(paused.Count == 0
            ? HealthCheckResult.Healthy(data: data)
            : HealthCheckResult.Degraded($"Paused: {string.Join(", ", paused)}", data: data));
    }
}

internal sealed class DatabaseHealth(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            await command.ExecuteNonQueryAsync(cancellationToken);

            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.");
        }
    }
}
