using System.Diagnostics;
using System.Text.Json;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Community.Benchmarks;

/// <summary>
/// From a command's commit in one service to the row of an async projection in another: append, relay, RabbitMQ, inbox,
/// append, projection; beside a bare loop that publishes with confirms, consumes and inserts a row.
/// </summary>
internal static class RelayPath
{
    private static readonly int Rounds = Effort.Of(5);
    private static readonly int Facts = Effort.Of(4000);
    private static readonly int Samples = Effort.Of(200);

    /// <summary>Facts per second that are under way while freshness is sampled.</summary>
    private const int Background = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static async Task Measure(Report report)
    {
        Report.Say("Relay path");
        await using var servers = await BareServers.Start();
        await using var bare = await BareLoop.Start(servers);
        await using var ours = await Ours.Start(servers);
        IPath[] paths = [bare, ours];
        var (throughput, freshness) = (paths.ToDictionary(p => p, _ => new List<double>()), paths.ToDictionary(p => p, _ => new List<double>()));

        foreach (var path in paths)
        {
            await Throughput(path, Facts); // what is measured is compiled for good by then
            await Freshness(path, Samples);
        }

        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < paths.Length; i++)
            {
                var path = paths[(i + round) % paths.Length];
                throughput[path].Add(await Throughput(path, Facts));
                freshness[path].AddRange(await Freshness(path, Samples));
            }
        }

        var row = report.Table(
            $"From a commit over RabbitMQ into a projection ({Rounds} rounds of {Facts} facts, and of {Samples} samples beside {Background} facts per second)",
            "", "relay to projection", "publish, consume, insert", "ratio", "goal", "holds");
        row(["facts per second, median", Report.Number(throughput[ours].Median()), Report.Number(throughput[bare].Median()),
            .. Report.Judged(throughput[ours].Median() / throughput[bare].Median(), 0.5, atLeast: true)]);

        foreach (var (name, q) in new[] { ("p50", 0.5), ("p90", 0.9), ("p99", 0.99) })
        {
            var (mine, theirs) = (freshness[ours].Quantile(q), freshness[bare].Quantile(q));
            row([$"freshness {name}, ms", Report.Number(mine), Report.Number(theirs),
                .. q == 0.99 ? Report.Judged(mine / theirs, 2, atLeast: false) : [Report.Number(mine / theirs), "", ""]]);
        }
    }

    private static async Task<double> Throughput(IPath path, int facts)
    {
        var before = await path.Count();
        var started = Stopwatch.GetTimestamp();
        var said = path.SayMany([.. Enumerable.Range(0, facts).Select(_ => Ids.New())]);
        await Eventually.Value(path.Count, count => count >= before + facts, $"{facts} facts in the read model");
        var rate = facts / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await said;

        return rate;
    }

    // The clock starts when the command has answered, and stops when the row can be read.
    private static async Task<List<double>> Freshness(IPath path, int samples)
    {
        using var over = new CancellationTokenSource();
        var background = Traffic(path, over.Token);
        var took = new List<double>();

        for (var i = 0; i < samples; i++)
        {
            var id = Ids.New();
            var started = await path.Say(id);

            while (!await path.IsThere(id))
            {
                if (Stopwatch.GetElapsedTime(started) > Limit)
                {
                    throw new TimeoutException($"The fact {id} did not arrive.");
                }

                await Task.Delay(1);
            }

            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        await over.CancelAsync();
        await background;

        return took;
    }

    private static async Task Traffic(IPath path, CancellationToken over)
    {
        using var beat = new PeriodicTimer(TimeSpan.FromSeconds(1) / Background);

        while (!over.IsCancellationRequested && await beat.WaitForNextTickAsync(CancellationToken.None))
        {
            await path.Say(Ids.New());
        }
    }

    internal interface IPath : IAsyncDisposable
    {
        /// <returns>The timestamp at which it was said for good.</returns>
        Task<long> Say(Guid id);

        Task SayMany(IReadOnlyList<Guid> ids);

        Task<bool> IsThere(Guid id);

        Task<long> Count();
    }

    private sealed class Ours(WebApplication speaker, WebApplication listener, NpgsqlDataSource read) : IPath
    {
        private readonly IDocumentStore _store = speaker.Services.GetRequiredService<IDocumentStore>();

        public static async Task<Ours> Start(BareServers servers)
        {
            var settings = new Dictionary<string, string?>
            {
                ["ConnectionStrings:sampledb"] = await servers.Database("speaker"),
                ["ConnectionStrings:listenerdb"] = await servers.Database("listener"),
                ["ConnectionStrings:messaging"] = servers.Broker.ToString(),
                ["Sealing:MasterKey"] = Hosts.MasterKey
            };
            var speaker = await Hosts.Start(Services.Speaker(settings));
            var listener = await Hosts.Start(Services.Listener(settings));

            return new(speaker, listener, NpgsqlDataSource.Create(settings["ConnectionStrings:listenerdb"]!));
        }

        public async Task<long> Say(Guid id)
        {
            await _store.Handle(Speaker.Decider, id, new Say(1, TimeProvider.System.GetUtcNow()), CancellationToken.None);

            return Stopwatch.GetTimestamp();
        }

        public async Task SayMany(IReadOnlyList<Guid> ids)
        {
            foreach (var chunk in ids.Chunk(500))
            {
                await _store.HandleBatch(
                    Speaker.Decider, [.. chunk.Select(id => (id, (SpeakerCommand)new Say(1, TimeProvider.System.GetUtcNow()), new CommandOptions()))], CancellationToken.None);
            }
        }

        // The listener's stream has the speaker's id, the projected document that of the event.
        public Task<bool> IsThere(Guid id) => read.Ask<bool>(
            "select exists (select 1 from mt_events e join mt_doc_heardnumbers d on d.id = e.id where e.stream_id = $1)", id);

        public Task<long> Count() => read.Ask<long>("select count(*) from mt_doc_heardnumbers");

        public async ValueTask DisposeAsync()
        {
            await Hosts.Stop(speaker);
            await Hosts.Stop(listener);
            await read.DisposeAsync();
        }
    }

    /// <summary>The client library alone: a quorum queue, persistent messages, confirms, as many unacknowledged and at once as our consumers have.</summary>
    internal sealed class BareLoop(IConnection connection, IChannel publisher, NpgsqlDataSource database) : IPath
    {
        private const string Queue = "bare";

        public static async Task<BareLoop> Start(BareServers servers)
        {
            var database = NpgsqlDataSource.Create(await servers.Database("bare_loop"));
            await using var table = database.CreateCommand("create table facts (id uuid primary key, data jsonb not null)");
            await table.ExecuteNonQueryAsync();

            var connection = await new ConnectionFactory { Uri = servers.Broker, ConsumerDispatchConcurrency = 64 }.CreateConnectionAsync();
            var publisher = await connection.CreateChannelAsync(new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null));
            var consumer = await connection.CreateChannelAsync(new CreateChannelOptions(false, false, consumerDispatchConcurrency: 64));
            await consumer.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
            await consumer.BasicQosAsync(0, 128, global: false);
            var deliveries = new AsyncEventingBasicConsumer(consumer);
            deliveries.ReceivedAsync += async (_, delivery) =>
            {
                var fact = delivery.Body.ToArray();
                await using var insert = database.CreateCommand("insert into facts (id, data) values ($1, $2)");
                insert.Parameters.Add(new() { Value = JsonSerializer.Deserialize<Community.Sample.Contracts.NumberSaid>(fact)!.SpeakerId });
                insert.Parameters.Add(new() { Value = fact, NpgsqlDbType = NpgsqlDbType.Jsonb });
                await insert.ExecuteNonQueryAsync();
                await consumer.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            };
            await consumer.BasicConsumeAsync(Queue, autoAck: false, deliveries);

            return new(connection, publisher, database);
        }

        // Its clock starts before the publish: ours has to do that, too, after the commit.
        public async Task<long> Say(Guid id)
        {
            var started = Stopwatch.GetTimestamp();
            await Publish(id);

            return started;
        }

        public async Task SayMany(IReadOnlyList<Guid> ids)
        {
            var confirms = new List<Task>();

            foreach (var id in ids)
            {
                confirms.Add(Publish(id));
            }

            await Task.WhenAll(confirms);
        }

        public Task<bool> IsThere(Guid id) => database.Ask<bool>("select exists (select 1 from facts where id = $1)", id);

        public Task<long> Count() => database.Ask<long>("select count(*) from facts");

        public async ValueTask DisposeAsync()
        {
            await connection.DisposeAsync();
            await database.DisposeAsync();
        }

        private async Task Publish(Guid id)
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new Community.Sample.Contracts.NumberSaid(id, 1, TimeProvider.System.GetUtcNow()));
            await publisher.BasicPublishAsync("", Queue, mandatory: false, new BasicProperties { Persistent = true }, body);
        }
    }
}

internal static class Asking
{
    public static async Task<T> Ask<T>(this NpgsqlDataSource database, string sql, params object[] values)
    {
        await using var select = database.CreateCommand(sql);

        foreach (var value in values)
        {
            select.Parameters.Add(new() { Value = value });
        }

        return (T)(await select.ExecuteScalarAsync())!;
    }
}
