using System.Text.Json.Nodes;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>
/// Services die at their worst moments, held there by the database; or hear the same again and again; or hear all of it
/// late. After each, money, points and figures are exact.
/// </summary>
public sealed class WorstMomentTests(ReplicatedSystem system) : ReplicatedTests(system.Started), IClassFixture<ReplayAfterwards>
{


    [LongTheory]
    [InlineData("content")]
    [InlineData("payments")]
    public async Task What_a_killed_relay_said_and_did_not_note_is_said_again_by_the_other_replica_and_counts_once(string service)
    {
        var scenarios = await Scenarios.Prepare(system);
        await using var collector = await MessageCollector.Open(system.Broker);
        await using var hold = await Hold.On(
            await system.Database($"{service}db"), "select from mt_event_progression where name = 'relay:All' for update");

        await scenarios.Do();
        var relay = (await Eventually.Value(hold.Waiters, waiters => waiters.Count == 1, "a relay about to note what it has said"))[0];
        var saidByIt = await Ids();
        Assert.NotEmpty(saidByIt);
        await using var outage = await system.Kill(service, relay.Application);
        await hold.Abandon(relay);
        await hold.Release();

        var last = await Number(service, "select max(seq_id) from mt_events");
        await Eventually.Value(
            () => Number(service, "select last_seq_id from mt_event_progression where name = 'relay:All'"), noted => noted >= last, $"the other replica of {service} to relay up to {last}");
        await Eventually.Value(
            async () => (await Ids()).CountBy(id => id).ToDictionary(), times => saidByIt.TrueForAll(id => times[id] >= 2), "all that was not noted to be said again");
        await outage.End();
        await scenarios.AreExact();

        async Task<List<string>> Ids() => [.. (await collector.Heard())
            .Where(said => said.Text.Contains($"community-source {service}\n", StringComparison.Ordinal)).Select(said => said.Properties.MessageId!)];
    }

    [LongTheory]
    [InlineData("incentives")]
    [InlineData("payments")]
    [InlineData("analytics")]
    public async Task What_a_killed_consumer_did_and_did_not_acknowledge_comes_again_and_does_nothing(string service)
    {
        var scenarios = await Scenarios.Prepare(system);
        await using var collector = await MessageCollector.Open(system.Broker);
        var before = await Inbox(service);
        await using var hold = await Hold.On(await system.Database($"{service}db"), "lock table inbox in exclusive mode");

        await scenarios.Do();
        await Eventually.Value(hold.Waiters, waiters => waiters.Count > 0, $"consumers of {service} at work");
        Outage outage;

        await using (var commits = await HeldCommits.Begin(system))
        {
            await hold.Release();
            await Eventually.Value(() => commits.Waiting($"{service}db"), waiting => waiting > 0, $"work of {service} that is durable");
            outage = await system.Kill(service);
        }

        await using var _ = outage;
        var done = (await Inbox(service)).Select(queue => (Queue: queue.Key, Count: queue.Value - before.GetValueOrDefault(queue.Key))).Where(queue => queue.Count > 0).ToList();
        Assert.NotEmpty(done);

        // Done by the dead, and yet back in the queue: nobody acknowledged it.
        foreach (var (queue, count) in done)
            await Eventually.Value(() => collector.Waiting(queue), waiting => waiting >= count, $"{count} messages to be back in {queue}");

        await outage.End();
        await scenarios.AreExact();
    }

    [LongFact]
    public async Task The_same_hundred_times_and_shuffled_counts_once()
    {
        const int Seed = 20261122;
        var scenarios = await Scenarios.Prepare(system);
        await using var collector = await MessageCollector.Open(system.Broker);
        await scenarios.Do();
        await system.AllIsHeard();
        var said = (await collector.Heard()).ToArray();
        Assert.True(said.Length > 10, $"{said.Length} messages");
        TestContext.Current.SendDiagnosticMessage($"{said.Length} messages, 100 times each, seed {Seed}");
        var again = Enumerable.Repeat(said, 100).SelectMany(messages => messages).ToArray();
        new Random(Seed).Shuffle(again);

        foreach (var message in again)
            await collector.SayAgain(message);

        await system.AllQueuesAreEmpty();
        await scenarios.AreExact();
    }

    [LongFact]
    public async Task Services_that_start_for_the_first_time_after_a_thousand_events_come_to_the_same()
    {
        const int Comments = 1_000;
        var talk = await (await system.Join("creator")).Publish("Talked about", null, await system.Join("reviewer"));
        var scenarios = await Scenarios.Prepare(system);
        await scenarios.Do();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async part =>
        {
            var member = await system.Join();
            for (var i = 0; i < Comments / 8; i++)
                await member.Comment(talk);
        }));
        await system.AllIsHeard();
        var figures = await Figures();

        await Task.WhenAll(new[] { "incentives", "analytics" }.Select(async service =>
        {
            await using var outage = await system.Kill(service);
            await Forget(service);
            await outage.End();
        }));

        await system.AllIsHeard();
        Assert.Equal(figures, await Eventually.Value(Figures, now => now == figures, "the same figures"));
        await scenarios.AreExact(Comments);

        async Task<string> Figures() => string.Join('\n', await Task.WhenAll(
            new[] { "activity?period=month", "activity?period=day", "lifecycle?period=month", "retention?period=week" }
                .Select(async figure => ToldByServices(await system.Owner.Get($"analytics/{figure}").Gives(200)))));

        static string ToldByServices(JsonNode figure)
        {
            foreach (var period in figure["periods"]?.AsArray() ?? [])
                (period!["counts"] as JsonObject)?.Remove(StoryScenarios.ToldByClients);

            return figure.ToJsonString();
        }
    }

    /// <summary>As if the service had never been started here.</summary>
    private async Task Forget(string service)
    {
        await using (var collector = await MessageCollector.Open(system.Broker))
            foreach (var queue in await system.Queues(service))
                await collector.Delete(queue);

        await using var server = await system.Database("postgres");
        await Hold.Execute(server, $"drop database {service}db with (force)");
        await Hold.Execute(server, $"create database {service}db");
    }

    private async Task<Dictionary<string, long>> Inbox(string service)
    {
        await using var connection = await system.Database($"{service}db");
        await using var select = new NpgsqlCommand("select consumer, count(*) from inbox group by consumer", connection);
        await using var rows = await select.ExecuteReaderAsync();
        var counts = new Dictionary<string, long>();

        while (await rows.ReadAsync())
            counts.Add(rows.GetString(0), rows.GetInt64(1));

        return counts;
    }

    private async Task<long> Number(string service, string sql)
    {
        await using var connection = await system.Database($"{service}db");
        await using var select = new NpgsqlCommand(sql, connection);

        return (long)(await select.ExecuteScalarAsync())!;
    }
}
