using Community.Client.Content;
using Community.Client.Membership;
using Community.Client.Payments;
using Community.Testing;

namespace Community.SystemTests;

[Collection(typeof(OnOneSystem))]
public sealed class StoryTests(CommunitySystem system)
{
    [Fact]
    public async Task Of_two_who_set_up_at_once_one_becomes_the_owner()
    {
        Assert.Equal([201, 409], system.Foundings.Select(answer => answer.Status).Order());

        Assert.Contains("owner", (await system.Owner.Membership.GetMembersMeAsync().Gives()).Roles);
        Assert.Equal("Programmers", (await system.Anybody.Membership.GetSettingsAsync().Gives()).Name);
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

    /// <summary>Before all that happens here.</summary>
    private static readonly DateTimeOffset Before = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

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
        await creator.Content.PostContentsByIdPublicationAsync(article).IsRefused(409);
        await creator.Content.PostContentsByIdSubmissionAsync(article);
        await creator.Review(article).IsRefused(403);
        await system.Anybody.Content.GetContentsByIdAsync(article).IsRefused(404);
        await reviewer.Review(article);
        await creator.Content.PostContentsByIdPublicationAsync(article);
        await Eventually.True(
            async () => (await system.Anybody.Get("portal/")).Body.Contains(title, StringComparison.Ordinal), "the portal to show it");

        // A preview for who has not paid.
        foreach (var reader in new[] { system.Anybody, member })
        {
            var preview = await reader.Content.GetContentsByIdAsync(article).Gives();
            Assert.Equal((AccessLevel.Preview, StoryScenarios.FirstParagraph, Price), (preview.Access, preview.Body, preview.Requires.Price?.Amount));
        }

        await member.Content.PostContentsByIdCommentsAsync(article, new() { Body = "Not yet." }).IsRefused(403);
        await member.Content.PostContentsByIdViewsAsync(article);

        await (written?.Invoke() ?? Task.CompletedTask);

        // Payments has heard of it; the member orders, once, and pays.
        var product = await system.Product(article);
        Assert.Equal((title, Price, "CNY"), (product.Name, product.Price.Amount, product.Price.Currency));
        var order = await member.Order(product.ProductId, "my order");
        Assert.Equal(order, await member.Order(product.ProductId, "my order"));
        await member.Pay(order);

        await (bought?.Invoke() ?? Task.CompletedTask);

        // All of it, then.
        await member.CanReadAll(article);
        Assert.Contains(StoryScenarios.Rest, (await member.Content.GetContentsByIdAsync(article).Gives()).Body, StringComparison.Ordinal);
        Assert.Equal(AccessLevel.Preview, (await system.Anybody.Content.GetContentsByIdAsync(article).Gives()).Access);
        await member.Comment(article);

        // What follows from it elsewhere.
        await system.HasPoints(creator, rules.Earned(("content", 1)));
        await system.HasPoints(member, rules.Earned(("view", 1), ("order", 1), ("comment", 1)));
        await system.HasPoints(reviewer, 0);

        var balance = await system.Owner.Payments.GetLedgerTrialBalanceAsync().Gives();
        Assert.True(balance.Balanced);
        Assert.InRange(balance.Accounts.Sum(account => account.Debit), Price, double.MaxValue);

        await The_order_tells_its_past(member, order);
        await The_member_tells_their_past(creator);
    }

    private async Task The_order_tells_its_past(Person member, Guid order)
    {
        var history = (await member.Payments.GetOrdersByIdHistoryAsync(order).Gives()).Items;
        Assert.Equal(["order-placed.v1", "order-payment-started.v1", "order-paid.v1"], history.Select(e => e.Type));
        Assert.Equal([1, 2, 3], history.Select(e => e.Version));
        Assert.Equal([$"{member.Id}", $"{member.Id}", "sandbox"], history.Select(e => e.By));
        Assert.Equal("\"3\"", (await member.Payments.GetOrdersByIdAsync(order)).ETag);

        OrderStatus[] statuses = [OrderStatus.Placed, OrderStatus.Placed, OrderStatus.Paid];
        foreach (var (e, status) in history.Zip(statuses))
            Assert.Equal(status, (await member.Payments.GetOrdersByIdAsync(order, e.At).Gives()).Status);

        await member.Payments.GetOrdersByIdAsync(order, Before).IsRefused(404);
        await (await system.Join()).Payments.GetOrdersByIdHistoryAsync(order).IsRefused(404);
    }

    private async Task The_member_tells_their_past(Person creator)
    {
        var history = (await creator.Membership.GetMembersByIdHistoryAsync(creator.Id).Gives()).Items;
        Assert.Equal(["member-joined.v1", "role-granted.v1", "role-granted.v1"], history.Select(e => e.Type));
        Assert.Equal(creator.Name, history[0].Data.Text("name"));
        Assert.Equal($"{system.Owner.Id}", history[1].By);

        string[][] roles = [["member"], ["creator", "member"], ["creator", "member", "reviewer"]];
        foreach (var (e, then) in history.Zip(roles))
            Assert.Equal(then, (await creator.Membership.GetMembersByIdAsync(creator.Id, e.At).Gives()).Roles.Order());

        await creator.Membership.GetMembersByIdAsync(creator.Id, Before).IsRefused(404);
        await system.Anybody.Membership.GetMembersByIdAsync(creator.Id, history[0].At).IsRefused(403);
    }
}
