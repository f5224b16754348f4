using System.Diagnostics;
using Community.AppHost.LocalServers;
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

    [Fact]
    public void A_container_is_published_to_this_machine_alone_keeps_its_data_beside_ours_and_its_secrets_out_of_sight()
    {
        var command = new ContainerPlace("docker", "5110").Run("postgres", "postgres:17", 5110, 5432, "/data/postgres", "/var/lib/postgresql/data",
            Signal.Interrupt, new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = "secret" }, ["-c", "jit=off"]);

        Assert.Equal(
            "run --rm --name community-5110-postgres --hostname postgres --stop-signal 2 --publish 127.0.0.1:5110:5432 "
            + "--volume /data/postgres/container:/var/lib/postgresql/data --env POSTGRES_PASSWORD postgres:17 -c jit=off",
            string.Join(' ', command.Arguments));
        Assert.Equal("secret", command.Environment["POSTGRES_PASSWORD"]);
    }

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
        await Eventually.True(() => Task.FromResult(File.ReadAllText($"/proc/{child.Id}/cmdline").Contains("trap", StringComparison.Ordinal)), TimeSpan.FromSeconds(10), "the shell");
        var watch = Stopwatch.StartNew();

        await child.Stop(Signal.Terminate, TimeSpan.FromMilliseconds(200));

        Assert.True(child.Exited.IsCompleted);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
    }
}
