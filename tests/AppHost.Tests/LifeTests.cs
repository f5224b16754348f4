using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Community.LocalServers;
using Community.Testing;
using Npgsql;
using RabbitMQ.Client;

namespace Community.AppHost.Tests;

/// <summary>One system, started again and again over the same data, and ended in each way that a system ends.</summary>
[Collection("one system at a time")]
public sealed class LifeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [LongFact]
    public async Task However_it_ends_nobody_is_left_and_the_next_start_finds_the_data()
    {
        // As a clone below /root: PostgreSQL's user may not pass.
        var closed = Servers.NewDirectory("closed");
        File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var data = Path.Combine(closed, "data");
        var basePort = Ports.Reserve(20);

        (string Name, bool ByDotnetRun, Action<AppHostProcess> End)[] endings =
        [
            ("Ctrl-C", false, host => AppHostProcess.Send(host.Id, Signal.Interrupt)),
            ("SIGTERM", false, host => AppHostProcess.Send(host.Id, Signal.Terminate)),
            ("kill -9 of the AppHost", false, host => AppHostProcess.Send(host.Id, Signal.Kill)),
            ("Ctrl-C in the terminal of dotnet run", true, host => AppHostProcess.Send(-host.LauncherId, Signal.Interrupt)),
            ("SIGTERM of dotnet run", true, host => AppHostProcess.Send(host.LauncherId, Signal.Terminate)),
            ("kill -9 of dotnet run", true, host => AppHostProcess.Send(host.LauncherId, Signal.Kill)),
            ("", false, _ => { }) // finds what the last one left
        ];
        IReadOnlyDictionary<string, string> kept = new Dictionary<string, string>();

        for (var run = 0; run < endings.Length; run++)
        {
            var (name, byDotnetRun, end) = endings[run];
            await using var host = byDotnetRun ? AppHostProcess.StartByDotnetRun(data, basePort) : AppHostProcess.Start(data, basePort);
            await host.BecomesHealthy();
            await TheFileTellsTheAddresses(data, basePort, isFounded: run > 0);
            await TheDashboardLetsIn(host, data, basePort);

            if (run == 0)
                await TheStoryIsTold(data);
            var found = await Logs(data, basePort);
            Assert.Equal([], kept.Except(found));
            Assert.Equal((uint)run, await MessagesKept(data, basePort));
            kept = found;

            end(host);

            if (name.Length == 0)
                break;
            await host.Exits();
            await host.NobodyIsLeft();
            if (run < 2)
                Assert.True(host.ExitCode == 0, $"exit code {host.ExitCode} after {name}");
        }
    }

    [LongFact]
    public async Task Given_servers_are_used_and_none_started()
    {
        await using var postgres = await Servers.PrivatePostgres();
        await using var broker = await Servers.PrivateBroker();
        await using var host = AppHostProcess.Start(Servers.NewDirectory("given"), Ports.Reserve(20),
            ("ConnectionStrings__postgres", postgres.ConnectionString), ("ConnectionStrings__messaging", broker.ConnectionString));

        await host.BecomesHealthy();

        await using var connection = new NpgsqlConnection($"{postgres.ConnectionString};Database=postgres");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var databases = new NpgsqlCommand("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE '%db'", connection);
        Assert.Equal("analyticsdb contentdb incentivesdb membershipdb paymentsdb", await databases.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [LongFact]
    public async Task A_dashboard_that_fails_keeps_nobody_from_starting()
    {
        await using var host = AppHostProcess.Start(Servers.NewDirectory("broken-dashboard"), Ports.Reserve(20), ("DcpPublisher__DashboardPath", "/bin/false"));

        await host.BecomesHealthy();

        Assert.Matches("dashboard   none: .*not within", host.Output);
    }

    [LongFact]
    public async Task A_taken_port_of_the_dashboard_is_named_and_keeps_nobody_from_starting()
    {
        var basePort = Ports.Reserve(20);
        using var listener = new TcpListener(IPAddress.Loopback, basePort + 16);
        listener.Start();
        await using var host = AppHostProcess.Start(Servers.NewDirectory("taken-dashboard"), basePort);

        await host.BecomesHealthy();

        Assert.Contains($"dashboard   none: the dashboard needs port {basePort + 16}", host.Output, StringComparison.Ordinal);
        Assert.Contains($"held by pid {Environment.ProcessId} (", host.Output, StringComparison.Ordinal);
    }

    private static async Task TheDashboardLetsIn(AppHostProcess host, string data, int basePort)
    {
        // On a slow machine it starts after the system is told to be healthy, and its address is not told then.
        var login = $"http://127.0.0.1:{basePort + 15}/login?t={await Secret(data, "dashboard-key")}";
        var told = host.Output.Split('\n').Single(line => line.StartsWith("  dashboard ", StringComparison.Ordinal));
        Assert.Matches($"({Regex.Escape(login)}|not within .* s.*)$", told);
        using var http = new HttpClient(); // keeps the cookie of the login, and is led on from it
        var page = await Eventually.Value(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri(login), Ct);

                    return $"{(int)answer.StatusCode} {answer.RequestMessage!.RequestUri}";
                }
                catch (HttpRequestException e)
                {
                    return e.Message;
                }
            },
            answer => answer.StartsWith("200 ", StringComparison.Ordinal), "the dashboard");
        Assert.Equal($"200 http://127.0.0.1:{basePort + 15}/", page);
    }

    private static async Task TheFileTellsTheAddresses(string data, int basePort, bool isFounded)
    {
        var file = Path.Combine(data, "community.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using var told = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        Assert.Equal(isFounded, told.RootElement.GetProperty("setupToken").GetString() is null);
        var services = told.RootElement.GetProperty("services").Deserialize<Dictionary<string, string>>()!;
        Assert.Equal(["portal", "membership", "payments", "content", "incentives", "analytics"], services.Keys);
        Assert.Equal($"http://127.0.0.1:{basePort + 1}", services["membership"]);

        using var http = new HttpClient();
        foreach (var address in services.Values)
            Assert.True((await http.GetAsync(new Uri($"{address}/health"))).IsSuccessStatusCode, address);
    }

    /// <summary>As the documents tell a stranger to try it.</summary>
    private static async Task TheStoryIsTold(string data)
    {
        using var story = Process.Start(new ProcessStartInfo("sh", [Path.Combine(AppHostProcess.Repository, "docs", "story.sh"), data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        var told = Task.WhenAll(story.StandardOutput.ReadToEndAsync(Ct), story.StandardError.ReadToEndAsync(Ct));
        await story.WaitForExitAsync(Ct).WaitAsync(TimeSpan.FromMinutes(3), Ct);
        Assert.True(story.ExitCode == 0, string.Join('\n', await told));
        Assert.Contains("All of it happened.", (await told)[0], StringComparison.Ordinal);
    }

    /// <summary>Each event of each service, by a digest of all that it says.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> Logs(string data, int basePort)
    {
        var events = new Dictionary<string, string>();

        foreach (var service in new[] { "membership", "payments", "content", "incentives", "analytics" })
        {
            var password = await Secret(data, "postgres-password");
            await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={basePort + 10};Username=postgres;Password={password};Database={service}db;Pooling=false");
            await connection.OpenAsync(Ct);
            await using var select = new NpgsqlCommand("SELECT id::text, md5(mt_events::text) FROM mt_events", connection);
            await using var rows = await select.ExecuteReaderAsync(Ct);
            while (await rows.ReadAsync(Ct))
                events.Add($"{service} {rows.GetString(0)}", rows.GetString(1));
        }

        Assert.NotEmpty(events);
        return events;
    }

    /// <summary>How many messages the broker has kept for nobody, of which each call leaves one more.</summary>
    private static async Task<uint> MessagesKept(string data, int basePort)
    {
        var broker = new ConnectionFactory { HostName = "127.0.0.1", Port = basePort + 11, UserName = "guest", Password = (await Secret(data, "messaging-password"))! };
        await using var connection = await broker.CreateConnectionAsync(Ct);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Ct);
        var kept = await channel.QueueDeclareAsync("kept", durable: true, exclusive: false, autoDelete: false, cancellationToken: Ct);
        await channel.BasicPublishAsync("", "kept", mandatory: true, new BasicProperties { Persistent = true }, "kept"u8.ToArray(), Ct);
        return kept.MessageCount;
    }

    private static async Task<string?> Secret(string data, string name)
    {
        using var secrets = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(data, "secrets.json"), Ct));
        return secrets.RootElement.GetProperty(name).GetString();
    }
}
