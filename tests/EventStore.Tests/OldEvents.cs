using System.Net;
using Community.EventStore;
using Community.Testing;
using Community.Web;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Community.EventStore.Tests;

/// <summary>What a shop stored, release by release. Within a release these would be one set of classes.</summary>
public abstract record ShopEvent;

/// <summary>The first release.</summary>
public static class Before
{
    [EventType("price-set.v1")]
    public sealed record PriceSet(long Cents) : ShopEvent;

    [EventType("shelf-dusted.v1")]
    public sealed record ShelfDusted(string Cloth) : ShopEvent;

    [EventType("sold.v1")]
    public sealed record Sold(int Count) : ShopEvent;

    internal static readonly StoredEvents Stored = new(
        [(typeof(PriceSet), "price-set.v1"), (typeof(ShelfDusted), "shelf-dusted.v1"), (typeof(Sold), "sold.v1")], []);

    public static readonly Decider<int, ShopEvent, ShopEvent> Decider = new(0, (_, e) => e, (sold, e) => e is Sold s ? sold + s.Count : sold);
}

/// <summary>The one after: a price has a currency (in two steps), a sale is called otherwise in the code, nobody dusts.</summary>
public static class After
{
    [EventType("price-set.v1")]
    public sealed record PriceSetV1(long Cents) : ShopEvent, IFormerEvent<PriceSetV2>
    {
        public PriceSetV2 Upcast() => new(Cents, "CNY");
    }

    [EventType("price-set.v2")]
    public sealed record PriceSetV2(long Amount, string Currency) : ShopEvent, IFormerEvent<PriceSet>
    {
        public PriceSet Upcast() => new(Amount, Currency, "list");
    }

    [EventType("price-set.v3")]
    public sealed record PriceSet(long Amount, string Currency, string List) : ShopEvent;

    [EventType("sold.v1")]
    public sealed record SaleMade(int Count) : ShopEvent;

    internal static readonly StoredEvents Stored = new(
        [
            (typeof(PriceSetV1), "price-set.v1"), (typeof(PriceSetV2), "price-set.v2"), (typeof(PriceSet), "price-set.v3"), (typeof(SaleMade), "sold.v1")
        ],
        ["shelf-dusted.v1"]);

    public static readonly Decider<string, ShopEvent, ShopEvent> Decider = new("", (_, e) => e, (said, e) => $"{said}{e switch
    {
        PriceSet p => $"{p.Amount}{p.Currency}/{p.List};",
        SaleMade s => $"-{s.Count};",
        _ => throw new System.Diagnostics.UnreachableException()
    }}");
}

public sealed record Price(Guid Id, string Shown);

public sealed partial class PricesBefore : EventProjection
{
    public PricesBefore() => Name = "prices";

    public static Price Create(IEvent<Before.PriceSet> e) => new(e.Id, $"{e.Data.Cents}");
}

public sealed partial class PricesAfter : EventProjection
{
    public PricesAfter() => Name = "prices";

    public static Price Create(IEvent<After.PriceSet> e) => new(e.Id, $"{e.Data.Amount}{e.Data.Currency}/{e.Data.List}");
}

/// <summary>Reads every event, of whatever name, and has one row for each.</summary>
public sealed partial class Everything : EventProjection
{
    public Everything() => Name = "everything";

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        operations.Store(new Said { Id = e.Id, Value = (int)e.Sequence });

        return ValueTask.CompletedTask;
    }
}

public sealed class OldEvents
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_former_release_stored_is_read_as_what_replaced_it_and_what_was_removed_is_passed_over()
    {
        var database = await Servers.CreateDatabase("shop");
        var shop = Store.NewStream();

        await using (var before = await Start(database, Before.Stored, new PricesBefore()))
        {
            foreach (var e in (ShopEvent[])[new Before.ShelfDusted("wool"), new Before.PriceSet(990), new Before.Sold(2), new Before.ShelfDusted("silk")])
            {
                await before.Documents().Handle(Before.Decider, shop, e, Ct);
            }

            await Eventually.True(async () => (await Prices(before)).Count == 1, "the price as it was");
            await before.StopAsync(Ct); // disposed only, a host leaves its work where it was, with the lock
        }

        await using var host = await Start(database, After.Stored, new PricesAfter(), new Everything());
        Assert.Equal(new Loaded<string>("990CNY/list;-2;", 4), await host.Documents().Load(After.Decider, shop, null, Ct));

        // Commands go on, also in a batch; a former event is never written again.
        await host.Documents().Handle(After.Decider, shop, new After.PriceSet(5, "EUR", "sale"), Ct);
        var batch = await host.Documents().HandleBatch(After.Decider, [(shop, (ShopEvent)new After.SaleMade(1), new CommandOptions())], Ct);
        Assert.Equal(new Handled<string>("990CNY/list;-2;5EUR/sale;-1;", 6, true, null), batch.Single());
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Documents().Handle(After.Decider, shop, new After.PriceSetV1(1), Ct));

        // Read models: those of names, and those of everything.
        Assert.Equal(["5EUR/sale", "990"], await Eventually.Value(() => Prices(host), p => p.Count == 2, "both prices"));
        await Eventually.True(async () => await Rows(host) == 6, "a row for every event");
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        var rebuild = await client.PostAsync("/projections/prices/rebuilds", null, Ct);
        await Eventually.True(
            async () => (await client.GetStringAsync(rebuild.Headers.Location, Ct)).Contains("\"endedAt\":\"", StringComparison.Ordinal), "the rebuild");
        Assert.Equal(["5EUR/sale", "990CNY/list"], await Prices(host));

        // The history shows what was stored.
        var history = await host.Documents().History(host.Services.GetRequiredService<KeyRing>(), shop, Ct);
        Assert.Equal(["shelf-dusted.v1", "price-set.v1", "sold.v1", "shelf-dusted.v1", "price-set.v3", "sold.v1"], history!.Items.Select(i => i.Type));
        Assert.Equal("wool", (string?)history.Items[0].Data!["cloth"]);
    }

    [Fact]
    public async Task A_name_that_is_neither_known_nor_removed_stops_the_projections_also_those_that_do_not_ask_for_it()
    {
        await using var host = await Start(await Servers.CreateDatabase("shop"), After.Stored, new PricesAfter());
        var shop = Store.NewStream();
        await host.Documents().Handle(After.Decider, shop, new After.PriceSet(1, "CNY", "a"), Ct);
        await Eventually.True(async () => (await Prices(host)).Count == 1, "the first price");
        await Foreign(host, StreamId.Of("till", shop), "till-opened.v1");
        await host.Documents().Handle(After.Decider, shop, new After.PriceSet(2, "CNY", "b"), Ct);
        var health = host.Services.GetRequiredService<HealthCheckService>();
        var report = await Eventually.Value(
            () => health.CheckHealthAsync(Ct), r => r.Entries["projections"].Description?.Contains("till-opened.v1", StringComparison.Ordinal) == true, "the unknown name to be told");
        Assert.Equal(HealthStatus.Degraded, report.Entries["projections"].Status);
        Assert.Single(await Prices(host));

        // Told to the release as removed, it is passed over, and nothing else.
        await host.StopAsync(Ct);
        await using var mended = await Start(
            host.Services.GetRequiredService<ConnectionOptions>().Pooled, After.Stored with { Removed = ["shelf-dusted.v1", "till-opened.v1"] }, new PricesAfter());
        await Eventually.True(async () => (await Prices(mended)).Count == 2, "both prices");
    }

    [Fact]
    public async Task An_old_replica_beside_a_new_one_skips_nothing_decides_nothing_on_half_a_state_and_leaves_the_projections_to_it()
    {
        var database = await Servers.CreateDatabase("shop");
        await using var old = await Start(database, Before.Stored, new PricesBefore());
        await Eventually.True(() => Task.FromResult(Leads(old)), "the old one to lead");
        var (untouched, changed) = (Store.NewStream(), Store.NewStream());
        await old.Documents().Handle(Before.Decider, untouched, new Before.PriceSet(1), Ct);
        await old.Documents().Handle(Before.Decider, changed, new Before.PriceSet(2), Ct);

        await using var renewed = await Start(database, After.Stored, new PricesAfter());
        await renewed.Documents().Handle(After.Decider, changed, new After.PriceSet(3, "EUR", "sale"), Ct);

        // The old one cannot know what has happened to this shop; it can still serve the other.
        using var client = new HttpClient { BaseAddress = new Uri(old.Urls.First()) };
        var refused = await client.PostAsync($"/shops/{changed}/sales", null, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("urn:community:newer-release", await refused.Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync($"/shops/{changed}", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync($"/shops/{untouched}/sales", null, Ct)).StatusCode);

        // The projections come to the one that knows the event, and it goes on exactly where the old one stopped.
        await Eventually.True(() => Task.FromResult(Leads(renewed)), "the new one to lead");
        Assert.Equal(
            ["1", "2", "3EUR/sale"],
            (await Eventually.Value(() => Prices(renewed), p => p.Count == 3, "three prices")).Select(p => p.Replace("CNY/list", "", StringComparison.Ordinal)));
        var report = await old.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Ct);
        Assert.Equal(HealthStatus.Degraded, report.Entries["projections"].Status);
        Assert.Contains("price-set.v3", report.Entries["projections"].Description);

        // Both write on; all of it is read by the new one.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => i % 2 == 0
            ? old.Documents().Handle(Before.Decider, untouched, new Before.PriceSet(i), Ct)
            : (Task)renewed.Documents().Handle(After.Decider, changed, new After.PriceSet(i, "EUR", "sale"), Ct)));
        await Eventually.Value(() => Prices(renewed), p => p.Count == 23, "all prices");
        Assert.True(Leads(renewed));
        Assert.False(Leads(old));
    }

    private static Task<WebApplication> Start(string database, StoredEvents stored, params EventProjection[] projections) => Store.Start(
        database,
        options =>
        {
            foreach (var projection in projections)
            {
                options.Projections.Add((EventProjection)Activator.CreateInstance(projection.GetType())!, ProjectionLifecycle.Async);
            }
        },
        app =>
        {
            app.MapProjections();
            app.MapPost("/shops/{id:guid}/sales", async (Guid id, IDocumentStore store, CancellationToken ct) =>
                (await store.Handle(Before.Decider, id, new Before.Sold(1), ct)).Version);
            app.MapGet("/shops/{id:guid}", async (Guid id, IDocumentStore store, CancellationToken ct) => (await store.Load(Before.Decider, id, null, ct)).State);
        },
        services => services.AddSingleton(stored));

    private static bool Leads(WebApplication host) => host.Services.GetRequiredService<ProjectionHost>().Daemon is not null;

    private static async Task<IReadOnlyList<string>> Prices(WebApplication host)
    {
        await using var session = host.Documents().QuerySession();

        return [.. (await session.Query<Price>().ToListAsync(Ct)).Select(price => price.Shown).Order(StringComparer.Ordinal)];
    }

    private static async Task<int> Rows(WebApplication host)
    {
        await using var session = host.Documents().QuerySession();

        return await session.Query<Said>().CountAsync(Ct);
    }

    private static async Task Foreign(WebApplication host, Guid stream, string name)
    {
        await using var insert = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            """
            with stream as (insert into mt_streams (id, version, timestamp, tenant_id, is_archived) values ($2, 1, now(), '*DEFAULT*', false))
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type)
            values (nextval('mt_events_sequence'), $1, $2, 1, '{}', $3, now(), '*DEFAULT*', $3)
            """);
        insert.Parameters.Add(new() { Value = Store.NewStream() });
        insert.Parameters.Add(new() { Value = stream });
        insert.Parameters.Add(new() { Value = name });
        await insert.ExecuteNonQueryAsync(Ct);
    }
}
