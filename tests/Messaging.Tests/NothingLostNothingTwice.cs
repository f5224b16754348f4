using Community.EventStore;
using Community.Sample;
using Community.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;

namespace Community.Messaging.Tests;

/// <summary>Each against a real PostgreSQL and RabbitMQ; those with kills against real processes that get SIGKILL.</summary>
public sealed class NothingLostNothingTwice
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [LongFact]
    public async Task A_relay_killed_between_publish_and_progress_publishes_again_and_is_heard_once()
    {
        await using var fixture = await MessagingFixture.Create();
        var listener = await fixture.Listener();
        await using var ear = await Neighbour.Start(fixture.Broker, [], past: null, typeof(Sample.Contracts.NumberSaid));
        var writer = await fixture.Speaker();
        var health = listener.Services.GetRequiredService<HealthCheckService>();
        await Eventually.Value(
            async () => (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Entries["messaging"].Status,
            status => status == HealthStatus.Healthy, "the listener to live by what is said now, not by a replay");
        await fixture.Stop(writer); // the schema exists, and nobody relays
        await using (var store = Marten.DocumentStore.For(options =>
        {
            options.Connection(fixture.Settings["ConnectionStrings:sampledb"]!);
            EventStoreRegistration.Configure(options, typeof(Services).Assembly);
        }))
        {
            for (var n = 1; n <= 300; n++)
            {
                await store.Handle(Speaker.Decider, Conversation.Someone, new Say(n, Noon), CancellationToken.None);
            }
        }

        await Killed(fixture.Process("speaker", killAfter: 50));

        fixture.Process("speaker", killAfter: 0);
        await listener.Heard([.. Enumerable.Range(1, 300)]);
        await Eventually.Value(
            () => Task.FromResult(ear.Heard.Count), count => count >= 350, "300 messages and at least 50 repeats, or this tests nothing");
    }

    [Fact]
    public async Task A_consumer_killed_between_work_and_acknowledgement_does_the_work_once()
    {
        await using var fixture = await MessagingFixture.Create();
        var speaker = await fixture.Speaker();
        await speaker.Say(200);

        await Killed(fixture.Process("listener", killAfter: 20));

        var listener = await fixture.Listener();
        await listener.Heard([.. Enumerable.Range(1, 200)]);
    }

    [Fact]
    public async Task The_same_message_a_hundred_times_and_shuffled_works_once()
    {
        await using var fixture = await MessagingFixture.Create();
        await using var others = await Neighbour.Start(fixture.Broker, ["sample"]);
        var listener = await fixture.Listener();
        var seed = RandomInput.Seed();
        var facts = Enumerable.Range(1, 20).Select(n => (Id: StreamId.Of("fact", n.ToString(System.Globalization.CultureInfo.InvariantCulture)), Fact: new Sample.Contracts.NumberSaid(Conversation.Someone, n, Noon))).ToList();
        var deliveries = facts.SelectMany(fact => Enumerable.Repeat(fact, 100)).ToArray();
        new Random(seed).Shuffle(deliveries);
        await Task.WhenAll(deliveries.Select(d => others.Publish(d.Id, d.Fact)));

        // Sent last to the same queue: when it has been heard, the repeats before it have been worked off too.
        await others.Publish(StreamId.Of("fact", "last"), new Sample.Contracts.NumberSaid(Conversation.Someone, 1000, Noon));
        await listener.Heard([.. Enumerable.Range(1, 20), 1000]);
        await Eventually.Value(() => MessagingFixture.QueueDepth(fixture.Broker, "listener-hear-number-when-said"), depth => depth == 0, "the queue to be empty");
        await listener.Heard([.. Enumerable.Range(1, 20), 1000]);
    }

    [Fact]
    public async Task A_consumer_started_for_the_first_time_after_a_thousand_events_hears_them_all()
    {
        await using var fixture = await MessagingFixture.Create();
        var speaker = await fixture.Speaker();
        await speaker.Say(1000);
        await RelayIsDone(speaker);

        var listener = await fixture.Listener();
        await speaker.Say(100, from: 1001); // live, while the past is being told
        await listener.Heard([.. Enumerable.Range(1, 1100)]);
    }

    [Fact]
    public async Task A_publisher_that_is_not_there_yet_is_asked_until_it_answers()
    {
        await using var fixture = await MessagingFixture.Create();
        var listener = await fixture.Listener();
        var report = await listener.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Degraded, report.Entries["messaging"].Status);

        var speaker = await fixture.Speaker();
        await speaker.Say(10);
        await listener.Heard([.. Enumerable.Range(1, 10)]);
    }

    [LongFact]
    public async Task With_the_broker_down_commands_go_on_and_all_is_told_when_it_is_back()
    {
        await using var broker = await Servers.PrivateBroker();
        await using var fixture = await MessagingFixture.Create(new Uri(broker.ConnectionString));
        var (speaker, listener) = (await fixture.Speaker(), await fixture.Listener());
        await speaker.Say(10);
        await listener.Heard([.. Enumerable.Range(1, 10)]);

        await broker.Stop();
        await speaker.Say(500, from: 11);
        var health = speaker.Services.GetRequiredService<HealthCheckService>();
        await Eventually.Value(
            async () => (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Status,
            status => status == HealthStatus.Degraded, "health to say degraded, not unhealthy");

        await broker.Start();
        await listener.Heard([.. Enumerable.Range(1, 510)]);
    }

    [Fact]
    public async Task A_message_that_comes_back_again_and_again_is_set_aside_and_not_dropped()
    {
        const string Queue = "listener-hear-number-when-said";
        await using var fixture = await MessagingFixture.Create();
        var (speaker, listener) = (await fixture.Speaker(), await fixture.Listener());
        await speaker.Say(1);
        await listener.Heard([1]);
        await fixture.Stop(listener);
        await speaker.Say(1, from: 2);
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await Eventually.Value(() => MessagingFixture.QueueDepth(fixture.Broker, Queue), depth => depth == 1, "a message for nobody");

        // As consumers do that it kills. (A quorum queue hands a returned message out a moment later.)
        await Eventually.True(
            async () =>
            {
                if (await channel.BasicGetAsync(Queue, autoAck: false) is { } message)
                    await channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);

                return await MessagingFixture.QueueDepth(fixture.Broker, $"{Queue}_dead") == 1;
            }, "the message to be set aside");
        Assert.Equal(0u, await MessagingFixture.QueueDepth(fixture.Broker, Queue));
    }

    [LongFact]
    public async Task A_service_that_starts_while_the_broker_is_away_takes_commands()
    {
        await using var broker = await Servers.PrivateBroker();
        await broker.Stop();
        await using var fixture = await MessagingFixture.Create(new Uri(broker.ConnectionString));
        var speaker = await fixture.Speaker();
        await speaker.Say(10);

        await broker.Start();
        var listener = await fixture.Listener();
        await listener.Heard([.. Enumerable.Range(1, 10)]);
    }

    [LongFact]
    public async Task Two_replicas_of_speaker_and_listener_do_everything_once_also_when_the_leading_ones_stop()
    {
        await using var fixture = await MessagingFixture.Create();
        var speakers = new[] { await fixture.Speaker(), await fixture.Speaker() };
        var listeners = new[] { await fixture.Listener(), await fixture.Listener() };
        await speakers[0].Say(200);
        await listeners[0].Heard([.. Enumerable.Range(1, 200)]);
        Assert.Single(speakers, s => s.Services.GetRequiredService<ProjectionHost>().Daemon is not null);

        var (leading, other) = speakers[0].Services.GetRequiredService<ProjectionHost>().Daemon is not null
            ? (speakers[0], speakers[1]) : (speakers[1], speakers[0]);
        await leading.Say(100, from: 201);
        await fixture.Stop(leading);
        await fixture.Stop(listeners[0]);
        await other.Say(100, from: 301);
        await listeners[1].Heard([.. Enumerable.Range(1, 400)]);
    }

    [Fact]
    public async Task However_often_and_of_whichever_replica_the_past_is_asked_it_is_told_once()
    {
        const int Facts = 3_000;
        var ct = TestContext.Current.CancellationToken;
        await using var fixture = await MessagingFixture.Create();
        var speakers = new[] { await fixture.Speaker(), await fixture.Speaker() };
        await speakers[0].Say(Facts);
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker }.CreateConnectionAsync(ct);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: ct);
        var bus = speakers[0].Services.GetRequiredService<IBus>();

        var request = await Queue("ear");
        await Ask(request, times: 20);
        await Until("ear", waiting => waiting > Facts, "the past");
        await Ask(request, times: 20); // also when it was told, and is still being consumed
        await Ask(await Queue("other"), times: 2);
        await Until("other", waiting => waiting > Facts, "the past, for another");

        foreach (var queue in new[] { "ear", "other" })
        {
            Assert.Equal(Facts + 1u, await channel.MessageCountAsync(queue, ct)); // and that this was all
        }

        async Task<ReplayRequested> Queue(string name)
        {
            await channel.ExchangeDeclareAsync(name, "fanout", durable: true, cancellationToken: ct);
            await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, cancellationToken: ct);
            await channel.QueueBindAsync(name, name, "", cancellationToken: ct);

            return new ReplayRequested(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), "sample", name, [typeof(Sample.Contracts.NumberSaid).FullName!]);
        }

        async Task Ask(ReplayRequested request, int times)
        {
            for (var i = 0; i < times; i++)
            {
                await bus.Publish(request, ct);
            }
        }

        Task Until(string queue, Func<uint, bool> holds, string what) =>
            Eventually.Value(() => channel.MessageCountAsync(queue, ct), holds, what);
    }

    [Fact]
    public async Task The_relay_publishes_in_the_order_of_the_log()
    {
        await using var fixture = await MessagingFixture.Create();
        await using var ear = await Neighbour.Start(fixture.Broker, [], past: null, typeof(Sample.Contracts.NumberSaid));
        var speaker = await fixture.Speaker();
        await speaker.Say(2000);
        await Eventually.Value(() => Task.FromResult(ear.Heard.Count), count => count >= 2000, "2,000 numbers to arrive");
        Assert.Equal(Enumerable.Range(1, 2000), ear.Heard.Select(h => ((Sample.Contracts.NumberSaid)h.Fact).Value));
    }

    [Fact]
    public async Task A_message_that_cannot_be_handled_ends_in_the_error_queue_and_the_others_go_on()
    {
        await using var fixture = await MessagingFixture.Create();
        fixture.Settings["Messaging:Retries"] = "3";
        await using var others = await Neighbour.Start(fixture.Broker, ["sample"]);
        var listener = await fixture.Listener();
        await others.Publish(StreamId.Of("fact", "first"), new Sample.Contracts.NumberSaid(Conversation.Someone, 1000, Noon));
        await listener.Heard([1000]); // the past is over, and what comes now comes live
        await others.Publish(StreamId.Of("fact", "poison"), new Sample.Contracts.NumberSaid(Conversation.Someone, Numbers.Poison, Noon));

        foreach (var n in Enumerable.Range(1, 50))
        {
            await others.Publish(StreamId.Of("fact", $"good {n}"), new Sample.Contracts.NumberSaid(Conversation.Someone, n, Noon));
        }

        await listener.Heard([.. Enumerable.Range(1, 50), 1000]);
        await Eventually.Value(() => MessagingFixture.QueueDepth(fixture.Broker, "listener-hear-number-when-said_error"), depth => depth == 1, "the poison message to be set aside");
    }

    private static async Task Killed(System.Diagnostics.Process doomed)
    {
        // While it starts on a slow machine, it works.
        await Eventually.True(() => Task.FromResult(doomed.HasExited), "the end of the doomed process", () => doomed.HasExited ? null : doomed.TotalProcessorTime);
        await doomed.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(128 + 9, doomed.ExitCode); // SIGKILL: it was the kill that ended it
    }

    private static Task RelayIsDone(Microsoft.AspNetCore.Builder.WebApplication speaker) => Eventually.True(
        () =>
        {
            var daemon = speaker.Services.GetRequiredService<ProjectionHost>().Daemon;

            return Task.FromResult(daemon is not null && daemon.HighWaterMark() >= 1000
                && daemon.CurrentAgents().All(agent => agent.Position == daemon.HighWaterMark()));
        }, "the relay to have published everything");
}
