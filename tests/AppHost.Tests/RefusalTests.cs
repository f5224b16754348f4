using System.Net;
using System.Net.Sockets;
using Community.LocalServers;
using Community.Testing;

namespace Community.AppHost.Tests;

/// <summary>What keeps the system from starting is told in one line that says what to do.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task Data_in_use_names_who_uses_it()
    {
        var directory = Servers.NewDirectory("in-use");
        using var held = DataDirectory.Claim(directory);

        Assert.Equal(
            $"The data directory {directory} is in use by another AppHost, pid {Environment.ProcessId}. Stop that one, or choose another directory with --data.",
            await Refusal(directory, Ports.Reserve(20)));
    }

    [Fact]
    public async Task A_taken_port_names_who_holds_it()
    {
        var basePort = Ports.Reserve(20);
        using var listener = new TcpListener(IPAddress.Loopback, basePort + 3);
        listener.Start();

        var refusal = await Refusal(Servers.NewDirectory("taken-port"), basePort);

        Assert.StartsWith($"content needs port {basePort + 3}", refusal, StringComparison.Ordinal);
        Assert.Contains($"held by pid {Environment.ProcessId} (", refusal, StringComparison.Ordinal);
        Assert.Contains("--base-port", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proc/nothing/here")]
    [InlineData("/dev/null")]
    public async Task A_directory_that_cannot_be_is_named(string directory) =>
        Assert.StartsWith($"The data directory {directory} cannot be used: ", await Refusal(directory, Ports.Reserve(20)), StringComparison.Ordinal);

    [Fact]
    public async Task Broken_secrets_are_not_replaced()
    {
        var directory = Servers.NewDirectory("broken-secrets");
        var secrets = Path.Combine(directory, "secrets.json");
        await File.WriteAllTextAsync(secrets, "{", TestContext.Current.CancellationToken);

        Assert.StartsWith($"{secrets} cannot be read.", await Refusal(directory, Ports.Reserve(20)), StringComparison.Ordinal);
        Assert.Equal("{", await File.ReadAllTextAsync(secrets, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_given_server_that_is_away_is_named()
    {
        var away = Ports.Reserve();
        var refusal = await Refusal(Servers.NewDirectory("away"), Ports.Reserve(20),
            ("ConnectionStrings__postgres", $"Host=127.0.0.1;Port={away};Username=postgres"), ("ConnectionStrings__messaging", $"amqp://127.0.0.1:{away}"));

        Assert.Matches($"^The databases cannot be made on postgres: .*127.0.0.1:{away}", refusal);
    }

    private static async Task<string> Refusal(string data, int basePort, params (string, string)[] environment)
    {
        await using var host = AppHostProcess.Start(data, basePort, environment);
        await host.Exits();
        Assert.Equal(1, host.ExitCode);
        return Assert.Single(host.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => !line.StartsWith("  ", StringComparison.Ordinal) && !line.StartsWith("Starting; ", StringComparison.Ordinal));
    }
}
