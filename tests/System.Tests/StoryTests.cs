using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.SystemTests;

[Collection(typeof(OnOneSystem))]
public sealed class StoryTests(CommunitySystem system)
{
    [Fact]
    public async Task Of_two_who_set_up_at_once_one_becomes_the_owner()
    {
        Assert.Equal([201, 409], system.Foundings.Select(answer => answer.Status).Order());

        var owner = await system.Owner.Get("membership/members/me").Gives(200);
        Assert.Contains("owner", owner["roles"]!.AsArray().Select(role => (string?)role));
        Assert.Equal("Programmers", (await system.Anybody.Get("membership/settings").Gives(200)).Text("name"));
        Assert.Equal("Programmers", (await system.Anybody.Get("portal/.well-known/community.json").Gives(200)).Text("name"));
    }

    [Fact]
    public async Task From_a_draft_to_points_and_figures()
    {
        var before = await system.Activities();
        await new Story(system).Tell();
        await system.Counts(before, Story.Activities);
    }
}

/// <summary>A member, an author and a reviewer, from a draft to points and a ledger.</summary>
internal sealed class Story(CommunitySystem system)
{
    public const long Price = 9_900;

    /// <summary>What of it analytics counts.</summary>
    public static readonly (string Kind, int More)[] Activities = [("content", 1), ("view", 1), ("order", 1), ("comment", 1)];

    /// <param name="written">What happens between publication and purchase.</param>
    /// <param name="bought">What happens between purchase and all that follows from it.</param>
    public async Task Tell(Func<Task>? written = null, Func<Task>? bought = null)
    {
        var (creator, reviewer, member) = (await system.Join("creator", "reviewer"), await system.Join("reviewer"), await system.Join());
        var rules = await Rules.InForce(system);

        // Drafted, reviewed by another, published.
        var title = $"How facts travel {Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        var article = await creator.Draft(title, price: Price);
        await creator.Post($"content/contents/{article}/publication").Gives(409);
        await creator.Post($"content/contents/{article}/submission").Gives(200);
        await creator.Review(article).Gives(403);
        await system.Anybody.Get($"content/contents/{article}").Gives(404);
        await reviewer.Review(article).Gives(200);
        await creator.Post($"content/contents/{article}/publication").Gives(200);
        await Eventually.True(
            async () => (await system.Anybody.Get("portal/")).Body.Contains(title, StringComparison.Ordinal), "the portal to show it");

        // A preview for who has not paid.
        foreach (var reader in new[] { system.Anybody, member })
        {
            var preview = await reader.Get($"content/contents/{article}").Gives(200);
            Assert.Equal(("preview", StoryScenarios.FirstParagraph), (preview.Text("access"), preview.Text("body")));
            Assert.Equal(Price, (long)preview["requires"]!["price"]!["amount"]!);
        }

        await member.Post($"content/contents/{article}/comments", new { body = "Not yet." }).Gives(403);
        await member.Post($"content/contents/{article}/views").Gives(204);

        await (written?.Invoke() ?? Task.CompletedTask);

        // Payments has heard of it; the member orders, once, and pays.
        var product = await system.Product(article);
        Assert.Equal((title, Price, "CNY"), (product.Text("name"), (long)product["price"]!["amount"]!, product["price"]!.Text("currency")));
        var order = await member.Order(product.Id("productId"), "my order");
        Assert.Equal(order, await member.Order(product.Id("productId"), "my order"));
        await member.Pay(order);

        await (bought?.Invoke() ?? Task.CompletedTask);

        // All of it, then.
        await member.CanReadAll(article);
        Assert.Contains(StoryScenarios.Rest, (await member.Get($"content/contents/{article}").Gives(200)).Text("body"), StringComparison.Ordinal);
        Assert.Equal("preview", (await system.Anybody.Get($"content/contents/{article}").Gives(200)).Text("access"));
        await member.Comment($"contents/{article}");

        // What follows from it elsewhere.
        await system.HasPoints(creator, rules.Earned(("content", 1)));
        await system.HasPoints(member, rules.Earned(("view", 1), ("order", 1), ("comment", 1)));
        await system.HasPoints(reviewer, 0);

        var balance = await system.Owner.Get("payments/ledger/trial-balance").Gives(200);
        Assert.True((bool)balance["balanced"]!);
        Assert.True(balance["accounts"]!.AsArray().Sum(account => (long)account!["debit"]!) >= Price, balance.ToString());

        await The_order_tells_its_past(member, order);
        await The_member_tells_their_past(creator);
    }

    private async Task The_order_tells_its_past(Person member, Guid order)
    {
        var history = (await member.Get($"payments/orders/{order}/history").Gives(200))["items"]!.AsArray();
        Assert.Equal(["order-placed.v1", "order-payment-started.v1", "order-paid.v1"], history.Select(e => e!.Text("type")));
        Assert.Equal([1, 2, 3], history.Select(e => (long)e!["version"]!));
        Assert.Equal([$"{member.Id}", $"{member.Id}", "sandbox"], history.Select(e => e!.Text("by")));
        Assert.Equal("\"3\"", (await member.Get($"payments/orders/{order}")).Version);

        Assert.Equal("placed", (await member.Get($"payments/orders/{order}?asOf={At(history[0])}").Gives(200)).Text("status"));
        Assert.Equal("placed", (await member.Get($"payments/orders/{order}?asOf={At(history[1])}").Gives(200)).Text("status"));
        Assert.Equal("paid", (await member.Get($"payments/orders/{order}?asOf={At(history[2])}").Gives(200)).Text("status"));
        await member.Get($"payments/orders/{order}?asOf=2020-01-01T00:00:00Z").Gives(404);
        await (await system.Join()).Get($"payments/orders/{order}/history").Gives(404);
    }

    private async Task The_member_tells_their_past(Person creator)
    {
        var history = (await creator.Get($"membership/members/{creator.Id}/history").Gives(200))["items"]!.AsArray();
        Assert.Equal(["member-joined.v1", "role-granted.v1", "role-granted.v1"], history.Select(e => e!.Text("type")));
        Assert.Equal(creator.Name, history[0]!["data"]!.Text("name"));
        Assert.Equal($"{system.Owner.Id}", history[1]!.Text("by"));

        Assert.Equal(["member"], await Roles(At(history[0])));
        Assert.Equal(["creator", "member"], await Roles(At(history[1])));
        Assert.Equal(["creator", "member", "reviewer"], await Roles(At(history[2])));
        await creator.Get($"membership/members/{creator.Id}?asOf=2020-01-01T00:00:00Z").Gives(404);
        await system.Anybody.Get($"membership/members/{creator.Id}?asOf={At(history[0])}").Gives(403);

        async Task<IEnumerable<string?>> Roles(string asOf) =>
            (await creator.Get($"membership/members/{creator.Id}?asOf={asOf}").Gives(200))["roles"]!.AsArray().Select(role => (string?)role).Order();
    }

    private static string At(JsonNode? historyItem) => Uri.EscapeDataString(historyItem!.Text("at"));
}
