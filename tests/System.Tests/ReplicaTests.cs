using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>Two replicas of every service: one dies and comes back amid the work, then the other.</summary>
public sealed class ReplicaTests(CommunitySystem system)
{
    /// <summary>Within which another replica runs the relay and the projections of one that died.</summary>
    private static readonly TimeSpan Succession = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_replicas_of_all_services_die_and_come_back_in_turn_under_load_and_all_is_exact()
    {
        var (creator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var free = await creator.Publish("Talked about on the move", null, reviewer);
        var product = (await system.Product(await creator.Publish("Bought on the move", 200, reviewer))).Id("productId");
        await system.AllIsHeard();
        var (before, sales) = (await system.Activities(), await Deeds.Sales(system));
        await using var load = await Load.Begin(system, free, product);
        await load.GoesOn(10);

        for (var turn = 0; turn < CommunitySystem.Replicas; turn++)
        {
            var outages = new List<Outage>();
            IReadOnlyList<string?> second = [];
            await new Story(system).Tell(
                written: async () =>
                {
                    var first = await Leaders();

                    foreach (var (service, leader) in CommunitySystem.Services.Zip(first))
                        outages.Add(await system.Kill(service, leader!));

                    // All at once: each database's lock is free now, and there is something to do for each shard.
                    await Task.WhenAll(CommunitySystem.Services.Zip(first, MovesOver));
                    second = await Leaders();
                    await Task.WhenAll(CommunitySystem.Services.Select(system.IsHealthyByTurns));
                    await load.GoesOn(10);
                },
                bought: async () =>
                {
                    await Task.WhenAll(outages.Select(outage => outage.End()));
                    await load.GoesOn(10);
                });
            Assert.Equal(second, await Leaders());
        }

        await load.End();
        await system.Counts(before, [.. Stories(), ("comment", load.Comments), ("order", load.Orders)]);
        Assert.Equal(load.Orders * 200 + CommunitySystem.Replicas * Story.Price, await Deeds.Sales(system) - sales);
        await system.AllIsHeard();
        await system.NothingIsSetAside();
        await system.EqualsAReplay();

        async Task<IReadOnlyList<string?>> Leaders() => await Task.WhenAll(CommunitySystem.Services.Select(system.Leader));

        static IEnumerable<(string, int)> Stories() => Enumerable.Repeat(Story.Activities, CommunitySystem.Replicas).SelectMany(activities => activities);
    }

    /// <summary>Another replica leads, and each of the shards stands where the log stood when the other one died, or later.</summary>
    private async Task MovesOver(string service, string? dead)
    {
        await using var database = await system.Database($"{service}db");
        await using var log = new NpgsqlCommand("select max(seq_id) from mt_events", database);
        var end = (long)(await log.ExecuteScalarAsync())!;
        await using var behind = new NpgsqlCommand("select name || ' ' || last_seq_id from mt_event_progression where name like '%:All' and last_seq_id < $1", database)
        { Parameters = { new() { Value = end } } };
        await Eventually.Value(
            async () => await system.Leader(service) is { } leader && leader != dead ? (string?)await behind.ExecuteScalarAsync() ?? "" : $"{dead} leads",
            late => late == "", Succession, $"another replica of {service} to lead, and its shards to reach {end}");
    }
}
