using System.Collections.Concurrent;
using Community.EventStore;
using JasperFx.Events;
using Marten;
using Marten.Events.Archiving;
using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.Messaging;

/// <summary>Asks the named service to send the past of these contracts to a queue; said again until it is answered.</summary>
public sealed record ReplayRequested(Guid RequestId, string Service, string Queue, string[] Contracts);

/// <summary>All that was in the log when the request came has been sent.</summary>
public sealed record ReplayCompleted(Guid RequestId, string Service);

internal static class Replay
{
    public static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    /// <summary>For the broker's confirms: one that a lost connection took along may never come (docs/adr/0021).</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
}

/// <summary>The publisher's side: reads its own log from the beginning to where it stands now.</summary>
internal sealed class AnswerReplayRequests(
    Publisher publisher, IDocumentStore store, IBus bus, NpgsqlDataSource database, ConnectionOptions connection, TimeProvider clock,
    ILogger<AnswerReplayRequests> log) : IConsumer<ReplayRequested>
{
    private const int PageSize = 500;
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(1);

    public async Task Consume(ConsumeContext<ReplayRequested> context)
    {
        var (request, ct) = (context.Message, context.CancellationToken);

        if (request.Service != publisher.Service)
        {
            return;
        }

        // Asked again, the answer is under way, here or on another replica, or was given and is still being consumed. A
        // replica that dies amid it gives its lock up, and its own message comes again.
        await using var session = new NpgsqlConnection(connection.Unpooled);
        await session.OpenAsync(ct);

        if (!await IsOurs(request.RequestId, session, ct))
        {
            return;
        }

        var queue = await bus.GetSendEndpoint(new Uri($"exchange:{request.Queue}"));
        var sent = await Send(request, queue, ct);
        await queue.Send(new ReplayCompleted(request.RequestId, publisher.Service), ct).WaitAsync(Replay.Patience, ct);
        await Remember(request.RequestId, ct);
        log.LogInformation("Replayed {Count} facts to {Queue}", sent, request.Queue);
    }

    private static async Task<bool> IsOurs(Guid request, NpgsqlConnection session, CancellationToken ct)
    {
        await using var ours = new NpgsqlCommand(
            """
            select case when pg_try_advisory_lock(hashtextextended($1::text, 1))
                then not exists (select from replays_answered where request_id = $1) else false end
            """, session);
        ours.Parameters.Add(new() { Value = request });

        return (bool)(await ours.ExecuteScalarAsync(ct))!;
    }

    private async Task Remember(Guid request, CancellationToken ct)
    {
        await using var insert = database.CreateCommand(
            """
            with gone as (delete from replays_answered where answered_at < $3)
            insert into replays_answered (request_id, answered_at) values ($1, $2) on conflict do nothing
            """);
        var now = clock.GetUtcNow();
        insert.Parameters.Add(new() { Value = request });
        insert.Parameters.Add(new() { Value = now });
        insert.Parameters.Add(new() { Value = now - Remembered });
        await insert.ExecuteNonQueryAsync(ct);
    }

    private async Task<int> Send(ReplayRequested request, ISendEndpoint queue, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var wanted = request.Contracts.ToHashSet();
        var marker = await session.Events.QueryAllRawEvents().Where(e => e.MaybeArchived()).OrderByDescending(e => e.Sequence)
            .Select(e => e.Sequence).FirstOrDefaultAsync(ct);
        var sent = 0;

        for (long after = 0; after < marker;)
        {
            var page = await session.Events.QueryAllRawEvents()
                .Where(e => e.MaybeArchived() && e.Sequence > after && e.Sequence <= marker)
                .OrderBy(e => e.Sequence).Take(PageSize).ToListAsync(ct);
            var confirms = new List<Task>();

            foreach (var e in page)
            {
                foreach (var (contract, message) in publisher.Translate(e).Where(fact => wanted.Contains(fact.Contract.FullName!)))
                {
                    using var activity = Wire.Continue(e, contract, "replay");
                    confirms.Add(queue.Send(message, contract, context => context.Address(publisher, e, contract), ct));
                }
            }

            await Task.WhenAll(confirms).WaitAsync(Replay.Patience, ct);
            sent += confirms.Count;
            after = page.Count < PageSize ? marker : page[^1].Sequence;
        }

        return sent;
    }
}

/// <summary>Live messages wait until the past of their queue has been consumed.</summary>
internal sealed class PastFirst(Consumption consumption) : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        await consumption.CaughtUp.WaitAsync(context.CancellationToken);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("past-first");
}

/// <summary>How many messages of the past are being consumed just now, their retries included.</summary>
internal sealed class UnderWay : IFilter<ConsumeContext>
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        Interlocked.Increment(ref _count);

        try
        {
            await next.Send(context);
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("under-way");
}

/// <summary>
/// The consumer's side. RabbitMQ drops what was published before a queue was bound; so a consumer that starts for the
/// first time binds its queue, asks the publishers for their past, consumes that, and only then what is live.
/// </summary>
internal sealed class CatchUp(
    IReadOnlyList<Consumption> consumptions,
    IBusControl bus,
    IReceiveEndpointConnector connector,
    QueueLag queues,
    Broker broker,
    NpgsqlDataSource database,
    ConnectionOptions connection,
    TimeProvider clock,
    ILogger<CatchUp> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopPatienceWhereAllStops = TimeSpan.FromSeconds(5);
    private volatile bool _busHasStarted;

    /// <summary>Ends before the bus does: one that is stopped while it starts goes on starting, and would hand messages to a container that is gone.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        if (!_busHasStarted)
        {
            await bus.WaitForHealthStatus(BusHealthStatus.Healthy, TimeSpan.FromSeconds(3));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Healthy means that all receive endpoints are up: the live queues are bound.
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, stoppingToken);
        _busHasStarted = true;
        await Task.WhenAll(consumptions.Select(consumption => Run(consumption, stoppingToken)));
    }

    private async Task Run(Consumption consumption, CancellationToken ct)
    {
        using var beat = new PeriodicTimer(TimeSpan.FromSeconds(1)); // of the machine's own time, whatever hour the service's clock shows: it asks others

        while (!await TryRun(consumption, ct))
        {
            await beat.WaitForNextTickAsync(ct);
        }

        consumption.Begin();
    }

    // One replica hears the past; the others wait until it has. A replica that dies gives its lock up.
    private async Task<bool> TryRun(Consumption consumption, CancellationToken ct)
    {
        try
        {
            if (await Missing(consumption, ct) is not { Count: > 0 } missing)
            {
                return true;
            }

            await using var session = new NpgsqlConnection(connection.Unpooled);
            await session.OpenAsync(ct);
            await using var lease = new NpgsqlCommand("select pg_try_advisory_lock(hashtextextended($1, 0))", session);
            lease.Parameters.Add(new() { Value = consumption.Queue });

            if (!(bool)(await lease.ExecuteScalarAsync(ct))!)
            {
                return false;
            }

            await Ask(consumption, missing, ct);
            await Remember(consumption, missing, ct);
            log.LogInformation("{Queue} has consumed the past", consumption.Queue);

            return true;
        }
        catch (Exception e) when (e.IsDatabaseAway())
        {
            log.LogWarning("{Queue} hears the past when the database is back: {Reason}", consumption.Queue, e.Message);

            return false;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // The service goes on without it, and says that it waits for the past (MessagingHealth).
            log.LogError(e, "{Queue} has not heard the past, and asks again", consumption.Queue);

            return false;
        }
    }

    private async Task Ask(Consumption consumption, List<Type> contracts, CancellationToken ct)
    {
        var queue = consumption.Queue + ReplayQueues.Suffix;
        var requests = contracts.GroupBy(Wire.SourceOf).Select(group => new ReplayRequested(
            Guid.CreateVersion7(clock.GetUtcNow()), group.Key, queue, [.. group.Select(c => c.FullName!)])).ToList();
        var open = new ConcurrentDictionary<Guid, ReplayRequested>(requests.ToDictionary(r => r.RequestId));
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var again = new PeriodicTimer(Replay.AskAgain);
        using var look = new PeriodicTimer(Look);

        do
        {
            var underWay = new UnderWay();
            var past = connector.ConnectReceiveEndpoint(queue, (context, endpoint) =>
            {
                endpoint.UseFilter(underWay);
                BusRegistration.Configure(endpoint, queue, BusRegistration.Concurrency, broker.Retries);
                endpoint.ConfigureConsumer(context, consumption.Consumer);
                endpoint.Handler<ReplayCompleted>(completed =>
                {
                    open.TryRemove(completed.Message.RequestId, out _);

                    if (open.IsEmpty)
                    {
                        told.TrySetResult();
                    }

                    return Task.CompletedTask;
                });
            });

            try
            {
                await past.Ready.WaitAsync(ct);

                while (!told.Task.IsCompleted)
                {
                    await Task.WhenAny(Task.WhenAll(open.Values.Select(request => bus.Publish(request, ct))), Task.Delay(Replay.Patience, ct));
                    await Task.WhenAny(told.Task, again.WaitForNextTickAsync(ct).AsTask());
                    ct.ThrowIfCancellationRequested();
                }

                // Several are consumed at a time: the last word may overtake some of those before it.
                while (underWay.Count > 0 || await queues.Waiting(queue, ct) is not 0)
                {
                    await look.WaitForNextTickAsync(ct);
                }
            }
            finally
            {
                // Also where we are told to stop: an endpoint that is given up half-way keeps the bus from stopping.
                await Stop(past, queue, ct);
            }
        }
        while (await queues.Waiting(queue, ct) is not 0); // given back by the endpoint as it stopped; or nobody can tell
    }

    // On a machine that is busy it may take long, which is no reason for the service to end.
    private async Task Stop(HostReceiveEndpointHandle past, string queue, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(StopPatience);
        await using var hurry = ct.Register(() => patience.CancelAfter(StopPatienceWhereAllStops));

        try
        {
            await past.StopAsync(patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            log.LogWarning("{Queue} is slow to stop, and is left to itself", queue);
        }
    }

    private async Task<List<Type>> Missing(Consumption consumption, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select contract from replayed where queue = $1");
        select.Parameters.Add(new() { Value = consumption.Queue });
        var names = new HashSet<string>();
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            names.Add(rows.GetString(0));
        }

        return [.. consumption.Contracts.Where(contract => !names.Contains(contract.FullName!))];
    }

    private async Task Remember(Consumption consumption, List<Type> contracts, CancellationToken ct)
    {
        await using var insert = database.CreateCommand("insert into replayed (queue, contract) select $1, unnest($2::text[]) on conflict do nothing");
        insert.Parameters.Add(new() { Value = consumption.Queue });
        insert.Parameters.Add(new() { Value = contracts.Select(c => c.FullName!).ToArray() });
        await insert.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>Degraded while a queue waits for the past of others, or while the broker is away: commands go on.</summary>
internal sealed class MessagingHealth(IBusControl bus, IReadOnlyList<Consumption> consumptions) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var health = bus.CheckHealth();
        var waiting = consumptions.Where(c => !c.CaughtUp.IsCompleted).Select(c => c.Queue).ToList();

        return Task.FromResult((health.Status, waiting.Count) switch
        {
            (BusHealthStatus.Healthy, 0) => HealthCheckResult.Healthy(),
            (BusHealthStatus.Healthy, _) => HealthCheckResult.Degraded($"Waiting for the past: {string.Join(", ", waiting)}"),
            _ => HealthCheckResult.Degraded("The broker does not answer; commands go on and the relay catches up later.")
        });
    }
}
