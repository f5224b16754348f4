using System.Diagnostics;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>Two replicas of every service: one dies and comes back amid the work, then the other.</summary>
public sealed class ReplicaTests(ReplicatedSystem system) : ReplicatedTests(system.Started), IClassFixture<ReplayAfterwards>
{

    [LongFact]
    public async Task The_replicas_of_all_services_die_and_come_back_in_turn_under_load_and_all_is_exact()
    {
        var (creator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var free = await creator.Publish("Talked about on the move", null, reviewer);
        var product = (await system.Product(await creator.Publish("Bought on the move", 200, reviewer))).ProductId;
        await system.AllIsHeard();
        var (before, sales) = (await system.Activities(), await Scenarios.Sales(system));
        await using var load = await Load.Begin(system, free, product);
        await load.GoesOn(10);

        for (var turn = 0; turn < system.Replicas; turn++)
        {
            var first = await Task.WhenAll(CommunitySystem.Services.Select(system.Leader));
            await using var outages = new Outages();
            var watch = Stopwatch.StartNew();

            foreach (var (service, leader) in CommunitySystem.Services.Zip(first))
                outages.Add(await system.Kill(service, leader!));

            // All at once: each database's lock is free now.
            await Task.WhenAll(CommunitySystem.Services.Zip(first, async (service, dead) => await Eventually.Value(
                () => system.Leader(service), leader => leader is not null && leader != dead, $"another replica of {service} to lead")));
            Console.WriteLine($"Another replica of each service led after {watch.Elapsed.TotalSeconds:0.0} s.");
            await load.GoesOn(10);
            await outages.End();
            await load.GoesOn(10);
            // Which replica leads now is no matter: the lock may rightly have moved again.
            await Eventually.Value(
                async () => string.Join(' ', await Task.WhenAll(CommunitySystem.Services.Select(async service => await system.Leader(service) is null ? service : ""))).Trim(),
                without => without.Length == 0, "a leader of each service");
        }

        await load.End();
        await system.Counts(before, ("comment", load.Comments), ("order", load.Orders));
        Assert.Equal(load.Orders * 2 * 200, await Scenarios.Sales(system) - sales);
        await system.AllIsHeard();
        await system.NothingIsSetAside();
    }

    /// <summary>Between publication and purchase whoever leads a service dies; it comes back between the purchase and what follows from it.</summary>
    [LongFact]
    public async Task The_story_is_told_while_those_who_lead_the_services_die_amid_it()
    {
        var before = await system.Activities();

        for (var turn = 0; turn < system.Replicas; turn++)
        {
            await using var outages = new Outages();
            await new Story(system).Tell(
                written: async () =>
                {
                    var leaders = await Task.WhenAll(CommunitySystem.Services.Select(system.Leader));

                    foreach (var (service, leader) in CommunitySystem.Services.Zip(leaders))
                        outages.Add(await system.Kill(service, leader!));

                    await Task.WhenAll(CommunitySystem.Services.Zip(leaders, MovesOver));
                    await Task.WhenAll(CommunitySystem.Services.Select(system.IsHealthyByTurns));
                },
                bought: outages.End);
        }

        await system.Counts(before, [.. Enumerable.Repeat(Story.Activities, system.Replicas).SelectMany(activities => activities)]);
        await system.AllIsHeard();
        await system.NothingIsSetAside();
    }

    /// <summary>Another replica leads, and each of the shards comes to where the log stood when the other one died.</summary>
    private async Task MovesOver(string service, string? dead)
    {
        await using var database = await system.Database($"{service}db");
        await using var log = new NpgsqlCommand("select max(seq_id) from mt_events", database);
        var end = (long)(await log.ExecuteScalarAsync())!;
        await using var behind = new NpgsqlCommand("select name || ' ' || last_seq_id from mt_event_progression where name like '%:All' and last_seq_id < $1", database)
        { Parameters = { new() { Value = end } } };
        var watch = Stopwatch.StartNew();
        await Eventually.Value(
            async () => await system.Leader(service) is { } leader && leader != dead ? (string?)await behind.ExecuteScalarAsync() ?? "" : $"{dead} leads",
            late => late == "", $"another replica of {service} to lead, and its shards to reach {end}");
        Console.WriteLine($"Another replica of {service} did its work after {watch.Elapsed.TotalSeconds:0.0} s.");
    }
}
