using System.Diagnostics;
using Community.EventStore;
using Community.Sample;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.Messaging.Tests;

/// <summary>A speaker and a listener on databases and a virtual host of their own, in this process or in others.</summary>
internal sealed class MessagingFixture : IAsyncDisposable
{
    private readonly List<WebApplication> _hosts = [];
    private readonly List<Process> _processes = [];

    private MessagingFixture(Dictionary<string, string?> settings) => Settings = settings;

    public Dictionary<string, string?> Settings { get; }

    public Uri Broker => new(Settings["ConnectionStrings:messaging"]!);

    public static async Task<MessagingFixture> Create(Uri? broker = null) => new(new Dictionary<string, string?>
    {
        ["ConnectionStrings:sampledb"] = await Testing.Servers.CreateDatabase("sample"),
        ["ConnectionStrings:listenerdb"] = await Testing.Servers.CreateDatabase("listener"),
        ["ConnectionStrings:messaging"] = (broker ?? await Testing.Servers.CreateVirtualHost("sample")).ToString(),
        ["Sealing:MasterKey"] = Convert.ToBase64String(new byte[32]),
        ["Logging:LogLevel:Default"] = "Error"
    });

    public Task<WebApplication> Speaker(Func<IEvent<NumberSaid>, Sample.Contracts.NumberSaid>? said = null, Action<StoreOptions>? configure = null) =>
        Start(Services.Speaker(Settings, said, configure));

    public Task<WebApplication> Listener(Action<StoreOptions>? configure = null) => Start(Services.Listener(Settings, configure));

    /// <summary>Starts the service in another process, that kills itself after so many publishes or consumes (0: never).</summary>
    public Process Process(string mode, int killAfter)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(Services).Assembly.Location, mode, killAfter.ToString(System.Globalization.CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true
        };

        foreach (var (key, value) in Settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var process = System.Diagnostics.Process.Start(start)!;
        process.OutputDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine($"{mode}: {line.Data}");
        process.BeginOutputReadLine();
        _processes.Add(process);

        return process;
    }

    /// <summary>Messages that wait in a queue; zero also where there is no such queue.</summary>
    public static async Task<uint> QueueDepth(Uri broker, string queue)
    {
        await using var connection = await new RabbitMQ.Client.ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();

        try
        {
            return (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0; // MassTransit makes an error queue when it first needs it
        }
    }

    public async Task Stop(WebApplication host)
    {
        _hosts.Remove(host);
        await host.StopAsync();
        await host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }

        foreach (var host in _hosts.ToList())
        {
            await Stop(host);
        }
    }

    private async Task<WebApplication> Start(WebApplicationBuilder builder)
    {
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(5)); // a process would end; here an unfinished stop would keep its messages
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync();

        return host;
    }
}

internal static class Conversation
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly Guid Someone = new("018cc251-f400-7000-8000-000000000001");

    public static IDocumentStore Store(this IHost host) => host.Services.GetRequiredService<IDocumentStore>();

    /// <summary>Says 1 to <paramref name="count"/>, in transactions of some hundred.</summary>
    public static async Task Say(this IHost speaker, int count, int from = 1)
    {
        foreach (var chunk in Enumerable.Range(from, count).Chunk(250))
        {
            await speaker.Store().HandleBatch(
                Speaker.Decider,
                [.. chunk.Select(n => (Someone, (SpeakerCommand)new Say(n, Noon.AddSeconds(n)), new CommandOptions()))],
                CancellationToken.None);
        }
    }

    public static async Task<long> Total(this IHost listener, Guid? of = null) =>
        (await listener.Store().Load(Sum.Decider, of ?? Someone, null, CancellationToken.None)).State.Total;

    /// <summary>Waits for the total; then its events must be these numbers, each once, and the projection the same.</summary>
    public static async Task Heard(this IHost listener, IReadOnlyCollection<int> numbers)
    {
        await Testing.Eventually.Value(
            () => listener.Total(), total => total >= numbers.Sum(n => (long)n), $"{numbers.Count} numbers to be heard");
        await using var session = listener.Store().QuerySession();
        var events = await session.Events.FetchStreamAsync(Someone);
        Assert.Equal(numbers.Order(), events.Select(e => ((NumberHeard)e.Data).Value).Order());
        var projected = await Testing.Eventually.Value(
            async () => (IReadOnlyList<HeardNumbers>)await listener.Store().QuerySession().Query<HeardNumbers>().ToListAsync(),
            rows => rows.Count >= numbers.Count, "the projection to be up to date");
        Assert.Equal(numbers.Order(), projected.Select(row => row.Value).Order());
    }
}
