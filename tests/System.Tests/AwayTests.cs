using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>A part of the system is away for a while: what members do goes on, and nothing of it is lost or counted twice.</summary>
public sealed class AwayTests(ReplicatedSystem system) : ReplicatedTests(system.Started), IClassFixture<ReplayAfterwards>
{
    [LongFact]
    public async Task The_story_goes_on_without_the_broker_and_all_follows_when_it_is_back()
    {
        var rules = await Rules.InForce(system);
        var (earlierCreator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var known = await earlierCreator.Publish("Known before the broker went", 500, reviewer);
        var knownProduct = await system.Product(known);
        await system.HasPoints(earlierCreator, rules.Earned(("content", 1)));
        var before = await system.Activities();

        await using var outage = await system.TakeBrokerAway();

        var (creator, member) = (await system.Join("creator"), await system.Join());
        var priced = await creator.Publish("Written while the broker was away", 1_200, reviewer);
        var free = await creator.Publish("Free while the broker was away", null, reviewer);
        await member.Post($"content/contents/{free}/views").Gives(204);
        await member.Comment(free);
        var topic = (await member.Post("content/topics", new { kind = "question", title = "Is anybody there?", body = "It is so quiet." }).Gives(201)).Id("topicId");
        var reply = (await creator.Post($"content/topics/{topic}/replies", new { body = "I am." }).Gives(201)).Id("replyId");
        await member.Put($"content/topics/{topic}/accepted-reply", new { replyId = reply }).Gives(204);
        await member.Pay(await member.Order(knownProduct.ProductId));

        foreach (var service in CommunitySystem.Services)
        {
            var health = await Eventually.Value(
                async () => await system.Anybody.Get($"{service}/health"), answer => answer.Json.Text("status") == "degraded", $"{service} to say that it is degraded");
            Assert.Equal(200, health.Status);
        }

        Assert.Empty((await system.Anybody.Get($"payments/products?subjectId={priced}").Gives(200))["items"]!.AsArray());
        Assert.Equal("preview", (await member.Get($"content/contents/{known}").Gives(200)).Text("access"));

        await outage.End();

        Assert.Equal(1_200, (await system.Product(priced)).Price.Amount);
        await member.CanReadAll(known);
        await system.HasPoints(creator, rules.Earned(("content", 2), ("reply", 1), ("acceptedReply", 1)));
        await system.HasPoints(member, rules.Earned(("view", 1), ("comment", 1), ("topic", 1), ("acceptance", 1), ("order", 1)));
        await system.Counts(before, ("content", 2), ("view", 1), ("comment", 1), ("topic", 1), ("reply", 1), ("order", 1));
        await system.AllIsHeard();
        Assert.True((bool)(await system.Owner.Get("payments/ledger/trial-balance").Gives(200))["balanced"]!);

        foreach (var service in CommunitySystem.Services)
        {
            await Eventually.Value(
                async () => await system.Anybody.Get($"{service}/health"), answer => answer.Json.Text("status") == "healthy", $"{service} healthy again");
        }
    }

    [LongFact]
    public async Task Points_are_exact_although_incentives_is_killed_amid_comments()
    {
        const int Comments = 60;
        var original = await system.Owner.Get("incentives/rules").Gives(200);
        var free = await (await system.Join("creator")).Publish("Much discussed", null, await system.Join("reviewer"));
        var members = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => system.Join()));
        await system.AllIsHeard();

        // Without a cap each comment makes a difference.
        await system.Owner.Post("incentives/rules", new { rules = original["rules"]!.AsArray().Select(Uncapped).ToArray() }).Gives(201);
        var rules = await Rules.InForce(system);
        Assert.Equal(Comments * rules.Earned(("comment", 1)), rules.Earned(("comment", Comments)));
        var before = await system.Activities();
        var (posted, half) = (0, new TaskCompletionSource());
        var posting = Task.WhenAll(members.Select(async member =>
        {
            for (var i = 0; i < Comments; i++)
            {
                await member.Comment(free);
                if (Interlocked.Increment(ref posted) == members.Length * Comments / 3)
                    half.SetResult();
            }
        }));
        await await Task.WhenAny(half.Task, posting);
        await using var outage = await system.Kill("incentives");
        await outage.End();
        await posting;

        foreach (var member in members)
        {
            await system.HasPoints(member, rules.Earned(("comment", Comments)));
            var entries = await member.All($"incentives/members/{member.Id}/points/entries");
            Assert.Equal(Comments, entries.Select(entry => entry.Text("cause")).Distinct().Count());
            Assert.Equal(Comments, entries.Count);
        }

        await system.AllIsHeard();
        await system.Counts(before, ("comment", members.Length * Comments));
        await system.Owner.Post("incentives/rules", new { rules = original["rules"]!.DeepClone() }).Gives(201);
    }

    [LongFact]
    public async Task Under_load_both_servers_are_killed_at_once_and_again_for_a_minute_each_and_nothing_acknowledged_is_lost()
    {
        var minute = TimeSpan.FromMinutes(1);
        var (creator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var free = await creator.Publish("Talked about in bad times", null, reviewer);
        var product = (await system.Product(await creator.Publish("Bought in bad times", 300, reviewer))).ProductId;
        await system.AllIsHeard();
        var before = await system.Activities();
        var sales = await Scenarios.Sales(system);
        await using var load = await Load.Begin(system, free, product);
        await load.GoesOn(20);

        // Restarted: both are away for as long as a crash and a start take.
        await (await system.TakeDatabaseAway()).End();
        await load.GoesOn(20);
        await (await system.TakeBrokerAway()).End();
        await load.GoesOn(20);

        // Away for a minute each, half of it together.
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await using var broker = await system.TakeBrokerAway();
        await load.GoesOn(40);
        var database = await system.TakeDatabaseAway();
        await using var _ = database;
        var databaseWentAfter = watch.Elapsed;

        foreach (var (method, address) in new[]
        {
            ("GET", "membership/members/me"), ("GET", "payments/orders"), ("GET", $"content/contents/{free}"), ("GET", "incentives/rules"),
            ("GET", "analytics/activity?period=month"), ("POST", $"content/contents/{free}/comments"), ("POST", "payments/orders"), ("POST", "membership/tokens"),
            ("POST", "incentives/rules"), ("POST", "analytics/activities")
        })
        {
            var refused = await Eventually.Value(
                () => system.Owner.Ask(new HttpMethod(method), address, method == "GET" ? null : System.Net.Http.Json.JsonContent.Create(BodyFor(address, free, product))),
                answer => answer.Status == 503, $"503 from {method} {address}");
            Assert.Equal("application/problem+json", refused.MediaType);
            Assert.NotNull(refused.RetryAfter);
        }

        await Eventually.True(() => Task.FromResult(watch.Elapsed >= minute), "a minute without the broker");
        await broker.End();
        await Eventually.True(() => Task.FromResult(watch.Elapsed - databaseWentAfter >= minute), "a minute without the database");
        await database.End();
        await load.GoesOn(20);
        await load.End();
        Assert.True(load.Refused > 0, "Nobody was told to try again.");

        await system.Counts(before, ("comment", load.Comments), ("order", load.Orders));
        Assert.Equal(load.Comments, (await system.Owner.All($"content/contents/{free}/comments")).Select(comment => comment.Text("commentId")).Distinct().Count());
        Assert.Equal(load.Orders * 2 * 300, await Scenarios.Sales(system) - sales);
        await system.AllIsHeard();
        await system.NothingIsSetAside();
    }

    private static object BodyFor(string address, Guid content, Guid product) => address switch
    {
        "payments/orders" => new { items = new[] { new { productId = product, quantity = 1 } } },
        "membership/tokens" => new { name = "never made", scopes = new[] { "read" } },
        "incentives/rules" => new { rules = new[] { new { rule = "comment", activity = "comment", points = 1 } } },
        "analytics/activities" => new { activities = new[] { new { kind = StoryScenarios.ToldByClients, at = TimeProvider.System.GetUtcNow() } } },
        _ => new { body = $"Never said about {content}." }
    };

    private static JsonNode Uncapped(JsonNode? rule)
    {
        var uncapped = rule!.DeepClone().AsObject();
        uncapped.Remove("dailyCap");
        uncapped.Remove("capGroup");

        return uncapped;
    }
}
