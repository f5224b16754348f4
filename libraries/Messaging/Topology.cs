using MassTransit;
using MassTransit.RabbitMqTransport;

namespace Community.Messaging;

/// <summary>
/// What lies between the contracts and a consumer's queue at the broker, declared one after the other whenever the endpoint
/// connects. MassTransit would declare it itself, several at a time on one channel; where the connection ends meanwhile, the
/// client library leaves those that wait for their turn waiting for ever, and the endpoint never comes back (docs/adr/0021).
/// </summary>
internal sealed class Topology(string queue, IReadOnlyList<string> contracts) : IFilter<ChannelContext>
{
    /// <summary>Where messages go that kill their consumer again and again.</summary>
    public static string DeadOf(string queue) => $"{queue}_dead";

    /// <summary>The name of a contract's exchange.</summary>
    public static string ExchangeOf(IPublishTopology topology, Type contract) =>
        topology.TryGetPublishAddress(contract, new Uri("rabbitmq://broker/"), out var address)
            ? Uri.UnescapeDataString(address!.AbsolutePath.TrimStart('/'))
            : throw new ArgumentException($"{contract} has no exchange.", nameof(contract));

    public async Task Send(ChannelContext context, IPipe<ChannelContext> next)
    {
        var (dead, ct) = (DeadOf(queue), context.CancellationToken);
        await Exchange(dead);
        await context.QueueDeclare(dead, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object> { ["x-queue-type"] = "quorum" }, ct);
        await context.QueueBind(dead, dead, "", new Dictionary<string, object>(), ct);

        // MassTransit declares it too, with the queue behind it.
        await Exchange(queue);

        foreach (var contract in contracts)
        {
            await Exchange(contract);
            await context.ExchangeBind(queue, contract, "", new Dictionary<string, object>(), ct);
        }

        await next.Send(context);

        Task Exchange(string name) => context.ExchangeDeclare(name, "fanout", durable: true, autoDelete: false, new Dictionary<string, object>(), ct);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("topology");
}
