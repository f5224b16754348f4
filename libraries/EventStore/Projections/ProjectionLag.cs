using System.Diagnostics.Metrics;
using Marten;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.EventStore;

/// <summary>How far a subscription or an async projection is behind the log.</summary>
/// <param name="Shard">Its name in the log's progress table, such as <c>relay:All</c>.</param>
/// <param name="Status"><c>running</c>, <c>paused</c> or <c>stopped</c>, whichever replica runs it; <c>unknown</c> where it never ran.</param>
/// <param name="Position">The sequence of the last event that it has done.</param>
/// <param name="Events">Sequence numbers from there to the last event of the log.</param>
/// <param name="Seconds">Age of the oldest event after its position, by when it was recorded; zero where there is none.</param>
/// <param name="Failure">What it paused at.</param>
public sealed record ShardLag(string Shard, string Status, long Position, long Events, double Seconds, ShardFault? Failure);

/// <param name="Sequence">Of the event that it cannot do, where it is one event's fault.</param>
public sealed record ShardFault(string Message, long? Sequence, Guid? EventId);

/// <summary>
/// The lag of each shard: read on demand, and every <c>Lag:Seconds</c> (5) by the replica that runs the projections, for
/// its gauges. (A gauge is asked synchronously, and the answer is in the database.)
/// </summary>
public sealed class ProjectionLag : BackgroundService
{
    private readonly ProjectionHost _host;
    private readonly IDocumentStore _store;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly TimeSpan _interval;
    private readonly ObservableGauge<long> _events;
    private volatile IReadOnlyList<ShardLag> _last = [];

    public ProjectionLag(
        ProjectionHost host, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, IConfiguration configuration,
        IMeterFactory meters, ILogger<ProjectionLag> log)
    {
        (_host, _store, _database, _clock, _log) = (host, store, database, clock, log);
        _interval = Interval(configuration);
        var meter = meters.Create("Community.EventStore");
        _events = meter.CreateObservableGauge(
            "community.projection.lag.events", () => Measure(shard => shard.Events), "{event}", "Events between the last one done and the last one stored.");
        meter.CreateObservableGauge(
            "community.projection.lag.seconds", () => Measure(shard => shard.Seconds), "s", "Age of the oldest event that is not done; zero when caught up.");
        meter.CreateObservableGauge(
            "community.projection.paused", () => Measure(shard => shard.Status is "paused" or "stopped" ? 1 : 0), "{shard}", "1 while the shard is paused or stopped.");
    }

    /// <summary>How often lag is read for the gauges.</summary>
    public static TimeSpan Interval(IConfiguration configuration) => TimeSpan.FromSeconds(configuration.GetValue("Lag:Seconds", 5.0));

    /// <summary>All shards of the service, from any replica.</summary>
    public async Task<IReadOnlyList<ShardLag>> Read(CancellationToken ct)
    {
        // Who runs them knows best; the others read what Marten wrote beside the progress, once there is some.
        var agents = _host.Daemon?.CurrentAgents().ToDictionary(agent => agent.Name.Identity) ?? [];
        // What was stored without an instant (-infinity: most likely the tombstone of a lost sequence number) has no age.
        await using var select = _database.CreateCommand(
            """
            select shard.name, coalesce(progress.last_seq_id, 0) as position,
                greatest(0, (select coalesce(max(seq_id), 0) from mt_events) - coalesce(progress.last_seq_id, 0)) as events,
                coalesce(extract(epoch from $2 - coalesce((next.headers->>'recorded-at')::timestamptz, nullif(next.timestamp, '-infinity'))), 0)::float8 as seconds,
                coalesce(progress.agent_status, 'unknown'), progress.pause_reason, progress.failure_event_sequence,
                (select id from mt_events where seq_id = progress.failure_event_sequence)
            from unnest($1) as shard(name)
            left join mt_event_progression progress on progress.name = shard.name
            left join lateral (
                select headers, timestamp from mt_events where seq_id > coalesce(progress.last_seq_id, 0) order by seq_id limit 1) next on true
            order by shard.name
            """);
        select.Parameters.Add(new() { Value = ((DocumentStore)_store).Options.Projections.AllShards().Select(shard => shard.Name.Identity).ToArray() });
        select.Parameters.Add(new() { Value = _clock.GetUtcNow() });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var shards = new List<ShardLag>();

        while (await rows.ReadAsync(ct))
        {
            var name = rows.GetString(0);
            var agent = agents.GetValueOrDefault(name);
            var failure = agent is not null
                ? agent.Failure is { } fault ? new ShardFault(fault.Message, fault.Event?.Sequence, fault.Event?.EventId) : null
                : rows.IsDBNull(5) ? null
                : new ShardFault(rows.GetString(5).Split('\n')[0], rows.IsDBNull(6) ? null : rows.GetInt64(6), rows.IsDBNull(7) ? null : rows.GetGuid(7));
            shards.Add(new ShardLag(
                name, (agent?.Status.ToString() ?? rows.GetString(4)).ToLowerInvariant(), rows.GetInt64(1), rows.GetInt64(2), Math.Max(0, rows.GetDouble(3)), failure));
        }

        return shards;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(_interval, _clock);

        while (await beat.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                _last = _events.Enabled && _host.Daemon is not null ? await Read(stoppingToken) : [];
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                _last = []; // no figure rather than an old one
                _log.Log(e.IsDatabaseAway() ? LogLevel.Debug : LogLevel.Error, e, "The lag of projections is not known");
            }
        }
    }

    private IEnumerable<Measurement<T>> Measure<T>(Func<ShardLag, T> figure) where T : struct =>
        _last.Select(shard => new Measurement<T>(figure(shard), new KeyValuePair<string, object?>("community.shard", shard.Shard)));
}
