using System.Diagnostics;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Community.EventStore.Tests;

/// <summary>The event store of one small service on a real PostgreSQL.</summary>
internal static class Store
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly string MasterKey = Convert.ToBase64String(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    public static async Task<WebApplication> Start(
        string? database = null, Action<StoreOptions>? configure = null, Action<WebApplication>? map = null, Action<IServiceCollection>? services = null)
    {
        var app = await Build(database, configure, map, services);
        await app.StartAsync();

        return app;
    }

    public static async Task<WebApplication> Build(
        string? database = null, Action<StoreOptions>? configure = null, Action<WebApplication>? map = null, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:sampledb"] = database ?? await Servers.CreateDatabase("events"),
            ["Sealing:MasterKey"] = MasterKey,
            ["Logging:LogLevel:Default"] = "Error"
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddProblemDetails();
        services?.Invoke(builder.Services);
        builder.Services.AddStoreProblems();
        builder.AddEventStore("sampledb", typeof(Speaker).Assembly);
        builder.AddIdempotency();
        builder.ConfigureStore(configure ?? (_ => { }));
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseCommandMetadata();
        app.UseIdempotency();
        map?.Invoke(app);

        return app;
    }

    public static IDocumentStore Documents(this IHost host) => host.Services.GetRequiredService<IDocumentStore>();

    public static Guid NewStream() => Guid.CreateVersion7(Noon.AddTicks(Random.Shared.Next()));
}

public sealed class HandlingCommands
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parallel_commands_on_one_stream_each_decide_on_the_state_that_the_others_left()
    {
        // Two hosts: within one process commands take turns, and only between replicas the version check decides.
        var database = await Servers.CreateDatabase("races");
        await using var one = await Store.Start(database);
        await using var two = await Store.Start(database);
        var stream = Store.NewStream();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i =>
            (i % 2 == 0 ? one : two).Documents().Handle(Speaker.Decider, stream, new SayNext(Store.Noon), Ct)));

        await using var session = one.Documents().QuerySession();
        var events = await session.Events.FetchStreamAsync(stream, token: Ct);
        Assert.Equal(Enumerable.Range(1, 60), events.Select(e => ((NumberSaid)e.Data).Value));
        Assert.Equal(Enumerable.Range(1, 60).Select(v => (long)v), events.Select(e => e.Version));
    }

    [Fact]
    public async Task A_refused_command_appends_nothing()
    {
        await using var host = await Store.Start();
        var stream = Store.NewStream();
        var handled = await host.Documents().Handle(Speaker.Decider, stream, new Say(-1, Store.Noon), Ct);
        Assert.Equal("negative-number", handled.Rejection?.Code);
        Assert.Equal(0, handled.Version);
        Assert.Equal(0, (await host.Documents().Load(Speaker.Decider, stream, null, Ct)).Version);
    }

    [Fact]
    public async Task An_expected_version_that_is_not_the_stream_s_is_refused()
    {
        await using var host = await Store.Start();
        var stream = Store.NewStream();
        await host.Documents().Handle(Speaker.Decider, stream, new Say(1, Store.Noon), Ct);
        await host.Documents().Handle(Speaker.Decider, stream, new Say(2, Store.Noon), new CommandOptions { ExpectedVersion = 1 }, Ct);
        var conflict = await Assert.ThrowsAsync<VersionConflictException>(() =>
            host.Documents().Handle(Speaker.Decider, stream, new Say(3, Store.Noon), new CommandOptions { ExpectedVersion = 1 }, Ct));
        Assert.True(conflict.PreconditionFailed);
    }

    [Fact]
    public async Task Every_cut_by_instant_is_a_prefix_also_where_imported_instants_go_back()
    {
        await using var host = await Store.Start();
        var stream = Store.NewStream();
        DateTimeOffset[] instants = [Store.Noon, Store.Noon.AddDays(-1), Store.Noon.AddDays(1), Store.Noon.AddHours(1)];

        foreach (var (at, i) in instants.Select((at, i) => (at, i)))
        {
            await host.Documents().Handle(Speaker.Decider, stream, new Say(i + 1, at), new CommandOptions { At = at }, Ct);
        }

        await using var session = host.Documents().QuerySession();
        var events = await session.Events.FetchStreamAsync(stream, token: Ct);
        Assert.Equal([Store.Noon, Store.Noon, Store.Noon.AddDays(1), Store.Noon.AddDays(1)], events.Select(e => e.Timestamp));

        for (var version = 1; version <= 4; version++)
        {
            var cut = await host.Documents().Load(Speaker.Decider, stream, events[version - 1].Timestamp, Ct);
            Assert.True(cut.Version >= version);
            Assert.Equal((int)cut.Version, cut.State.Last);
        }

        Assert.Equal(0, (await host.Documents().Load(Speaker.Decider, stream, Store.Noon.AddMicroseconds(-1), Ct)).Version);
    }

    [Fact]
    public async Task Events_brought_along_to_another_stream_are_stored_like_its_own()
    {
        await using var host = await Store.Start();
        var (stream, other) = (Store.NewStream(), Store.NewStream());
        var ahead = DateTimeOffset.MaxValue.AddYears(-1); // as a clock that goes before ours would have written it
        await host.Documents().Handle(Speaker.Decider, other, new Say(1, Store.Noon), new CommandOptions { At = ahead }, Ct);
        using var activity = new Activity("request").Start();
        await host.Documents().Handle(
            Speaker.Decider, stream, new Say(1, Store.Noon), new CommandOptions { Together = [Besides.Append(other, new NumberSaid(2, Store.Noon))] }, Ct);

        await using var session = host.Documents().QuerySession();
        var brought = (await session.Events.FetchStreamAsync(other, token: Ct))[^1];
        var own = Assert.Single(await session.Events.FetchStreamAsync(stream, token: Ct));
        Assert.Equal(new NumberSaid(2, Store.Noon), brought.Data);
        Assert.Equal(2, brought.Version);
        Assert.Equal(ahead, brought.Timestamp, TimeSpan.FromMicroseconds(1));
        Assert.Equal(activity.Id, brought.Headers?["traceparent"]);
        Assert.Equal(activity.Id, own.Headers?["traceparent"]);
    }

    [Fact]
    public async Task Commands_that_belong_together_are_stored_together_or_not_at_all()
    {
        await using var host = await Store.Start();
        var (stream, other) = (Store.NewStream(), Store.NewStream());

        var refused = await host.Documents().Handle(Speaker.Decider, stream, new Say(1, Store.Noon), With(new Say(-1, Store.Noon)), Ct);
        Assert.NotNull(refused.Rejection);
        Assert.Equal((0, false, new Speaker(0)), (refused.Version, refused.Appended, refused.State));
        Assert.Equal(0, (await host.Documents().Load(Speaker.Decider, stream, asOf: null, Ct)).Version);

        var done = await host.Documents().Handle(Speaker.Decider, stream, new Say(1, Store.Noon), With(new SayNext(Store.Noon)), Ct);
        Assert.Equal((1, true, null), (done.Version, done.Appended, done.Rejection));
        Assert.Equal(new Loaded<Speaker>(new Speaker(1), 1), await host.Documents().Load(Speaker.Decider, other, asOf: null, Ct));

        CommandOptions With(SpeakerCommand command) => new() { Together = [Besides.Of(Speaker.Decider, other, command)] };
    }

    [Fact]
    public void What_is_not_there_is_a_404_and_every_other_refusal_a_409()
    {
        Assert.Equal(404, Rejection.NotFound.ToProblem().StatusCode);
        Assert.Equal(404, new Rejection("not-found", "There is no such vase.").ToProblem().StatusCode);
        Assert.Equal(409, new Rejection("vase-broken", "It fell.").ToProblem().StatusCode);
    }

    [Fact]
    public async Task A_batch_decides_in_order_and_keeps_each_verdict()
    {
        await using var host = await Store.Start();
        var (a, b) = (Store.NewStream(), Store.NewStream());
        var answers = await host.Documents().HandleBatch(
            Speaker.Decider,
            [
                (a, new SayNext(Store.Noon), new CommandOptions()),
                (b, new Say(-5, Store.Noon), new CommandOptions()),
                (a, new SayNext(Store.Noon), new CommandOptions()),
                (b, (SpeakerCommand)new Say(7, Store.Noon), new CommandOptions())
            ],
            Ct);
        Assert.Equal([null, "negative-number", null, null], answers.Select(x => x.Rejection?.Code));
        Assert.Equal(new Loaded<Speaker>(new Speaker(2), 2), await host.Documents().Load(Speaker.Decider, a, null, Ct));
        Assert.Equal(new Loaded<Speaker>(new Speaker(7), 1), await host.Documents().Load(Speaker.Decider, b, null, Ct));
    }

    [Fact]
    public async Task Two_batches_that_start_the_same_streams_at_once_lose_nothing()
    {
        var database = await Servers.CreateDatabase("batches");
        await using var one = await Store.Start(database);
        await using var two = await Store.Start(database);
        var streams = Enumerable.Range(0, 20).Select(_ => Store.NewStream()).ToList();
        await Task.WhenAll(new[] { one, two }.Select(host => host.Documents().HandleBatch(
            Speaker.Decider, [.. streams.Select(s => (s, (SpeakerCommand)new SayNext(Store.Noon), new CommandOptions()))], Ct)));

        foreach (var stream in streams)
        {
            Assert.Equal(new Loaded<Speaker>(new Speaker(2), 2), await one.Documents().Load(Speaker.Decider, stream, null, Ct));
        }
    }

    [Fact]
    public async Task Events_carry_who_and_what_led_to_them()
    {
        await using var host = await Store.Start();
        var stream = Store.NewStream();
        CommandMetadata.Set(new CommandMetadata("member-1", "request-2", "trace-3"));
        await host.Documents().Handle(Speaker.Decider, stream, new Say(1, Store.Noon), Ct);
        var history = await host.Documents().History(host.Services.GetRequiredService<KeyRing>(), stream, Ct);
        var item = Assert.Single(history!.Items);
        Assert.Equal(("number-said.v1", 1L, "member-1", "request-2", "trace-3"), (item.Type, item.Version, item.By, item.CausationId, item.CorrelationId));
        Assert.Equal(1, (int)item.Data!["value"]!);
    }

    [Fact]
    public void Stored_names_and_shapes_are_as_committed() => Snapshots.Match(Snapshots.Events(typeof(Speaker).Assembly), "sample-events");
}

public sealed class SealingPersonalData
{
    [Fact]
    public async Task What_was_sealed_is_opened_until_the_key_is_erased()
    {
        await using var host = await Store.Start();
        var ring = host.Services.GetRequiredService<KeyRing>();
        var ct = TestContext.Current.CancellationToken;
        var (alice, bob) = (Store.NewStream(), Store.NewStream());
        var keys = await ring.Create([alice, bob], ct);
        var (a, b) = (keys.Seal(alice, "Alice 爱丽丝"), keys.Seal(bob, "Bob"));
        Assert.DoesNotContain("Alice", a.Ciphertext);

        await ring.Erase(alice, ct);
        var left = await ring.Find([alice, bob], ct);
        Assert.Null(left.Open(a));
        Assert.Equal("Bob", left.Open(b));
    }

    [Fact]
    public async Task Two_replicas_that_make_a_key_at_once_use_the_same()
    {
        var database = await Servers.CreateDatabase("keys");
        await using var host = await Store.Start(database);
        var ring = host.Services.GetRequiredService<KeyRing>();
        var member = Store.NewStream();
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ring.Create([member], TestContext.Current.CancellationToken)));
        Assert.All(all, keys => Assert.Equal("x", all[0].Open(keys.Seal(member, "x"))));
    }

    [Fact]
    public void A_changed_or_foreign_box_does_not_open()
    {
        var master = new MasterKey(Store.MasterKey);
        var box = master.Wrap("secret"u8);
        box[^1] ^= 1;
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => master.Unwrap(box));
        var foreign = new MasterKey(Convert.ToBase64String(new byte[32]));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => foreign.Unwrap(master.Wrap("secret"u8)));
        Assert.NotEqual(master.Hash("a", "x"), master.Hash("b", "x"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64")]
    [InlineData("c2hvcnQ=")]
    public void A_bad_master_key_is_said_at_the_start(string key) =>
        Assert.Contains("Sealing:MasterKey", Assert.Throws<InvalidOperationException>(() => new MasterKey(key)).Message);
}
