using System.Diagnostics;
using Community.LocalServers;
using Community.Testing;

namespace Community.AppHost.Tests;

public sealed class ChoiceTests
{
    [Fact]
    public void A_given_server_wins_over_a_container_and_a_container_over_a_local_process()
    {
        Assert.IsType<ServerSource.Given>(ServerSource.Of(given: "Host=elsewhere", runtime: "docker"));
        Assert.IsType<ServerSource.Given>(ServerSource.Of(given: "Host=elsewhere", runtime: null));
        Assert.Equal(new ServerSource.Container("podman"), ServerSource.Of(given: null, runtime: "podman"));
        Assert.Equal(new ServerSource.Container("docker"), ServerSource.Of(given: "", runtime: "docker"));
        Assert.IsType<ServerSource.Local>(ServerSource.Of(given: null, runtime: null));
    }

    [LongFact]
    public async Task Where_a_container_runtime_answers_the_servers_are_containers_for_this_machine_alone_with_their_data_beside_ours()
    {
        var (data, programs) = (Servers.NewDirectory("containers"), Servers.NewDirectory("docker"));
        var asked = Path.Combine(programs, "asked");
        var docker = Path.Combine(programs, "docker");
        await File.WriteAllTextAsync(docker, Docker.Replace("ASKED", asked, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        File.SetUnixFileMode(docker, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var host = AppHostProcess.Start(data, Ports.Reserve(20), ("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"));

        var postgres = await Created("postgres");
        Assert.Contains($"--mount type=bind,src={data}/postgres/container,target=/var/lib/postgresql/data ", postgres, StringComparison.Ordinal);
        Assert.Contains(" -p 127.0.0.1::5432", postgres, StringComparison.Ordinal);
        Assert.Contains("/postgres:17 -c max_connections=200 ", postgres, StringComparison.Ordinal);
        var messaging = await Created("messaging");
        Assert.Contains($"--mount type=bind,src={data}/messaging/container,target=/var/lib/rabbitmq ", messaging, StringComparison.Ordinal);
        Assert.Contains(" -p 127.0.0.1::5672", messaging, StringComparison.Ordinal);
        Assert.Contains("/rabbitmq:4-management", messaging, StringComparison.Ordinal);

        async Task<string> Created(string name) => (await Eventually.Value(
            () => Task.FromResult(File.Exists(asked) ? File.ReadLines(asked).FirstOrDefault(line => line.StartsWith($"create --name {name}-", StringComparison.Ordinal)) : null),
            line => line is not null, $"a container of {name}; so far:\n{host.Output}"))!;
    }

    // Answers as far as Aspire asks before it makes a container, and makes none.
    private const string Docker = """
        #!/bin/sh
        echo "$(echo "$@" | tr '\n' ' ')" >> ASKED
        for last; do :; done
        id=4e5f6a7b8c9d4e5f6a7b8c9d4e5f6a7b8c9d4e5f6a7b8c9d4e5f6a7b8c9d0011
        case "$1 $2" in
            "--version ") echo "Docker version 27.3.1, build ce12230" ;;
            "info "*) echo '{"ID":"x","ServerVersion":"27.3.1","OSType":"linux","OperatingSystem":"Debian"}' ;;
            "network create") echo $id ;;
            "network inspect") echo '{"Name":"'$last'","Id":"'$id'","Created":"2026-01-01T00:00:00Z","Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]},"Containers":{},"Labels":{}}' ;;
            "events "*) exec sleep 60 ;;
            "create "*) exit 1 ;;
        esac
        """;

    [Fact]
    public async Task Whoever_holds_a_port_is_found_by_it()
    {
        await using var postgres = await Servers.PrivatePostgres();
        var port = new Npgsql.NpgsqlConnectionStringBuilder(postgres.ConnectionString).Port;

        Assert.True(Ports.IsTaken(port));
        Assert.Contains("postgres -D", Ports.Holder(port), StringComparison.Ordinal);
        await postgres.Stop();
        Assert.False(Ports.IsTaken(port));
    }

    [Fact]
    public async Task A_child_that_does_not_listen_is_ended_with_all_that_it_started()
    {
        var child = await Child.Start(new("stubborn", "sh", ["-c", "trap '' TERM; sleep 1000 & wait; sleep 1000"], Signal.Kill));
        await Eventually.True(() => Task.FromResult(File.ReadAllText($"/proc/{child.Id}/cmdline").Contains("trap", StringComparison.Ordinal)), "the shell");
        var watch = Stopwatch.StartNew();

        await child.Stop(Signal.Terminate, TimeSpan.FromMilliseconds(200));

        Assert.True(child.Exited.IsCompleted);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
    }
}
