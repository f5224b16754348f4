using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.LocalServers;
using Community.Sample;
using Community.Testing;
using Community.Web;
using JasperFx;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Benchmarks;

/// <summary>What a bare Marten folds; the same as our <see cref="Speaker"/>.</summary>
public sealed class Tally
{
    public Guid Id { get; set; }

    public int Last { get; set; }

    public void Apply(NumberSaid said) => Last = said.Value;
}

/// <summary>
/// Load, decide, append one event, each time to a stream that has one: over HTTP (a member cancels an order of the payments
/// service, which runs as it does in the system, projections and relay included), in process, by Marten alone, and beside
/// them one prepared insert.
/// </summary>
internal static class CommandPath
{
    private static readonly int Rounds = Effort.Of(5);
    private static readonly (int Callers, int Times)[] Levels = [(1, Effort.Of(400)), (8, Effort.Of(1200)), (32, Effort.Of(1600))];

    public static async Task Measure(Report report)
    {
        Report.Say("Command path");
        await using var servers = await BareServers.Start();
        await using var insert = await BareInsert.Start(servers);
        await using var marten = await BareMarten.Start(servers);
        await using var inProcess = await InProcess.Start(servers);
        await using var http = await OverHttp.Start(servers);
        await using var alone = new NothingFollows(http);
        var each = Rounds * Levels.Sum(level => level.Times);
        var warmUp = Levels.Sum(level => level.Times) / 2;
        IContestant[] contestants = [insert, marten, inProcess, http, alone];

        foreach (var contestant in contestants)
        {
            await contestant.Prepare(each + warmUp);
            await contestant.Ready();
            await Timing.Rate(8, warmUp, _ => contestant.Do());
            await contestant.Settle();
        }

        var rates = new Dictionary<(IContestant, int), List<double>>();

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (callers, times) in Levels)
            {
                // The order turns from round to round: nobody always comes after the same one.
                for (var i = 0; i < contestants.Length; i++)
                {
                    var contestant = contestants[(i + round) % contestants.Length];
                    await contestant.Ready();
                    var rate = await Timing.Rate(callers, times, _ => contestant.Do());
                    (rates.TryGetValue((contestant, callers), out var list) ? list : rates[(contestant, callers)] = []).Add(rate);
                    await contestant.Settle();
                }
            }
        }

        var row = report.Table(
            "Command path: load, decide, append one event (per second, medians of " + Rounds + ")",
            "callers", "over HTTP", "HTTP, nothing follows", "in process", "`FetchForWriting`", "prepared insert", "in process / `FetchForWriting`",
            "HTTP, nothing follows / `FetchForWriting`", "HTTP / insert", "HTTP / `FetchForWriting`", "goal", "holds");

        foreach (var (callers, _) in Levels)
        {
            double Of(IContestant contestant) => rates[(contestant, callers)].Median();
            row(
            [
                callers.ToString(CultureInfo.InvariantCulture), Report.Number(Of(http)), Report.Number(Of(alone)), Report.Number(Of(inProcess)), Report.Number(Of(marten)), Report.Number(Of(insert)),
                Report.Number(Of(inProcess) / Of(marten)), Report.Number(Of(alone) / Of(marten)), Report.Number(Of(http) / Of(insert)), .. Report.Judged(Of(http) / Of(marten), 0.8, atLeast: true)
            ]);
        }
    }

    private interface IContestant : IAsyncDisposable
    {
        /// <summary>Makes so many streams of one event.</summary>
        Task Prepare(int count);

        Task Ready() => Task.CompletedTask;

        Task Do();

        /// <summary>What this one does after the answer must not be measured with the next one.</summary>
        Task Settle() => Task.CompletedTask;
    }

    private sealed class BareInsert(NpgsqlDataSource database) : IContestant
    {
        public static async Task<BareInsert> Start(BareServers servers)
        {
            var database = NpgsqlDataSource.Create(await servers.Database("bare_insert"));
            await using var table = database.CreateCommand(
                "create table events (seq bigserial primary key, stream uuid, version int, data jsonb, type text, at timestamptz, unique (stream, version))");
            await table.ExecuteNonQueryAsync();

            return new(database);
        }

        public Task Prepare(int count) => Task.CompletedTask;

        public async Task Do()
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var insert = new NpgsqlCommand(
                "insert into events (stream, version, data, type, at) values ($1, 1, $2::jsonb, 'number-said.v1', now())", connection);
            insert.Parameters.Add(new() { Value = Ids.New() });
            insert.Parameters.Add(new() { Value = """{"value":1,"at":"2026-01-01T00:00:00Z"}""" });
            await insert.PrepareAsync();
            await insert.ExecuteNonQueryAsync();
        }

        public ValueTask DisposeAsync() => database.DisposeAsync();
    }

    /// <summary>Marten as its guide has it, tuned: prepared statements, no reset on close, quick append, nothing looked up at run time.</summary>
    private sealed class BareMarten(DocumentStore store) : IContestant
    {
        private readonly ConcurrentQueue<Guid> _streams = new();

        public static async Task<BareMarten> Start(BareServers servers)
        {
            var connection = await servers.Database("bare_marten");
            var store = DocumentStore.For(options =>
            {
                options.Connection(connection);
                options.DisableNpgsqlLogging = true;
                options.AutoCreateSchemaObjects = AutoCreate.None;
                options.Events.AppendMode = EventAppendMode.Quick;
                options.Events.AddEventType<NumberSaid>();
                options.UseSystemTextJsonForSerialization();
            });
            await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);

            return new(store);
        }

        public async Task Prepare(int count)
        {
            foreach (var chunk in Enumerable.Range(0, count).Chunk(500))
            {
                await using var session = store.LightweightSession();

                foreach (var _ in chunk)
                {
                    var id = Ids.New();
                    session.Events.StartStream<Tally>(id, new NumberSaid(1, TimeProvider.System.GetUtcNow()));
                    _streams.Enqueue(id);
                }

                await session.SaveChangesAsync();
            }
        }

        public async Task Do()
        {
            await using var session = store.LightweightSession();
            var stream = await session.Events.FetchForWriting<Tally>(_streams.TryDequeue(out var id) ? id : throw new InvalidOperationException());
            stream.AppendOne(new NumberSaid(stream.Aggregate!.Last + 1, TimeProvider.System.GetUtcNow()));
            await session.SaveChangesAsync();
        }

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }

    private sealed class InProcess(WebApplication host) : IContestant
    {
        private readonly ConcurrentQueue<Guid> _streams = new();
        private readonly IDocumentStore _store = host.Services.GetRequiredService<IDocumentStore>();

        public static async Task<InProcess> Start(BareServers servers)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Configuration["ConnectionStrings:sampledb"] = await servers.Database("in_process");
            builder.Configuration["Sealing:MasterKey"] = Hosts.MasterKey;
            builder.AddEventStore("sampledb", typeof(Speaker).Assembly);
            var host = await Hosts.Start(builder);

            return new(host);
        }

        public async Task Prepare(int count)
        {
            foreach (var chunk in Enumerable.Range(0, count).Chunk(500))
            {
                var batch = chunk.Select(_ => (Ids.New(), (SpeakerCommand)new SayNext(TimeProvider.System.GetUtcNow()), new CommandOptions())).ToList();
                await _store.HandleBatch(Speaker.Decider, batch, CancellationToken.None);
                batch.ForEach(item => _streams.Enqueue(item.Item1));
            }
        }

        public Task Do() => _store.Handle(
            Speaker.Decider, _streams.TryDequeue(out var id) ? id : throw new InvalidOperationException(), new SayNext(TimeProvider.System.GetUtcNow()),
            CancellationToken.None);

        public async ValueTask DisposeAsync() => await Hosts.Stop(host);
    }

    private sealed class OverHttp(Child service, Issuer issuer, HttpClient client, string connection, NpgsqlDataSource database, Guid product) : IContestant
    {
        private readonly ConcurrentQueue<Guid> _orders = new();

        public static async Task<OverHttp> Start(BareServers servers)
        {
            var connection = await servers.Database("over_http");
            var issuer = await Issuer.Start();
            var address = $"http://127.0.0.1:{Ports.Reserve()}";
            var service = await Child.Start(new("payments", "dotnet", [Built.Path("services/Payments", "Community.Payments.dll")], Signal.Kill)
            {
                Environment = new Dictionary<string, string?>
                {
                    ["ASPNETCORE_ENVIRONMENT"] = "Development", // as the AppHost starts it
                    ["ASPNETCORE_URLS"] = address,
                    ["ConnectionStrings__paymentsdb"] = connection,
                    ["ConnectionStrings__messaging"] = servers.Broker.ToString(),
                    ["Sealing__MasterKey"] = Hosts.MasterKey,
                    ["RateLimits__PerMinute"] = "100000000",
                    ["services__membership__http__0"] = issuer.Address
                },
                Output = line => { }
            });
            var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(address) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issuer.Token(Ids.New(), "owner"));
            await Eventually.True(() => IsThere(client, "health"), "a healthy payments service");

            // What can be ordered, payments hears from content.
            var content = Ids.New();
            await using var neighbour = await Neighbour.Start(servers.Broker, ["content", "membership"]);
            await neighbour.Publish(Ids.New(), new Community.Content.Contracts.ContentPublished(
                content, Ids.New(), "Anything", "anything", "article", 3, new(100, "CNY"), TimeProvider.System.GetUtcNow()));
            await Eventually.True(() => IsThere(client, $"products/{content}"), "something to order");

            return new(service, issuer, client, connection, NpgsqlDataSource.Create(connection), content);
        }

        public async Task Prepare(int count)
        {
            await Timing.Rate(8, count, async _ =>
            {
                using var placed = await client.PostAsJsonAsync("orders", new { items = new[] { new { productId = product, quantity = 1 } } });
                _orders.Enqueue(await Id(placed, "orderId"));
            });
            await Settle();
        }

        public async Task Do()
        {
            using var answer = await client.PostAsync(new Uri($"orders/{(_orders.TryDequeue(out var id) ? id : throw new InvalidOperationException())}/cancellation", UriKind.Relative), null);
            answer.EnsureSuccessStatusCode();
        }

        public Task Settle() => Eventually.True(() => CaughtUp.All(database), "payments to have caught up");

        public async ValueTask DisposeAsync()
        {
            await service.Stop(Signal.Terminate, TimeSpan.FromSeconds(20));
            client.Dispose();
            await issuer.DisposeAsync();
            await database.DisposeAsync();
        }

        private static async Task<Guid> Id(HttpResponseMessage answer, string name)
        {
            var body = await answer.Content.ReadAsStringAsync();

            return answer.IsSuccessStatusCode ? (Guid)JsonNode.Parse(body)![name]! : throw new InvalidOperationException($"{(int)answer.StatusCode}: {body}");
        }

        private static async Task<bool> IsThere(HttpClient client, string path)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));

                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }

        /// <summary>Nobody runs the projections, the relay and what else follows the log as long as this is kept.</summary>
        public async Task<IAsyncDisposable> NothingFollows()
        {
            var hold = new NpgsqlConnection(new ConnectionOptions(connection).Unpooled);
            await hold.OpenAsync();
            await using var next = new NpgsqlCommand($"select pg_advisory_lock({ProjectionHost.Lock})", hold);
            var locked = next.ExecuteNonQueryAsync();
            await using var terminate = database.CreateCommand(
                $"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = {ProjectionHost.Lock} and granted and pid <> {hold.ProcessID}");

            while (!locked.IsCompleted)
            {
                await terminate.ExecuteNonQueryAsync();
                await Task.WhenAny(locked, Task.Delay(100));
            }

            await locked;

            return hold;
        }
    }

    /// <summary>The same service, but what follows a command waits until the measuring is over: what is left is the request.</summary>
    private sealed class NothingFollows(OverHttp http) : IContestant
    {
        private IAsyncDisposable? _hold;

        public Task Prepare(int count) => http.Prepare(count);

        public async Task Ready() => _hold = await http.NothingFollows();

        public Task Do() => http.Do();

        public async Task Settle()
        {
            await _hold!.DisposeAsync();
            await http.Settle();
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

internal static class CaughtUp
{
    /// <summary>All that runs after the log stands where the log ends.</summary>
    public static async Task<bool> All(NpgsqlDataSource database)
    {
        await using var select = database.CreateCommand(
            """
            select coalesce(min(last_seq_id), 0) >= (select coalesce(max(seq_id), 0) from mt_events)
            from mt_event_progression where name like '%:All'
            """);

        return (bool)(await select.ExecuteScalarAsync())!;
    }
}
