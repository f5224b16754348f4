using System.Text;
using Community.Content.Contracts;
using Community.Incentives.Contracts;
using Community.Membership.Contracts;
using Community.Payments.Contracts;
using Community.Testing;
using RabbitMQ.Client;

namespace Community.SystemTests;

internal sealed record CollectedMessage(string Exchange, BasicProperties Properties, ReadOnlyMemory<byte> Body)
{
    public string Text => string.Join('\n',
        [Encoding.UTF8.GetString(Body.Span), .. (Properties.Headers ?? new Dictionary<string, object?>()).Select(
            header => $"{header.Key} {(header.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : header.Value)}")]);
}

/// <summary>Hears all that the services say aloud.</summary>
internal sealed class MessageCollector(IConnection connection, IChannel channel, string queue) : IAsyncDisposable
{
    private readonly List<CollectedMessage> _heard = [];

    public static async Task<MessageCollector> Open(Uri broker)
    {
        var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync();
        var queue = (await channel.QueueDeclareAsync()).QueueName;

        foreach (var contract in new[] { typeof(MemberJoined), typeof(CommentPosted), typeof(OrderPaid), typeof(PointsEarned) }
            .SelectMany(contract => contract.Assembly.GetExportedTypes()))
        {
            // As MassTransit declares them.
            await channel.ExchangeDeclareAsync($"{contract.Namespace}:{contract.Name}", ExchangeType.Fanout, durable: true);
            await channel.QueueBindAsync(queue, $"{contract.Namespace}:{contract.Name}", "");
        }

        return new MessageCollector(connection, channel, queue);
    }

    public async Task<IReadOnlyList<CollectedMessage>> Heard()
    {
        while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
            _heard.Add(new(message.Exchange, new BasicProperties(message.BasicProperties), message.Body));

        return _heard;
    }

    /// <summary>Headers and bodies, once all of these have been heard of.</summary>
    public async Task<string> Heard(string[] until) => await Eventually.Value(
        async () => string.Join('\n', (await Heard()).Select(said => said.Text)), text => until.All(id => text.Contains(id, StringComparison.Ordinal)), $"messages about {string.Join(", ", until)}");

    public async Task SayAgain(CollectedMessage said) => await channel.BasicPublishAsync(said.Exchange, "", mandatory: true, said.Properties, said.Body);

    /// <summary>How many messages wait in a queue; none where there is no such queue.</summary>
    public async Task<uint> Waiting(string queueName)
    {
        // A passive declaration of what does not exist closes its channel.
        await using var asking = await connection.CreateChannelAsync();

        try
        {
            return (await asking.QueueDeclarePassiveAsync(queueName)).MessageCount;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    public async Task Delete(string queueName) => await channel.QueueDeleteAsync(queueName, ifUnused: false, ifEmpty: false);

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
