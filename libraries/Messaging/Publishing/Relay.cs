using Community.EventStore;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Daemon;
using Marten.Subscriptions;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Community.Messaging;

/// <summary>
/// From the log to RabbitMQ: at least once, in the order of the log. Progress moves only when the broker has confirmed
/// the whole page; a page that was cut off goes out again, and the inboxes drop what they already had.
/// </summary>
internal sealed class Relay : SubscriptionBase
{
    public const string ShardName = "relay";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private readonly Publisher _publisher;
    private readonly Lazy<IBusControl> _bus;
    private readonly ILogger _log;

    public Relay(Publisher publisher, Lazy<IBusControl> bus, ILogger<Relay> log)
    {
        (_publisher, _bus, _log) = (publisher, bus, log);
        Name = ShardName;
        IncludeArchivedEvents = true;

        foreach (var type in publisher.Events)
        {
            IncludeType(type);
        }
    }

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        while (!await TryPublish(page, cancellationToken))
        {
            await Task.Delay(Again, cancellationToken);
        }

        return NullChangeListener.Instance;
    }

    // False where the broker went away: the page goes out again when it is back. Anything else is a bug and pauses the shard.
    // Whether the bus is healthy is not asked: that is a matter of its receive endpoints too, and nothing is received here.
    private async Task<bool> TryPublish(EventRange page, CancellationToken ct)
    {
        // While the connection is lost MassTransit waits in silence; the deadline lets us look again.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Patience);

        try
        {
            // One sender: each message is handed to the channel before the next, and only the confirms overlap. The first
            // of each contract is awaited, for while its exchange is being declared later ones would overtake it.
            var confirms = new List<Task>();
            var declared = new HashSet<Type>();

            foreach (var @event in page.Events)
            {
                foreach (var (contract, message) in Translate(@event))
                {
                    using var activity = Wire.Continue(@event, contract, "relay");
                    var confirm = _bus.Value.Publish(
                        message, contract, context => context.Address(_publisher, @event, contract), deadline.Token);

                    if (declared.Add(contract))
                    {
                        await confirm.WaitAsync(deadline.Token);
                    }

                    confirms.Add(confirm);
                }
            }

            await Task.WhenAll(confirms).WaitAsync(deadline.Token);

            return true;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && IsBrokerAway(e))
        {
            _log.LogWarning("The broker went away in mid-page; sequences {Floor} to {Ceiling} go out again: {Reason}",
                page.SequenceFloor, page.SequenceCeiling, e.Message);

            return false;
        }
    }

    private List<(Type Contract, object Message)> Translate(IEvent @event)
    {
        try
        {
            return [.. _publisher.Translate(@event)];
        }
        catch (Exception e)
        {
            throw new FactFailedException(@event, e);
        }
    }

    // A cancellation that is not ours is one too: the bus cancels what is on its way where a connection ends. Marten's daemon
    // would take it for its own and wait for the page for ever.
    private static bool IsBrokerAway(Exception e) =>
        e is ConnectionException or TransportUnavailableException or MessageNotAcknowledgedException
            or RabbitMQ.Client.Exceptions.RabbitMQClientException or OperationCanceledException or TimeoutException;
}
