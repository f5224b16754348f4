using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Community.Web;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Daemon;
using Marten.Events.Projections;
using Marten.Subscriptions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.EventStore.Tests;

public sealed record Remark(Guid Id, int Value, DateTimeOffset At);

/// <summary>A read model of documents, with indexes of the kinds that Marten makes.</summary>
public sealed partial class Remarks : EventProjection
{
    public Remarks() => Name = "remarks";

    public static Remark Create(IEvent<NumberSaid> e) => new(e.Id, e.Data.Value, e.Data.At);

    public static void Configure(StoreOptions options)
    {
        options.Schema.For<Remark>().Duplicate(remark => remark.Value).Index(remark => remark.At);
        options.Projections.Add(new Remarks(), ProjectionLifecycle.Async);
    }
}

/// <summary>A read model in a table of its own that does not forgive an event read twice or never.</summary>
public sealed class Tally : EventProjection
{
    private readonly string _count;
    private readonly string _schema;
    private readonly Func<string, Task> _before;

    public Tally(StoreOptions options, Func<string, Task>? before = null)
    {
        (_schema, _before) = (options.DatabaseSchemaName, before ?? (_ => Task.CompletedTask));
        Name = "tally";
        IncludeType<NumberSaid>();
        var table = new Table($"{_schema}.tally");
        table.AddColumn<int>("digit").AsPrimaryKey();
        table.AddColumn<int>("count").NotNull();
        table.AddColumn<int>("last").NotNull();
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _count = $"""
            insert into {table.Identifier.QualifiedName} as t (digit, count, last) values (?, 1, ?)
            on conflict (digit) do update set count = t.count + 1, last = greatest(t.last, excluded.last)
            """;
    }

    public override async ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is NumberSaid said)
        {
            await _before(_schema).WaitAsync(cancellation);
            operations.QueueSqlCommand(_count, said.Value % 10, said.Value);
        }
    }
}

public sealed partial class InlineRemarks : EventProjection
{
    public static Said Create(IEvent<NumberSaid> e) => new() { Id = e.Id, Value = e.Data.Value };
}

public sealed class Ear : SubscriptionBase
{
    public Ear() => Name = "ear";

    public override Task<Marten.IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken) =>
        Task.FromResult<Marten.IChangeListener>(NullChangeListener.Instance);
}

public sealed class RebuildBeside : IDisposable
{
    private const int Before = 1000;
    private readonly SemaphoreSlim _turn = new(1);
    private int _said;

    public void Dispose() => _turn.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answer_before_during_and_after_is_what_it_must_be_under_writes_and_what_was_broken_is_mended()
    {
        await using var host = await Start(options =>
        {
            Remarks.Configure(options);
            options.Projections.Add(new Tally(options), ProjectionLifecycle.Async);
        });
        await Say(host, Before);
        await Projected(host, Before);
        await Execute(host, "delete from mt_doc_remark where value % 7 = 0");

        using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writing = Task.Run(() => Write(host, over.Token), Ct);
        var reading = Task.WhenAll(Task.Run(() => ReadRemarks(host, over.Token), Ct), Task.Run(() => ReadTally(host, over.Token), Ct));

        var remarks = await Ask(host, "remarks");
        var tally = await Ask(host, "tally");
        var done = await Ended(host, remarks);
        await Ended(host, tally);
        Assert.Equal("finished", (string?)done["status"]);
        Assert.InRange((long)done["done"]!, Before, (long)done["total"]!);
        Assert.Null(done["failure"]);

        // A while longer on the new tables, then the last word.
        var said = await Say(host, 100);
        await Projected(host, said);
        await over.CancelAsync();
        await writing;
        await reading;
        var last = await Say(host, 1);
        await Projected(host, last);
        Assert.Equal(Enumerable.Range(1, last), await Values(host));
        Assert.Equal((last, last), await Sums(host));
        Assert.Empty(await Left(host));
        await host.Documents().Storage.Database.AssertDatabaseMatchesConfigurationAsync(Ct);
    }

    [Fact]
    public async Task What_a_rebuild_is_not_for_is_refused_and_one_runs_at_a_time()
    {
        var gate = new TaskCompletionSource();
        await using var host = await Start(options =>
        {
            options.Projections.Add(new Tally(options, schema => IsBeside(schema) ? gate.Task : Task.CompletedTask), ProjectionLifecycle.Async);
            options.Projections.Add(new InlineRemarks(), ProjectionLifecycle.Inline);
            options.Projections.Subscribe(new Ear());
        });
        await Say(host, 10);
        using var client = Client(host);
        await Refused(await client.PostAsync("/projections/nothing/rebuilds", null, Ct), HttpStatusCode.NotFound, "not-found");
        await Refused(await client.PostAsync("/projections/ear/rebuilds", null, Ct), HttpStatusCode.Conflict, "projection-not-rebuildable");
        await Refused(await client.PostAsync("/projections/InlineRemarks/rebuilds", null, Ct), HttpStatusCode.Conflict, "projection-not-rebuildable");
        await Refused(await client.GetAsync($"/projections/tally/rebuilds/{Store.NewStream()}", Ct), HttpStatusCode.NotFound, "not-found");

        using var first = await Post(client, "key-1");
        using var again = await Post(client, "key-1");
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        await Refused(await Post(client, "key-2"), HttpStatusCode.Conflict, "rebuild-running");

        var list = await client.GetFromJsonAsync<JsonNode>("/projections", Ct);
        var items = list!["items"]!.AsArray().ToDictionary(item => (string)item!["name"]!);
        Assert.Equal(["InlineRemarks", "ear", "tally"], items.Keys.Order(StringComparer.Ordinal));
        Assert.True((bool)items["tally"]!["rebuildable"]!);
        Assert.False((bool)items["ear"]!["rebuildable"]!);
        Assert.NotNull(items["tally"]!["rebuild"]);

        gate.SetResult();
        Assert.Equal("finished", (string?)(await Ended(host, first.Headers.Location!))["status"]);
        Assert.Equal(HttpStatusCode.Accepted, (await Post(client, "key-3")).StatusCode);
    }

    [Fact]
    public async Task A_cancelled_rebuild_leaves_the_old_read_model_and_nothing_else()
    {
        var gate = new TaskCompletionSource();
        await using var host = await Start(options =>
            options.Projections.Add(new Tally(options, schema => IsBeside(schema) ? gate.Task : Task.CompletedTask), ProjectionLifecycle.Async));
        await Say(host, 50);
        await Eventually.True(async () => await Sums(host) == (50, 50), "the read model to be done");
        var oid = await Scalar<uint>(host, "select 'tally'::regclass::oid");
        var rebuild = await Ask(host, "tally");
        await Eventually.True(async () => (await Left(host)).Count > 0, "the rebuild to be under way");

        using var client = Client(host);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"{rebuild}/cancellation", null, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"{rebuild}/cancellation", null, Ct)).StatusCode);
        Assert.Equal("cancelled", (string?)(await Ended(host, rebuild))["status"]);
        await Eventually.True(async () => (await Left(host)).Count == 0, "its schema and progress to be gone");
        await Say(host, 50);
        await Eventually.True(async () => await Sums(host) == (100, 100), "the old read model to go on");
        Assert.Equal(oid, await Scalar<uint>(host, "select 'tally'::regclass::oid"));

        gate.SetResult();
        var finished = await Ask(host, "tally");
        Assert.Equal("finished", (string?)(await Ended(host, finished))["status"]);
        await Refused(await client.PostAsync($"{finished}/cancellation", null, Ct), HttpStatusCode.Conflict, "rebuild-ended");
    }

    [Fact]
    public async Task A_rebuild_that_cannot_take_an_event_fails_with_its_sequence_and_the_old_read_model_goes_on()
    {
        await using var host = await Start(options => options.Projections.Add(
            new Tally(options, schema => IsBeside(schema) ? throw new InvalidOperationException("Not this one.") : Task.CompletedTask), ProjectionLifecycle.Async));
        await Say(host, 20);
        var failed = await Ended(host, await Ask(host, "tally"));
        Assert.Equal("failed", (string?)failed["status"]);
        Assert.Contains("sequence 1,", (string?)failed["failure"]);
        await Eventually.True(async () => (await Left(host)).Count == 0, "its schema and progress to be gone");
        await Say(host, 20);
        await Eventually.True(async () => await Sums(host) == (40, 40), "the old read model to go on");
    }

    [LongFact]
    public async Task Begun_on_one_replica_and_cut_off_it_is_begun_again_on_another()
    {
        var database = await Servers.CreateDatabase("rebuilds");
        var gate = new TaskCompletionSource();
        void Configure(StoreOptions options) =>
            options.Projections.Add(new Tally(options, schema => IsBeside(schema) ? gate.Task : Task.CompletedTask), ProjectionLifecycle.Async);
        var first = await Start(Configure, database);
        await using var second = await Start(Configure, database);
        await Say(first, 30);
        var rebuild = await Ask(second, "tally"); // asked of the one that does not lead
        await Eventually.True(async () => (await Left(second)).Count > 0, "the rebuild to be under way");
        await first.StopAsync(Ct);
        await first.DisposeAsync();
        gate.SetResult();
        Assert.Equal("finished", (string?)(await Ended(second, rebuild))["status"]);
        Assert.Equal(2, await Scalar<int>(second, "select attempts from projection_rebuilds"));
        await Say(second, 30);
        await Eventually.True(async () => await Sums(second) == (60, 60), "the new read model to go on");
    }

    [Fact]
    public async Task What_a_killed_process_left_is_cleared_and_the_rebuild_begun_again()
    {
        var database = await Servers.CreateDatabase("rebuilds");
        void Configure(StoreOptions options) => options.Projections.Add(new Tally(options), ProjectionLifecycle.Async);
        var id = Store.NewStream();

        await using (var killed = await Start(Configure, database))
        {
            await Say(killed, 30);
            await Eventually.True(async () => await Sums(killed) == (30, 30), "the read model to be done");
            await killed.StopAsync(Ct); // what it was killed at is made below; its lock must be free, as a process's is
        }

        var shard = Rebuilds.ShardOf(id, 1);
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync(Ct);
            await using var leave = new NpgsqlCommand(
                $"""
                insert into projection_rebuilds (id, projection, status, requested_at, attempts, started_at) values ('{id}', 'tally', 'running', now(), 1, now());
                create schema {Rebuilds.SchemaOf(id, 1)};
                create table {Rebuilds.SchemaOf(id, 1)}.tally as select 3 as digit, 99 as count, 99 as last;
                insert into mt_event_progression (name, last_seq_id) values ('{shard}', 7);
                """, connection);
            await leave.ExecuteNonQueryAsync(Ct);
        }

        await using var host = await Start(Configure, database);
        Assert.Equal("finished", (string?)(await Ended(host, new Uri($"/projections/tally/rebuilds/{id}", UriKind.Relative)))["status"]);
        Assert.Equal((30, 30), await Sums(host));
        Assert.Empty(await Left(host));
    }

    [Fact]
    public async Task A_long_reader_keeps_its_table_and_the_swap_waits_while_the_serving_one_goes_on()
    {
        await using var host = await Start(options => options.Projections.Add(new Tally(options), ProjectionLifecycle.Async));
        await Say(host, 30);
        await Eventually.True(async () => await Sums(host) == (30, 30), "the read model to be done");
        await using var reader = await host.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Ct);
        await using var transaction = await reader.BeginTransactionAsync(Ct);
        await using var select = new NpgsqlCommand("select count(*) from tally", reader);
        await select.ExecuteScalarAsync(Ct);

        var rebuild = await Ask(host, "tally");
        using var client = Client(host);
        await Eventually.True(
            async () => (long)(await client.GetFromJsonAsync<JsonNode>(rebuild, Ct))!["done"]! >= 30, "all but the swap to be done");

        for (var said = 60; said <= 120; said += 30)
        {
            await Say(host, 30);
            await Eventually.True(async () => await Sums(host) == (said, said), "the serving one to go on");
        }

        Assert.Equal("running", (string?)(await client.GetFromJsonAsync<JsonNode>(rebuild, Ct))!["status"]);
        await transaction.CommitAsync(Ct);
        Assert.Equal("finished", (string?)(await Ended(host, rebuild))["status"]);
        Assert.Equal((120, 120), await Sums(host));
    }

    private static bool IsBeside(string schema) => schema.StartsWith(RebuildRequest.SchemaPrefix, StringComparison.Ordinal);

    private static Task<WebApplication> Start(Action<StoreOptions> configure, string? database = null) =>
        Store.Start(database, configure, app => app.MapProjections(), services => services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.Converters.Add(new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase))));

    private static HttpClient Client(WebApplication host) => new() { BaseAddress = new Uri(host.Urls.First()) };

    private static async Task<HttpResponseMessage> Post(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/projections/tally/rebuilds");
        request.Headers.Add("Idempotency-Key", key);

        return await client.SendAsync(request, Ct);
    }

    private static async Task Refused(HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains($"urn:community:{code}", await answer.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<Uri> Ask(WebApplication host, string projection)
    {
        using var client = Client(host);
        using var answer = await client.PostAsync($"/projections/{projection}/rebuilds", null, Ct);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);

        return answer.Headers.Location!;
    }

    private static async Task<JsonNode> Ended(WebApplication host, Uri rebuild)
    {
        using var client = Client(host);

        return await Eventually.Value(
            async () => (await client.GetFromJsonAsync<JsonNode>(rebuild, Ct))!, r => r["endedAt"] is not null, "the rebuild to end");
    }

    /// <summary>The next numbers, one after the other; returns the last.</summary>
    private async Task<int> Say(WebApplication host, int count)
    {
        await _turn.WaitAsync(Ct);

        try
        {
            foreach (var chunk in Enumerable.Range(_said + 1, count).Chunk(200))
            {
                var stream = Store.NewStream();
                await host.Documents().HandleBatch(
                    Speaker.Decider, [.. chunk.Select(n => (stream, (SpeakerCommand)new Say(n, Store.Noon), new CommandOptions()))], Ct);
            }

            return _said += count;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task Write(WebApplication host, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await Say(host, 5);
        }
    }

    // The numbers are said one after the other, so an answer is right if it is the first so many: without those that were
    // deleted until the new read model serves, with all of them ever after, and never fewer than the answer before.
    private static async Task ReadRemarks(WebApplication host, CancellationToken over)
    {
        var (seen, mended) = (0, false);

        while (!over.IsCancellationRequested)
        {
            var values = await Values(host);
            var last = values[^1];
            mended |= values.Contains(7);
            Assert.Equal(Enumerable.Range(1, last).Where(n => mended || n > Before || n % 7 != 0), values);
            Assert.True(last >= seen, $"After {seen} numbers an answer had {last}.");
            seen = last;
        }

        Assert.True(mended);
    }

    private static async Task ReadTally(WebApplication host, CancellationToken over)
    {
        var seen = Before;

        while (!over.IsCancellationRequested)
        {
            var (count, last) = await Sums(host);
            Assert.Equal(last, count);
            Assert.True(last >= seen, $"After {seen} numbers an answer had {last}.");
            seen = last;
        }
    }

    private static Task Projected(WebApplication host, int last) => Eventually.True(
        async () => await Sums(host) is var sums && sums.Last >= last && (await Values(host)) is [.., var value] && value >= last, $"{last} numbers in both read models");

    private static async Task<IReadOnlyList<int>> Values(WebApplication host)
    {
        await using var session = host.Documents().QuerySession();

        return await session.Query<Remark>().OrderBy(remark => remark.Value).Select(remark => remark.Value).ToListAsync(Ct);
    }

    private static async Task<(int Count, int Last)> Sums(WebApplication host)
    {
        await using var select = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            "select coalesce(sum(count), 0)::int, coalesce(max(last), 0) from tally");
        await using var row = await select.ExecuteReaderAsync(Ct);
        await row.ReadAsync(Ct);

        return (row.GetInt32(0), row.GetInt32(1));
    }

    /// <summary>What rebuilds have left in the database.</summary>
    private static async Task<IReadOnlyList<string>> Left(WebApplication host)
    {
        await using var select = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            """
            select nspname::text from pg_namespace where starts_with(nspname, 'rebuild_')
            union all select name from mt_event_progression where starts_with(name, 'rebuild_')
            """);
        await using var row = await select.ExecuteReaderAsync(Ct);
        var left = new List<string>();

        while (await row.ReadAsync(Ct))
        {
            left.Add(row.GetString(0));
        }

        return left;
    }

    private static async Task<T> Scalar<T>(WebApplication host, string sql)
    {
        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);

        return (T)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static async Task Execute(WebApplication host, string sql)
    {
        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
