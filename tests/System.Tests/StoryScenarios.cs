using System.Text.Json;
using Community.Client.Content;
using Community.Client.Incentives;
using Community.Client.Payments;
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
        var draft = await creator.Content.PostContentsAsync(new()
        {
            Title = title,
            Topic = "event sourcing",
            Format = Format.Article,
            Body = $"# {title}\n\n{FirstParagraph}\n\n{Rest}",
            Tags = ["events"],
            Requires = new() { Price = price is { } amount ? new() { Amount = amount, Currency = "CNY" } : null }
        }).Gives();
        Assert.Equal(Stage.Draft, draft.Status);

        return draft.ContentId;
    }

    public static async Task<Guid> Publish(this Person creator, string title, long? price, Person reviewer)
    {
        var id = await creator.Draft(title, price);
        Assert.Equal(Stage.Submitted, (await creator.Content.PostContentsByIdSubmissionAsync(id).Gives()).Status);
        await reviewer.Review(id);
        Assert.Equal(Stage.Published, (await creator.Content.PostContentsByIdPublicationAsync(id).Gives()).Status);

        return id;
    }

    public static Task Review(this Person reviewer, Guid content) =>
        reviewer.Content.PostContentsByIdReviewsAsync(content, new() { Verdict = Verdict.Approved, Quality = 4, Notes = "clear" });

    public static async Task<Guid> Comment(this Person member, Guid content) =>
        (await member.Content.PostContentsByIdCommentsAsync(content, new() { Body = "That helped me." }).Gives()).CommentId;

    public static async Task<Guid> Order(this Person member, Guid product, string? idempotencyKey = null)
    {
        var order = await member.Payments.PostOrdersAsync(new() { Items = [new() { ProductId = product, Quantity = 1 }] }, idempotencyKey).Gives();
        Assert.Equal(OrderStatus.Placed, order.Status);

        return order.OrderId;
    }

    public static async Task Pay(this Person member, Guid order)
    {
        var payment = await member.Payments.PostOrdersByIdPaymentsAsync(order, new() { Gateway = "sandbox" }).Gives();
        Assert.Equal("redirect", payment.Action.Kind);
        await (member with { Token = null }).Post(payment.Action.Url.AbsoluteUri).Gives(204); // the payer's browser, at the gateway
        Assert.Equal(OrderStatus.Paid, (await member.Payments.GetOrdersByIdAsync(order).Gives()).Status);
    }

    /// <summary>The product that payments made of a content, once it has heard of it.</summary>
    public static async Task<ProductView> Product(this CommunitySystem system, Guid content) => (await Eventually.Value(
        async () => (await system.Anybody.Payments.GetProductsAsync(subjectId: content).Gives()).Items.SingleOrDefault(),
        product => product is not null, $"payments to offer the content {content}"))!;

    public static Task CanReadAll(this Person member, Guid content) => Eventually.True(
        async () => (await member.Content.GetContentsByIdAsync(content).Gives()).Access == AccessLevel.Full, "content to open for who paid");

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
        (await system.Owner.Incentives.GetMembersByIdPointsAsync(member.Id).Gives()).Balance;
}

/// <summary>The rules of the day, as the service tells them.</summary>
internal sealed class Rules(IReadOnlyList<EarningRule> rules)
{
    public static async Task<Rules> InForce(CommunitySystem system) => new((await system.Owner.Incentives.GetRulesAsync().Gives()).Rules);

    /// <summary>
    /// What a member who did this on one day has earned, caps observed: by doing it, or, of an accepted reply, by having
    /// written it. Who accepted one has done <c>acceptance</c>.
    /// </summary>
    public long Earned(params (string Activity, int Times)[] done) => done.Sum(one => rules
        .Where(rule => Done(rule) == one.Activity)
        .Sum(rule => Math.Min((long)one.Times * rule.Points, rule.DailyCap ?? long.MaxValue)));

    private static string Done(EarningRule rule) => (rule.Activity, rule.To) switch
    {
        (EarningRuleActivity.AcceptedReply, null or Beneficiary.Author) => "acceptedReply",
        (EarningRuleActivity.AcceptedReply, _) => "acceptance",
        (var activity, null or Beneficiary.Actor) => Name(activity),
        (var activity, _) => $"{Name(activity)} received"
    };

    private static string Name(EarningRuleActivity activity) => JsonNamingPolicy.CamelCase.ConvertName(activity.ToString());
}
