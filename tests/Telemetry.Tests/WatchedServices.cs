using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Community.LocalServers;
using Community.Testing;
using Npgsql;
using RabbitMQ.Client;

namespace Community.Telemetry.Tests;

/// <summary>Content and analytics as processes of their own that export to the collector, as Aspire would have set them up.</summary>
internal sealed class WatchedServices : IAsyncDisposable
{
    // A line for each request and each message. (The shell that starts a child keeps no variables with dots in their names.)
    private static readonly string[] Talkative =
        ["--Logging:LogLevel:Microsoft.AspNetCore.Hosting=Information", "--Logging:LogLevel:MassTransit=Debug"];

    private readonly ConcurrentBag<Child> _services = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<string, string> _addresses = new();
    private readonly ConcurrentDictionary<string, string> _databases = new();
    private readonly Issuer _issuer;
    private readonly string _masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private WatchedServices(Collector collector, PrivateBroker broker, Issuer issuer) => (Collector, Broker, _issuer) = (collector, broker, issuer);

    public Collector Collector { get; }

    public PrivateBroker Broker { get; }

    /// <param name="exported">False: as where no collector is named.</param>
    /// <param name="perSecond">How many traces that begin in a service are exported; all, unless told otherwise.</param>
    public static async Task<WatchedServices> Start(bool exported = true, int perSecond = 1_000_000)
    {
        var broker = Servers.PrivateBroker();
        var services = new WatchedServices(await Collector.Start(), await broker, await Issuer.Start());
        await Task.WhenAll(services.Start("Content", exported, perSecond), services.Start("Analytics", exported, perSecond));

        return services;
    }

    /// <summary>Those whose past the two wait for; they have none.</summary>
    public Task<Neighbour> Neighbours() => Neighbour.Start(new Uri(Broker.ConnectionString), ["membership", "payments", "incentives"]);

    /// <summary>Waits until both have heard the past of the others: until then a replay may tell what is said live.</summary>
    public Task PastIsConsumed() => Eventually.True(
        async () => (await Task.WhenAll(Status("content", "operator"), Status("analytics", "operator"))).All(status => (string?)status.Body?["status"] == "healthy"), "the past to be consumed");

    /// <param name="traceparent">The caller's own span, where it has one.</param>
    public async Task OpenTopic(string? traceparent = null)
    {
        using var request = Request(HttpMethod.Post, "content", "/topics", "creator");
        request.Content = JsonContent.Create(new { kind = "question", title = "Why?", body = "Because.", tags = Array.Empty<string>() });

        if (traceparent is not null)
        {
            request.Headers.Add("traceparent", traceparent);
        }

        using var response = await _http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<(int Code, JsonNode? Body)> Status(string service, params string[] roles)
    {
        using var request = Request(HttpMethod.Get, service, "/status", roles);
        using var response = await _http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();

        return ((int)response.StatusCode, JsonNode.Parse(body));
    }

    /// <summary>The traces in which a service has appended its events.</summary>
    public async Task<IReadOnlyList<string>> StoredTraces(string service)
    {
        await using var connection = new NpgsqlConnection(_databases[service]);
        await connection.OpenAsync();
        await using var select = new NpgsqlCommand("select split_part(headers->>'traceparent', '-', 2) from mt_events where headers->>'traceparent' is not null", connection);
        await using var rows = await select.ExecuteReaderAsync();
        var traces = new List<string>();

        while (await rows.ReadAsync())
        {
            traces.Add(rows.GetString(0));
        }

        return traces;
    }

    /// <summary>Puts a message that is none into a queue.</summary>
    public async Task Garble(string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(Broker.ConnectionString) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync("", queue, "What?"u8.ToArray());
    }

    /// <summary>Takes the inbox away from a service: no message can be consumed any more.</summary>
    public async Task LoseInbox(string service)
    {
        await using var connection = new NpgsqlConnection(_databases[service]);
        await connection.OpenAsync();
        await using var rename = new NpgsqlCommand("alter table inbox rename to lost", connection);
        await rename.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until a service tells a figure that satisfies.</summary>
    public Task<double?> Figure(string service, string metric, string of, Func<double, bool> satisfies) => Eventually.Value(
        () => Task.FromResult(Collector.Figure(service, metric, of)), figure => figure is { } told && satisfies(told), $"{metric} of {of}");

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_services.Select(service => service.Stop(Signal.Terminate, TimeSpan.FromSeconds(20))));
        await Collector.DisposeAsync();
        await _issuer.DisposeAsync();
        await Broker.DisposeAsync();
        _http.Dispose();
    }

    private async Task Start(string project, bool exported, int perSecond)
    {
        var name = project.ToLowerInvariant();
        var directory = Path.Combine(Metadata("Services"), project);
        var log = Path.Combine(Servers.NewDirectory("logs"), $"{name}.log");
        _addresses[name] = $"http://127.0.0.1:{Ports.Reserve().ToString(CultureInfo.InvariantCulture)}";
        var database = _databases[name] = await Servers.CreateDatabase(name);
        var service = await Child.Start(new(name, "dotnet", [Path.Combine(directory, "bin", Metadata("Configuration"), "net10.0", $"Community.{project}.dll"), .. Talkative], Signal.Kill)
        {
            LogFile = log,
            WorkingDirectory = directory,
            Environment = new Dictionary<string, string?>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["ASPNETCORE_URLS"] = _addresses[name],
                [$"ConnectionStrings__{name}db"] = database,
                ["ConnectionStrings__messaging"] = Broker.ConnectionString,
                ["Sealing__MasterKey"] = _masterKey,
                ["services__membership__http__0"] = _issuer.Address,
                ["Messaging__Retries"] = "3",
                ["Lag__Seconds"] = "0.5",
                ["Tracing__PerSecond"] = perSecond.ToString(CultureInfo.InvariantCulture),
                ["OTEL_SERVICE_NAME"] = name,
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = exported ? Collector.Address : null,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "250",
                ["OTEL_BLRP_SCHEDULE_DELAY"] = "250",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "500"
            }
        });
        _services.Add(service);
        await Eventually.True(async () =>
        {
            Assert.False(service.Exited.IsCompleted, Child.LastLines(log));

            try
            {
                return (await _http.GetAsync(new Uri($"{_addresses[name]}/health"))).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, $"{name} to answer");
    }

    private HttpRequestMessage Request(HttpMethod method, string service, string path, params string[] roles) => new(method, _addresses[service] + path)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", _issuer.Token(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), roles)) }
    };

    private static string Metadata(string key) => typeof(WatchedServices).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
