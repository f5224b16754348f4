using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Community.EventStore;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Community.Messaging;

/// <summary>How far a consumer is behind what was published for it.</summary>
/// <param name="Messages">Waiting at the broker, or taken by this replica and not done.</param>
/// <param name="Seconds">
/// How old the oldest of them is at most: all of them were published after the one that was done last, and after the queue
/// was last seen empty. Zero where there is none.
/// </param>
/// <param name="Errors">Set aside: in the error queue, or in the one of messages that no consumer took.</param>
public sealed record QueueState(string Queue, long Messages, double Seconds, long Errors);

/// <summary>
/// The state of the consumers' queues: asked of the broker over AMQP (a passive declaration answers with the count), on
/// demand and for the gauges; the replica that runs the projections reports those, for all replicas see the same queue.
/// </summary>
internal sealed class QueueLag : BackgroundService, IReceiveObserver
{
    private static readonly string[] SetAside = ["_error", "_skipped", "_dead", ReplayQueues.Suffix + "_error", ReplayQueues.Suffix + "_dead"];

    // The broker writes an error into its log for each passive declaration of a queue that is not there.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);
    private readonly ConcurrentDictionary<string, Observed> _queues;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _absent = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ConnectionFactory _broker;
    private readonly ProjectionHost _host;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly TimeSpan _interval;
    private readonly ObservableGauge<long> _messages;
    private readonly Histogram<double> _delay;
    private IConnection? _connection;
    private int _faults;
    private volatile IReadOnlyList<QueueState> _last = [];

    public QueueLag(
        IReadOnlyList<Consumption> consumptions, Publisher publisher, Broker broker, ProjectionHost host, TimeProvider clock,
        IConfiguration configuration, IMeterFactory meters, ILogger<QueueLag> log)
    {
        (_host, _clock, _log) = (host, clock, log);
        _interval = ProjectionLag.Interval(configuration);
        _queues = new(consumptions.Select(consumption => consumption.Queue).Append(ReplayQueues.RequestsOf(publisher.Service))
            .Select(queue => KeyValuePair.Create(queue, new Observed(clock.GetUtcNow()))));
        _broker = new ConnectionFactory
        {
            Uri = broker.Address,
            ClientProvidedName = $"{publisher.Service} lag",
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = Limit,
            HandshakeContinuationTimeout = Limit,
            ContinuationTimeout = Limit
        };
        var meter = meters.Create("Community.Messaging");
        _messages = meter.CreateObservableGauge(
            "community.queue.lag.messages", () => Measure(queue => queue.Messages), "{message}", "Messages that wait for the consumer or are under way in it.");
        meter.CreateObservableGauge(
            "community.queue.lag.seconds", () => Measure(queue => queue.Seconds), "s", "Age of the oldest message that is not done, at most; zero where there is none.");
        meter.CreateObservableGauge(
            "community.queue.errors", () => Measure(queue => queue.Errors), "{message}", "Messages set aside after their last retry.");
        _delay = meter.CreateHistogram(
            "community.queue.delay", "s", "From a message's sending to the end of its consumption.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400] });
    }

    /// <summary>Whether <see cref="Read"/> failed because the broker does not answer.</summary>
    public static bool IsAway(Exception e, CancellationToken ct) =>
        e is RabbitMQClientException or IOException or TimeoutException || (e is OperationCanceledException && !ct.IsCancellationRequested);

    public Task<IReadOnlyList<QueueState>> Read(CancellationToken ct) => Ask<IReadOnlyList<QueueState>>(
        async () =>
        {
            var states = new List<QueueState>();

            foreach (var (queue, observed) in _queues.OrderBy(queue => queue.Key, StringComparer.Ordinal))
            {
                var waiting = await Count(queue, ct) + await Count(queue + ReplayQueues.Suffix, ct);
                long errors = 0;

                foreach (var suffix in SetAside)
                {
                    errors += await Count(queue + suffix, ct);
                }

                states.Add(observed.State(queue, waiting, errors, _clock.GetUtcNow()));
            }

            return states;
        }, ct);

    /// <summary>Messages of one queue that wait at the broker; null while it does not answer.</summary>
    public async Task<long?> Waiting(string queue, CancellationToken ct)
    {
        try
        {
            _absent.TryRemove(queue, out _); // who asks has just made it

            return await Ask(() => Count(queue, ct), ct);
        }
        catch (Exception e) when (IsAway(e, ct))
        {
            return null;
        }
    }

    public Task PreReceive(ReceiveContext context)
    {
        _absent.TryRemove(context.Queue(), out _); // that of the past comes to be when it is asked for

        return Note(context, queue => queue.UnderWay[context] = true);
    }

    public Task PostReceive(ReceiveContext context) => Done(context);

    // Also called for a message that cannot be read, before it is set aside and has been received after all.
    public Task ReceiveFault(ReceiveContext context, Exception exception) => Done(context);

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Note(context.ReceiveContext, queue =>
    {
        if (context.SentTime is { } sent)
        {
            queue.Done(sent);
            _delay.Record(Math.Max(0, (_clock.GetUtcNow() - sent).TotalSeconds), Tag(context.Consumer()));
        }
    });

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask; // tried again, or PostReceive tells

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(_interval, _clock);

        while (await beat.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                _last = _messages.Enabled && _host.Daemon is not null ? await Read(stoppingToken) : [];
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                _last = []; // no figure rather than an old one
                _log.Log(IsAway(e, stoppingToken) ? LogLevel.Debug : LogLevel.Error, e, "The state of the queues is not known");
            }
        }
    }

    private async Task<T> Ask<T>(Func<Task<T>> question, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);

        try
        {
            if (_connection is not { IsOpen: true })
            {
                await (_connection?.DisposeAsync() ?? ValueTask.CompletedTask);
                _connection = null;
                _connection = await _broker.CreateConnectionAsync(ct);
            }

            return await question();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<long> Count(string queue, CancellationToken ct)
    {
        var now = _clock.GetUtcNow();

        if (_absent.TryGetValue(queue, out var since) && now - since < Patience)
        {
            return 0;
        }

        var faults = Volatile.Read(ref _faults);

        try
        {
            // A channel for each: the broker closes it where the queue is not there.
            await using var channel = await _connection!.CreateChannelAsync(cancellationToken: ct);
            var declared = await channel.QueueDeclarePassiveAsync(queue, ct);
            _absent.TryRemove(queue, out _);

            return declared.MessageCount;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            if (faults == Volatile.Read(ref _faults))
            {
                _absent[queue] = now;
            }

            return 0;
        }
    }

    private Task Done(ReceiveContext context)
    {
        if (context.IsFaulted)
        {
            Interlocked.Increment(ref _faults);
            _absent.TryRemove(context.Queue() + "_error", out _); // the first error makes it
        }

        return Note(context, queue => queue.UnderWay.TryRemove(context, out _));
    }

    private Task Note(ReceiveContext context, Action<Observed> note)
    {
        if (_queues.TryGetValue(context.Consumer(), out var queue))
        {
            note(queue);
        }

        return Task.CompletedTask;
    }

    private IEnumerable<Measurement<T>> Measure<T>(Func<QueueState, T> figure) where T : struct =>
        _last.Select(queue => new Measurement<T>(figure(queue), Tag(queue.Queue)));

    private static KeyValuePair<string, object?> Tag(string queue) => new("messaging.destination.name", queue);

    private sealed class Observed(DateTimeOffset started)
    {
        private DateTimeOffset _empty = started;
        private long _lastDone;

        public ConcurrentDictionary<ReceiveContext, bool> UnderWay { get; } = new();

        public void Done(DateTimeOffset sent) => Volatile.Write(ref _lastDone, sent.UtcTicks);

        public QueueState State(string queue, long waiting, long errors, DateTimeOffset now)
        {
            var messages = waiting + UnderWay.Count;

            if (messages == 0)
            {
                _empty = now;
            }

            var since = Math.Max(Volatile.Read(ref _lastDone), _empty.UtcTicks);

            return new(queue, messages, Math.Max(0, TimeSpan.FromTicks(now.UtcTicks - since).TotalSeconds), errors);
        }
    }
}
