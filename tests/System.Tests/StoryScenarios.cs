using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>What happens in more than one story.</summary>
internal static class StoryScenarios
{
    public const string FirstParagraph = "Everybody may read how it begins.";
    public const string Rest = "Only who has paid reads how it ends.";

    /// <summary>The kind of activity that a client has told analytics itself: it goes with analytics' database, and nobody tells it again.</summary>
    public const string ToldByClients = "click";


    public static async Task<Guid> Draft(this Person creator, string title, long? price)
    {
        var draft = await creator.Post("content/contents", new
        {
            title,
            topic = "event sourcing",
            format = "article",
            body = $"# {title}\n\n{FirstParagraph}\n\n{Rest}",
            tags = new[] { "events" },
            requires = new { price = price is null ? null : new { amount = price, currency = "CNY" } }
        }).Gives(201);
        Assert.Equal("draft", draft.Text("status"));

        return draft.Id("contentId");
    }

    public static async Task<Guid> Publish(this Person creator, string title, long? price, Person reviewer)
    {
        var id = await creator.Draft(title, price);
        Assert.Equal("submitted", (await creator.Post($"content/contents/{id}/submission").Gives(200)).Text("status"));
        await reviewer.Review(id).Gives(200);
        Assert.Equal("published", (await creator.Post($"content/contents/{id}/publication").Gives(200)).Text("status"));

        return id;
    }

    public static Task<Answer> Review(this Person reviewer, Guid content) =>
        reviewer.Post($"content/contents/{content}/reviews", new { verdict = "approved", quality = 4, notes = "clear" });

    public static async Task<Guid> Comment(this Person member, string subject) =>
        (await member.Post($"content/{subject}/comments", new { body = "That helped me." }).Gives(201)).Id("commentId");

    public static async Task<Guid> Order(this Person member, Guid product, string? idempotencyKey = null)
    {
        var order = await member.Post("payments/orders", new { items = new[] { new { productId = product, quantity = 1 } } }, idempotencyKey).Gives(201);
        Assert.Equal("placed", order.Text("status"));

        return order.Id("orderId");
    }

    public static async Task Pay(this Person member, Guid order)
    {
        var payment = await member.Post($"payments/orders/{order}/payments", new { gateway = "sandbox" }).Gives(201);
        Assert.Equal("redirect", payment["action"]!.Text("kind"));
        await (member with { Token = null }).Post(payment["action"]!.Text("url")).Gives(204);
        Assert.Equal("paid", (await member.Get($"payments/orders/{order}").Gives(200)).Text("status"));
    }

    /// <summary>The product that payments made of a content, once it has heard of it.</summary>
    public static async Task<JsonNode> Product(this CommunitySystem system, Guid content) => (await Eventually.Value(
        async () => (await system.Anybody.Get($"payments/products?subjectId={content}").Gives(200))["items"]!.AsArray().SingleOrDefault(),
        product => product is not null, $"payments to offer the content {content}"))!;

    public static Task CanReadAll(this Person member, Guid content) => Eventually.True(
        async () => (await member.Get($"content/contents/{content}").Gives(200)).Text("access") == "full", "content to open for who paid");

    public static async Task HasPoints(this CommunitySystem system, Person member, long points)
    {
        // First at least as many: a point too much would come a little later.
        await Eventually.Value(() => Points(system, member), now => now >= points, $"{points} points");
        Assert.Equal(points, await Points(system, member));
    }

    /// <summary>What has been counted of each kind of activity that services tell of, in all time.</summary>
    public static async Task<Dictionary<string, long>> Activities(this CommunitySystem system) =>
        (await system.Owner.Get("analytics/activity?period=month").Gives(200))["periods"]!.AsArray()
            .SelectMany(period => period!["counts"]!.AsObject())
            .Where(count => count.Key != ToldByClients)
            .GroupBy(count => count.Key).ToDictionary(kind => kind.Key, kind => kind.Sum(count => (long)count.Value!));

    /// <summary>Waits until these and no others were counted since.</summary>
    public static async Task Counts(this CommunitySystem system, Dictionary<string, long> before, params (string Kind, int More)[] expected)
    {
        var wanted = before.Keys.Union(expected.Select(e => e.Kind)).Order()
            .Select(kind => $"{kind} {before.GetValueOrDefault(kind) + expected.Where(e => e.Kind == kind).Sum(e => e.More)}");
        var line = string.Join(", ", wanted);
        await Eventually.Value(
            async () => string.Join(", ", (await system.Activities()).OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value}")),
            now => now == line, $"analytics to count: {line}");
    }

    private static async Task<long> Points(CommunitySystem system, Person member) =>
        (long)(await system.Owner.Get($"incentives/members/{member.Id}/points").Gives(200))["balance"]!;
}

/// <summary>The rules of the day, as the service tells them.</summary>
internal sealed class Rules(JsonNode rules)
{
    public static async Task<Rules> InForce(CommunitySystem system) => new(await system.Owner.Get("incentives/rules").Gives(200));

    /// <summary>
    /// What a member who did this on one day has earned, caps observed: by doing it, or, of an accepted reply, by having
    /// written it. Who accepted one has done <c>acceptance</c>.
    /// </summary>
    public long Earned(params (string Activity, int Times)[] done) => done.Sum(one => rules["rules"]!.AsArray()
        .Where(rule => Done(rule!) == one.Activity)
        .Sum(rule => Math.Min(one.Times * (long)rule!["points"]!, (long?)rule["dailyCap"] ?? long.MaxValue)));

    private static string Done(JsonNode rule) => (rule.Text("activity"), (string?)rule["to"]) switch
    {
        ("acceptedReply", null or "author") => "acceptedReply",
        ("acceptedReply", _) => "acceptance",
        (var activity, null or "actor") => activity,
        (var activity, _) => $"{activity} received"
    };
}
