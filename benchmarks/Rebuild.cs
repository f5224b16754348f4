using System.Diagnostics;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using JasperFx;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Benchmarks;

/// <summary>
/// An async read model built anew from the log: by Marten's daemon, which empties it first, and beside the one that serves,
/// from its beginning to the swap.
/// </summary>
internal static class Rebuild
{
    private static readonly int Events = Effort.Of(100_000);
    private static readonly int Rounds = Effort.Of(3);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static async Task Measure(Report report)
    {
        Report.Say("Rebuild");
        await using var servers = await BareServers.Start();
        var host = await Hosts.Start(Services.Listener(new Dictionary<string, string?>
        {
            ["ConnectionStrings:listenerdb"] = await servers.Database("rebuilt"),
            ["ConnectionStrings:messaging"] = servers.Broker.ToString(),
            ["Sealing:MasterKey"] = Hosts.MasterKey
        }));
        var store = host.Services.GetRequiredService<IDocumentStore>();

        foreach (var chunk in Enumerable.Range(1, Events).Chunk(500))
        {
            await store.HandleBatch(
                Sum.Decider, [.. chunk.Select(n => (Ids.New(), new Hear(n, TimeProvider.System.GetUtcNow()), new CommandOptions()))], CancellationToken.None);
        }

        var daemon = host.Services.GetRequiredService<ProjectionHost>().Daemon!;
        var database = host.Services.GetRequiredService<NpgsqlDataSource>();
        await Eventually.True(() => CaughtUp.All(database), "the read model to be there");
        var (daemons, besides) = (new List<double>(), new List<double>());

        var shard = typeof(HeardNumbersProjection).FullName!;

        for (var round = 0; round <= Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            await daemon.RebuildProjectionAsync(shard, CancellationToken.None);
            daemons.Add(Events / Stopwatch.GetElapsedTime(started).TotalSeconds);
            besides.Add(Events / await Beside(database));

            // It has ended with the swap; the serving shard begins again after that, and Marten refuses to do both at once.
            await Eventually.True(
                () => Task.FromResult(daemon.CurrentAgents().Any(agent => agent.Status == AgentStatus.Running && agent.Name.Name == shard)), "the serving shard to go on");
        }

        // The first round compiles.
        var (mine, theirs) = (besides.Skip(1).Median(), daemons.Skip(1).Median());
        var row = report.Table(
            $"Rebuild of an async projection over {Events} events (events per second, medians of {Rounds})", "beside the serving one", "Marten's daemon", "ratio", "goal", "holds");
        row([Report.Number(mine), Report.Number(theirs), .. Report.Judged(mine / theirs, 1, atLeast: true)]);
        await Hosts.Stop(host);
    }

    /// <summary>Seconds from the beginning of a rebuild to its end; before that it waits up to a second to be seen.</summary>
    private static async Task<double> Beside(NpgsqlDataSource database)
    {
        var id = Ids.New();
        await RebuildRequest.Ask(database, id, nameof(HeardNumbersProjection), by: null, TimeProvider.System.GetUtcNow(), CancellationToken.None);
        var ended = await Eventually.Value(
            () => database.Ask<string>($"select status || coalesce(': ' || failure, '') from projection_rebuilds where id = '{id}'"),
            status => status is not ("waiting" or "running"), "the rebuild");

        return ended == "finished"
            ? await database.Ask<double>($"select extract(epoch from ended_at - started_at)::float8 from projection_rebuilds where id = '{id}'")
            : throw new InvalidOperationException(ended);
    }
}
