using System.Collections.Concurrent;
using Community.Messaging;
using MassTransit;

namespace Community.Testing;

/// <summary>Plays other services on the bus: says facts aloud, repeats its past to who asks for it, and hears what is said.</summary>
public sealed class Neighbour : IAsyncDisposable
{
    private readonly IBusControl _bus;
    private readonly ConcurrentQueue<(Guid Id, object Fact)> _past = new();
    private readonly ConcurrentQueue<(Guid Id, object Fact)> _heard = new();
    private readonly ConcurrentDictionary<Guid, bool> _answered = new();
    private long _sequence;

    private Neighbour(Uri broker, string[] services, Type[] hears)
    {
        _bus = MassTransit.Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(broker);

            foreach (var service in services)
            {
                rabbit.ReceiveEndpoint(ReplayQueues.RequestsOf(service), endpoint =>
                {
                    BusRegistration.Configure(
                        endpoint, ReplayQueues.RequestsOf(service), concurrency: 1, retries: 9, Topology.ExchangeOf(rabbit.PublishTopology, typeof(ReplayRequested)));
                    endpoint.Handler<ReplayRequested>(context => Answer(context, service));
                });
            }

            if (hears.Length > 0)
            {
                // Of its own: two tests that shared a queue would each hear half.
                rabbit.ReceiveEndpoint($"neighbour-hears-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}", endpoint =>
                {
                    endpoint.ConcurrentMessageLimit = 1;

                    foreach (var type in hears)
                    {
                        endpoint.Consumer(typeof(Ear<>).MakeGenericType(type), ear => Activator.CreateInstance(ear, _heard)!);
                    }
                });
            }
        });
    }

    /// <summary>What it heard so far, with message ids, repeats included, in the order of arrival.</summary>
    public IReadOnlyList<(Guid Id, object Fact)> Heard => [.. _heard];

    /// <param name="broker">The virtual host of the service under test.</param>
    /// <param name="services">Whom it plays.</param>
    /// <param name="past">Facts said before the service under test existed.</param>
    /// <param name="hears">Contracts that it listens to, from now on.</param>
    public static async Task<Neighbour> Start(
        Uri broker, string[] services, IEnumerable<(Guid Id, object Fact)>? past = null, params Type[] hears)
    {
        var neighbour = new Neighbour(broker, services, hears);

        foreach (var fact in past ?? [])
        {
            neighbour._past.Enqueue(fact);
        }

        await neighbour._bus.StartAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);

        return neighbour;
    }

    /// <summary>Says a fact aloud under an id; the same id again is a repeat of the same message.</summary>
    public Task Publish(Guid id, object fact)
    {
        _past.Enqueue((id, fact));

        return _bus.Publish(fact, fact.GetType(), context => Address(context, id, fact));
    }

    public async ValueTask DisposeAsync() => await _bus.StopAsync();

    private void Address(SendContext context, Guid id, object fact)
    {
        context.MessageId = id;
        context.Headers.Set(Wire.Source, Wire.SourceOf(fact.GetType()));
        context.Headers.Set(Wire.Sequence, Interlocked.Increment(ref _sequence));
    }

    private async Task Answer(ConsumeContext<ReplayRequested> context, string service)
    {
        if (context.Message.Service != service || !_answered.TryAdd(context.Message.RequestId, true))
        {
            return;
        }

        var queue = await _bus.GetSendEndpoint(new Uri($"exchange:{context.Message.Queue}"));

        foreach (var (id, fact) in _past.Where(p => Wire.SourceOf(p.Fact.GetType()) == service && context.Message.Contracts.Contains(p.Fact.GetType().FullName)))
        {
            await queue.Send(fact, fact.GetType(), send => Address(send, id, fact));
        }

        await queue.Send(new ReplayCompleted(context.Message.RequestId, service));
    }

    private sealed class Ear<T>(ConcurrentQueue<(Guid, object)> heard) : IConsumer<T>
        where T : class
    {
        public Task Consume(ConsumeContext<T> context)
        {
            heard.Enqueue((context.MessageId!.Value, context.Message));

            return Task.CompletedTask;
        }
    }
}
