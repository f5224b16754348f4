using Community.EventSourcing;
using Community.Sample;
using Community.Testing;
using Marten;
using Npgsql;

namespace Community.Messaging.Tests;

/// <summary>The network between the services and their servers fails again and again, at any moment.</summary>
public sealed class CutLines
{
    private const int Rounds = 40;
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_said_while_lines_to_the_broker_and_the_databases_are_cut_is_heard_once()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        await using var world = await World.Create();
        var direct = world.Settings["ConnectionStrings:sampledb"]!;
        await using var toBroker = new Line(world.Broker.Port);
        await using var toDatabase = new Line(new NpgsqlConnectionStringBuilder(direct).Port);
        world.Settings["ConnectionStrings:messaging"] = new UriBuilder(world.Broker) { Port = toBroker.Port }.ToString();

        foreach (var name in new[] { "sampledb", "listenerdb" })
        {
            world.Settings[$"ConnectionStrings:{name}"] =
                new NpgsqlConnectionStringBuilder(world.Settings[$"ConnectionStrings:{name}"]) { Port = toDatabase.Port }.ToString();
        }

        await world.Speaker();
        var listener = await world.Listener();

        // Said by a process whose line holds: what it has said, it knows.
        await using var writer = DocumentStore.For(options =>
        {
            options.Connection(direct);
            EventSourcing.EventStore.Configure(options, typeof(Services).Assembly);
        });
        var said = 0;

        for (var round = 0; round < Rounds; round++)
        {
            Line[] lines = random.Next(3) switch { 0 => [toBroker], 1 => [toDatabase], _ => [toBroker, toDatabase] };
            await Say(random.Next(100));

            foreach (var line in lines)
                line.Cut();

            await Say(random.Next(4) == 0 ? random.Next(1000) : random.Next(50));

            foreach (var line in lines)
                line.Mend();

            if (round % 10 == 9)
                await listener.Heard([.. Enumerable.Range(1, said)]);
        }

        async Task Say(int count)
        {
            for (var n = 0; n < count; n++)
                await writer.Handle(Speaker.Decider, Talk.Someone, new Say(++said, Noon), Ct);
        }
    }
}
