using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Community.AppHost.LocalServers;
using Community.Testing;
using Npgsql;

namespace Community.AppHost.Tests;

/// <summary>One system, started again and again over the same data, and ended in each way that a system ends.</summary>
[Collection("one system at a time")]
public sealed class LifeTests
{
    [Fact]
    public async Task However_it_ends_nobody_is_left_and_the_next_start_finds_the_data()
    {
        // As a clone below /root: PostgreSQL's user may not pass.
        var closed = Servers.NewDirectory("closed");
        File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var data = Path.Combine(closed, "data");
        var basePort = AppHostProcess.FreeBasePort();

        (string Name, bool ByDotnetRun, Action<AppHostProcess> End)[] endings =
        [
            ("Ctrl-C", false, host => AppHostProcess.Send(host.Id, Signal.Interrupt)),
            ("SIGTERM", false, host => AppHostProcess.Send(host.Id, Signal.Terminate)),
            ("kill -9 of the AppHost", false, host => AppHostProcess.Send(host.Id, Signal.Kill)),
            ("kill -9 of dotnet run", true, host => AppHostProcess.Send(host.LauncherId, Signal.Kill))
        ];
        for (var run = 0; run < endings.Length; run++)
        {
            var (name, byDotnetRun, end) = endings[run];
            await using var host = byDotnetRun ? AppHostProcess.StartByDotnetRun(data, basePort) : AppHostProcess.Start(data, basePort);
            await host.BecomesHealthy();
            await TheFileTellsTheAddresses(data, basePort);
            await TheDashboardLetsIn(host, basePort);
            Assert.Equal(run, await CountedStarts(data, basePort));

            end(host);

            await host.Exits();
            await host.NobodyIsLeft();
            if (run < 2)
                Assert.True(host.ExitCode == 0, $"exit code {host.ExitCode} after {name}");
        }
    }

    [Fact]
    public async Task Given_servers_are_used_and_none_started()
    {
        await using var postgres = await Servers.PrivatePostgres();
        await using var broker = await Servers.PrivateBroker();
        await using var host = AppHostProcess.Start(Servers.NewDirectory("given"), AppHostProcess.FreeBasePort(),
            ("ConnectionStrings__postgres", postgres.ConnectionString), ("ConnectionStrings__messaging", broker.ConnectionString));

        await host.BecomesHealthy();

        await using var connection = new NpgsqlConnection($"{postgres.ConnectionString};Database=postgres");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var databases = new NpgsqlCommand("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE '%db'", connection);
        Assert.Equal("analyticsdb contentdb incentivesdb membershipdb paymentsdb", await databases.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_dashboard_that_fails_keeps_nobody_from_starting()
    {
        await using var host = AppHostProcess.Start(Servers.NewDirectory("broken-dashboard"), AppHostProcess.FreeBasePort(), ("DcpPublisher__DashboardPath", "/bin/false"));

        await host.BecomesHealthy();

        Assert.Matches("dashboard   none: .*not within", host.Output);
    }

    [Fact]
    public async Task A_taken_port_of_the_dashboard_is_named_and_keeps_nobody_from_starting()
    {
        var basePort = AppHostProcess.FreeBasePort();
        using var listener = new TcpListener(IPAddress.Loopback, basePort + 16);
        listener.Start();
        await using var host = AppHostProcess.Start(Servers.NewDirectory("taken-dashboard"), basePort);

        await host.BecomesHealthy();

        Assert.Contains($"dashboard   none: the dashboard needs port {basePort + 16}", host.Output, StringComparison.Ordinal);
        Assert.Contains($"held by pid {Environment.ProcessId} (", host.Output, StringComparison.Ordinal);
    }

    private static async Task TheDashboardLetsIn(AppHostProcess host, int basePort)
    {
        var told = host.Output.Split('\n').Single(line => line.StartsWith("  dashboard ", StringComparison.Ordinal)).Split(' ')[^1];
        Assert.StartsWith($"http://127.0.0.1:{basePort + 15}/login?t=", told, StringComparison.Ordinal);
        using var http = new HttpClient(); // keeps the cookie of the login, and is led on from it
        using var page = await http.GetAsync(new Uri(told));
        Assert.Equal((HttpStatusCode.OK, $"http://127.0.0.1:{basePort + 15}/"), (page.StatusCode, page.RequestMessage!.RequestUri!.ToString()));
    }

    private static async Task TheFileTellsTheAddresses(string data, int basePort)
    {
        var file = Path.Combine(data, "community.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using var told = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        Assert.NotEmpty(told.RootElement.GetProperty("setupToken").GetString()!);
        var services = told.RootElement.GetProperty("services").Deserialize<Dictionary<string, string>>()!;
        Assert.Equal(["portal", "membership", "payments", "content", "incentives", "analytics"], services.Keys);
        Assert.Equal($"http://127.0.0.1:{basePort + 1}", services["membership"]);

        using var http = new HttpClient();
        foreach (var address in services.Values)
            Assert.True((await http.GetAsync(new Uri($"{address}/health"))).IsSuccessStatusCode, address);
    }

    /// <summary>Counts this start in the database, and says how many were counted before.</summary>
    private static async Task<long> CountedStarts(string data, int basePort)
    {
        using var secrets = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(data, "secrets.json")));
        var password = secrets.RootElement.GetProperty("postgres-password").GetString();
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={basePort + 10};Username=postgres;Password={password};Database=membershipdb;Pooling=false");
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand("CREATE TABLE IF NOT EXISTS public.starts (n int); INSERT INTO public.starts VALUES (1); SELECT count(*) - 1 FROM public.starts", connection);
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
