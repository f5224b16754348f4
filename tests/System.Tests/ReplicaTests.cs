using Community.Testing;

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
            var first = await Task.WhenAll(CommunitySystem.Services.Select(system.Leader));
            var outages = new List<Outage>();

            foreach (var (service, leader) in CommunitySystem.Services.Zip(first))
                outages.Add(await system.Kill(service, leader!));

            // All at once: each database's lock is free now.
            var second = await Task.WhenAll(CommunitySystem.Services.Zip(first, async (service, dead) => await Eventually.Value(
                () => system.Leader(service), leader => leader is not null && leader != dead, Succession, $"another replica of {service} to lead")));
            await load.GoesOn(10);
            await Task.WhenAll(outages.Select(outage => outage.End()));
            await load.GoesOn(10);
            Assert.Equal(second, await Task.WhenAll(CommunitySystem.Services.Select(system.Leader)));
        }

        await load.End();
        await system.Counts(before, ("comment", load.Comments), ("order", load.Orders));
        Assert.Equal(load.Orders * 200, await Deeds.Sales(system) - sales);
        await system.AllIsHeard();
        await system.NothingIsSetAside();
        await system.EqualsAReplay();
    }
}
