using System.Diagnostics;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Community.EventStore.Tests;

public sealed record Sale(Guid Id, int Count);

public sealed partial class Sales : EventProjection
{
    public static Sale Create(IEvent<After.SaleMade> e) => new(e.Id, e.Data.Count);
}

public sealed class EndOfTheLog
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_read_once_for_all_shards_and_each_gets_its_own()
    {
        const int times = 20;
        var database = await Servers.CreateDatabase("shared-reading");
        await using var host = await Shop(database, new PricesAfter(), new Sales(), new Everything());
        await Eventually.True(() => Task.FromResult(host.Services.GetRequiredService<ProjectionHost>().Daemon is not null), "the daemon to run");
        var name = new NpgsqlConnectionStringBuilder(database).Database;
        var readings = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.TagObjects.Any(tag => tag.Value is string text && text.Contains("inner join public.mt_streams", StringComparison.Ordinal))
                    && span.TagObjects.Any(tag => tag.Value as string == name))
                {
                    Interlocked.Increment(ref readings);
                }
            }
        };
        ActivitySource.AddActivityListener(listener);
        var shop = Store.NewStream();

        for (var i = 1; i <= times; i++)
        {
            After.PriceSet price = new(i, "CNY", "list");
            await host.Documents().Handle(After.Decider, shop, i % 2 == 0 ? price : new After.SaleMade(i), Ct);
            await Eventually.True(async () => await Count<Said>(host) == i, "a row for every event");
        }

        Assert.Equal(Enumerable.Range(1, times).Where(i => i % 2 == 1), await Eventually.Value(() => Sold(host), s => s.Count == times / 2, "the sales"));
        await Eventually.True(async () => await Count<Price>(host) == times / 2, "the prices");

        // One for each time, and a few where a shard was late; each for itself, they would read thrice as often.
        TestContext.Current.TestOutputHelper?.WriteLine($"{readings} readings");
        Assert.InRange(readings, times, times * 5 / 2);
    }

    [Fact]
    public async Task With_an_event_that_cannot_be_read_stops_only_those_who_want_it()
    {
        var database = await Servers.CreateDatabase("damaged");
        var shop = Store.NewStream();

        await using (var before = await Shop(database))
        {
            await before.Documents().Handle(After.Decider, shop, new After.SaleMade(1), Ct);
            await before.Documents().Handle(After.Decider, shop, new After.PriceSet(2, "CNY", "list"), Ct);
            await before.Documents().Handle(After.Decider, shop, new After.SaleMade(3), Ct);
            await before.StopAsync(Ct);
        }

        await Execute(database, "update mt_events set data = '[]' where type = 'price-set.v3'");
        await using var host = await Shop(database, new PricesAfter(), new Sales());
        Assert.Equal([1, 3], await Eventually.Value(() => Sold(host), s => s.Count == 2, "the sales"));
        var stopped = await Eventually.Value(
            () => host.Services.GetRequiredService<ProjectionLag>().Read(Ct), lag => lag.Any(shard => shard.Status == "paused"), "the pause to be seen");
        Assert.Equal(2, Assert.Single(stopped, shard => shard.Status == "paused").Failure?.Sequence);
        Assert.Equal(0, await Count<Price>(host));
    }

    [LongFact]
    public async Task What_a_crash_of_the_server_takes_from_a_read_model_is_done_again()
    {
        await using var postgres = await Servers.PrivatePostgres();
        var database = $"{postgres.ConnectionString};Database=postgres";
        var look = $"{database};Pooling=false";
        await Execute(database, "alter system set wal_writer_delay = '10s'"); // else it writes five times a second what nobody waits for
        await Execute(database, "select pg_reload_conf()");
        var (said, lost) = (0, false);

        // Now and then the writer comes in the one moment between the commit and the crash.
        for (var round = 0; round < 5 && !lost; round++)
        {
            await using (var host = await Start())
            {
                said += 10;
                await Say(host);
                await Eventually.True(async () => await Count<Said>(host) == said, "all numbers");
                await postgres.Crash();
            }

            await postgres.Start();
            await using var connection = new NpgsqlConnection(look);
            await connection.OpenAsync(Ct);
            await using var count = new NpgsqlCommand(
                """
                select (select count(*) from mt_events), (select count(*) from mt_doc_said),
                    (select count(*) from mt_events where seq_id <= (select last_seq_id from mt_event_progression where name like '%SaidProjection%'))
                """, connection);
            await using var row = await count.ExecuteReaderAsync(Ct);
            Assert.True(await row.ReadAsync(Ct));
            Assert.Equal(said, row.GetInt64(0)); // what was acknowledged is there
            Assert.Equal(row.GetInt64(1), row.GetInt64(2)); // the read model and its progress went together
            lost = row.GetInt64(1) < said;
        }

        Assert.True(lost, "The daemon's commits seem to wait for the disk.");
        await using var again = await Start();
        await Eventually.True(async () => await Count<Said>(again) == said, "all numbers again");
        await Say(again);
        await Eventually.True(async () => await Count<Said>(again) == said + 10, "those that were said since");

        Task<WebApplication> Start() => Store.Start(database, options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async));

        static Task Say(WebApplication host) => host.Documents().HandleBatch(
            Speaker.Decider, [.. Enumerable.Range(1, 10).Select(n => (Store.NewStream(), (SpeakerCommand)new Say(n, Store.Noon), new CommandOptions()))], Ct);
    }

    [Fact]
    public async Task Each_shard_gets_of_every_range_what_Marten_s_own_reading_gives_it()
    {
        var seed = RandomInput.Seed();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var host = await Shop(await Servers.CreateDatabase("ranges"));
        var shops = Enumerable.Range(0, 30).Select(_ => Store.NewStream()).ToList();

        for (var batch = 0; batch < 7; batch++)
        {
            await host.Documents().HandleBatch(After.Decider, [.. Enumerable.Range(0, 100).Select(n => (
                shops[random.Next(shops.Count)], random.Next(3) == 0 ? new After.PriceSet(n, "CNY", "list") : (ShopEvent)new After.SaleMade(n), new CommandOptions()))], Ct);
        }

        await using (var session = host.Documents().LightweightSession())
        {
            shops.Take(5).ToList().ForEach(shop => session.Events.ArchiveStream(shop));
            await session.SaveChangesAsync(Ct);
        }

        var configuration = host.Services.GetRequiredService<StoreConfiguration>();
        await using var database = NpgsqlDataSource.Create(host.Services.GetRequiredService<ConnectionOptions>().Pooled);
        await using var martens = new DocumentStore(configuration.For(database));
        await using var ours = configuration.Store(configuration.For(database), database);
        Type[][] wishes = [[], [typeof(After.SaleMade)], [typeof(After.PriceSet)], [typeof(After.SaleMade), typeof(After.PriceSet)], [typeof(ShopEvent)]];
        var shards = new List<(IEventLoader Ours, IEventLoader Martens, string Name)>();

        foreach (var wish in wishes)
        {
            foreach (var (archived, size) in new[] { (false, 5), (false, 90), (false, 500), (true, 90), (true, 500) })
            {
                var name = $"{string.Join('+', wish.Select(type => type.Name))} {archived} {size}";
                shards.Add((Loader(ours, wish, archived, size), Loader(martens, wish, archived, size), name));
            }
        }

        var metrics = new SubscriptionMetrics(martens, new ShardName("any"), (IEventDatabase)martens.Storage.Database);
        var ranges = new List<(long Floor, long HighWater)> { (0, 500), (0, 501), (200, 700), (199, 700), (0, 5), (0, 6), (699, 700) };

        for (var i = 0; i < 30; i++)
        {
            var from = random.NextInt64(700);
            ranges.Add((from, random.NextInt64(from + 1, 701)));
        }

        foreach (var (floor, highWater) in ranges)
        {
            foreach (var shard in shards)
            {
                var request = new EventRequest { Floor = floor, HighWater = highWater, BatchSize = 500, Name = new ShardName("any"), ErrorOptions = new(), Metrics = metrics };
                var (expected, actual) = (await shard.Martens.LoadAsync(request, Ct), await shard.Ours.LoadAsync(request, Ct));
                Assert.True(
                    expected.Select(e => e.Sequence).SequenceEqual(actual.Select(e => e.Sequence)) && expected.Floor == actual.Floor && expected.Ceiling == actual.Ceiling,
                    $"{shard.Name}, {floor} to {highWater}, seed {seed}: {expected.Count} up to {expected.Ceiling}, but {actual.Count} up to {actual.Ceiling}");
            }
        }

        static IEventLoader Loader(DocumentStore store, Type[] wish, bool archived, int size)
        {
            var filter = new EventFilterable { IncludeArchivedEvents = archived };
            filter.IncludedEventTypes.AddRange(wish);

            return ((IEventStore<IDocumentOperations, IQuerySession>)store).BuildEventLoader(
                (IEventDatabase)store.Storage.Database, NullLogger.Instance, filter, new AsyncOptions { BatchSize = size }, new ShardName("any"));
        }
    }

    private static Task<WebApplication> Shop(string database, params EventProjection[] projections) => Store.Start(
        database,
        options =>
        {
            foreach (var projection in projections)
            {
                options.Projections.Add((EventProjection)Activator.CreateInstance(projection.GetType())!, ProjectionLifecycle.Async);
            }
        },
        services: services => services.AddSingleton(After.Stored));

    private static async Task<IReadOnlyList<int>> Sold(WebApplication host)
    {
        await using var session = host.Documents().QuerySession();

        return [.. (await session.Query<Sale>().ToListAsync(Ct)).Select(sale => sale.Count).Order()];
    }

    private static async Task<int> Count<T>(WebApplication host) where T : notnull
    {
        await using var session = host.Documents().QuerySession();

        return await session.Query<T>().CountAsync(Ct);
    }

    private static async Task Execute(string database, string statement)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
