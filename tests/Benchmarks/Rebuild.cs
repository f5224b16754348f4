using System.Diagnostics;
using Community.EventSourcing;
using Community.Sample;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Benchmarks;

/// <summary>An async read model built anew from the log, by Marten's daemon.</summary>
internal static class Rebuild
{
    private static readonly int Events = Effort.Of(20_000);
    private static readonly int Rounds = Effort.Of(3);

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
                Sum.Decider, [.. chunk.Select(n => (Ids.New(), new Hear(n, TimeProvider.System.GetUtcNow()), new Handling()))], CancellationToken.None);
        }

        var daemon = host.Services.GetRequiredService<ProjectionHost>().Daemon!;
        var daemons = new List<double>();

        for (var round = 0; round <= Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            await daemon.RebuildProjectionAsync(nameof(HeardNumbersProjection), CancellationToken.None);
            daemons.Add(Events / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        var row = report.Table($"Rebuild of an async projection over {Events} events (events per second, medians of {Rounds})", "Marten's daemon");
        row([Report.Number(daemons.Skip(1).Median())]);
        await Hosts.Stop(host);
    }
}
