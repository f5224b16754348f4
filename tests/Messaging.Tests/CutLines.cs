using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Marten;
using Npgsql;

namespace Community.Messaging.Tests;

/// <summary>The network between the services and their servers fails again and again, at any moment.</summary>
public sealed class CutLines
{
    private const int Talks = 5;
    private const int Cuts = 8;
    private const string Queue = "listener-hear-number-when-said";
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Run on demand (<c>-explicit only</c>), to hunt: it takes two minutes or more.</summary>
    [LongFact]
    public async Task What_is_said_while_lines_to_the_broker_and_the_databases_are_cut_is_heard_once()
    {
        var seed = RandomInput.Seed();
        var random = new Random(seed);
        await using var fixture = await MessagingFixture.Create();
        var direct = fixture.Settings["ConnectionStrings:sampledb"]!;
        var broker = fixture.Broker;
        await using var toBroker = new CuttableConnection(broker.Port);
        await using var toDatabase = new CuttableConnection(new NpgsqlConnectionStringBuilder(direct).Port);
        fixture.Settings["ConnectionStrings:messaging"] = new UriBuilder(fixture.Broker) { Port = toBroker.Port }.ToString();

        foreach (var name in new[] { "sampledb", "listenerdb" })
        {
            fixture.Settings[$"ConnectionStrings:{name}"] =
                new NpgsqlConnectionStringBuilder(fixture.Settings[$"ConnectionStrings:{name}"]) { Port = toDatabase.Port }.ToString();
        }

        await fixture.Speaker();
        var listener = await fixture.Listener();

        // Said by somebody whose line holds and who waits for nobody; what has been said, we know. Of a stream of its own: in
        // this process commands on one stream take turns, and those of the listener wait for its database.
        await using var writer = DocumentStore.For(options =>
        {
            options.Connection(direct);
            EventStoreRegistration.Configure(options, typeof(Services).Assembly);
        });
        var said = 0;

        for (var talk = 0; talk < Talks; talk++)
        {
            var (speaker, from) = (Guid.CreateVersion7(Noon), said + 1);

            for (var cut = 0; cut < Cuts; cut++)
            {
                CuttableConnection[] lines = random.Next(3) switch { 0 => [toBroker], 1 => [toDatabase], _ => [toBroker, toDatabase] };
                await Say(speaker, random.Next(100));

                foreach (var line in lines)
                    line.Cut();

                await Say(speaker, random.Next(4) == 0 ? random.Next(500) : random.Next(50));

                foreach (var line in lines)
                    line.Mend();
            }

            await Say(speaker, 1);
            await ToBeHeard(speaker, from, said);
            await using var session = listener.Store().QuerySession();
            var heard = await session.Events.FetchStreamAsync(speaker, token: Ct);
            Assert.Equal(Enumerable.Range(from, said - from + 1), heard.Select(e => ((NumberHeard)e.Data).Value).Order());
        }

        await Eventually.Value(
            async () => (await listener.Store().QuerySession().Query<HeardNumbers>().ToListAsync(Ct)).Select(row => row.Value).Order().ToList(),
            values => values.SequenceEqual(Enumerable.Range(1, said)), "the read model to have each number once");

        // What was said before comes first, and again: the replay has told it, and after a cut the relay tells its page anew. On a
        // busy machine that can take minutes; what must not be is silence.
        async Task ToBeHeard(Guid speaker, int first, int last)
        {
            var wanted = Enumerable.Range(first, last - first + 1).Sum(n => (long)n);
            await Eventually.Value(
                async () => (
                    Total: await listener.Total(speaker), Waiting: await MessagingFixture.QueueDepth(broker, Queue),
                    OfThePast: await MessagingFixture.QueueDepth(broker, Queue + ReplayQueues.Suffix)),
                now => now.Total >= wanted, $"{first} to {last} to be heard");
        }

        async Task Say(Guid speaker, int count)
        {
            for (var n = 0; n < count; n++)
            {
                await using var session = writer.LightweightSession();
                session.Events.Append(speaker, new NumberSaid(++said, Noon));
                await session.SaveChangesAsync(Ct);
            }
        }
    }
}
