using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Tiers;
using Community.Payments.Contracts;
using Community.Testing;
using Npgsql;

namespace Community.Membership.Tests.Tiers;

public sealed class PaidTierTests(MembershipService membership)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly (Guid First, Guid Second) Ids = (new(1, 0, 0, new byte[8]), new(2, 0, 0, new byte[8]));
    private static readonly MemberJoined Joined = new(new Sealed(Ids.First, ""), null, Noon, false);

    [Fact]
    public void The_last_word_of_each_subscription_counts_and_the_latest_of_those_that_live_is_the_tier()
    {
        var silver = new SubscriptionNoted(Ids.First, "silver", 3, Noon);
        var gold = new SubscriptionNoted(Ids.Second, "gold", 1, Noon.AddDays(1));
        TierGranted Paid(string tier, DateTimeOffset at) => new(TierSource.Subscription, tier, Until: null, By: null, at);

        Spec.For(MemberTiers.Decider).Given(Joined).When(new RecordSubscription(Ids.First, "silver", 3, Noon)).Then(silver, Paid("silver", Noon));
        var one = Spec.For(MemberTiers.Decider).Given(Joined, silver, Paid("silver", Noon));
        one.When(new RecordSubscription(Ids.First, "bronze", 2, Noon)).ThenNothing();
        one.When(new RecordSubscription(Ids.First, "bronze", 3, Noon)).ThenNothing();
        one.When(new RecordSubscription(Ids.First, "silver", 4, Noon)).Then(silver with { Version = 4 });
        one.When(new RecordSubscription(Ids.First, null, 4, Noon)).Then(silver with { Tier = null, Version = 4 }, new TierEnded(TierSource.Subscription, By: null, Noon));
        one.When(new RecordSubscription(Ids.Second, "gold", 1, Noon.AddDays(1))).Then(gold, Paid("gold", Noon.AddDays(1)));
        var two = one.Given(gold, Paid("gold", Noon.AddDays(1)));
        two.When(new RecordSubscription(Ids.Second, null, 2, Noon.AddDays(2))).Then(
            gold with { Tier = null, Version = 2, At = Noon.AddDays(2) }, Paid("silver", Noon.AddDays(2)));
        two.When(new RecordSubscription(Ids.First, null, 4, Noon.AddDays(2))).Then(silver with { Tier = null, Version = 4, At = Noon.AddDays(2) });

        // Also of who has left, for they may come back.
        one.Given(new MemberDeparted(Noon)).When(new RecordSubscription(Ids.First, null, 4, Noon))
            .Then(silver with { Tier = null, Version = 4 }, new TierEnded(TierSource.Subscription, By: null, Noon));
    }

    [Fact]
    public void What_somebody_gives_takes_nothing_away()
    {
        var gold = new SubscriptionNoted(Ids.First, "gold", 1, Noon);
        var shown = new TierGranted(TierSource.Subscription, "gold", Until: null, By: null, Noon);
        var given = new SubscriptionNoted(Ids.Second, "bronze", 1, Noon.AddDays(1)) { Given = true };
        var paying = Spec.For(MemberTiers.Decider).Given(Joined, gold, shown);
        paying.When(new RecordSubscription(Ids.Second, "bronze", 1, Noon.AddDays(1)) { Given = true }).Then(given);

        // What is told of it later does not say again who pays.
        paying.Given(given).When(new RecordSubscription(Ids.Second, "bronze", 2, Noon.AddDays(2))).Then(given with { Version = 2, At = Noon.AddDays(2) });
        paying.Given(given).When(new RecordSubscription(Ids.First, null, 2, Noon.AddDays(2))).Then(
            gold with { Tier = null, Version = 2, At = Noon.AddDays(2) }, shown with { Tier = "bronze", At = Noon.AddDays(2) });
    }

    [Fact]
    public async Task All_tiers_of_a_member_are_told_and_the_cheaper_gift_ends_alone()
    {
        await using var neighbour = await Neighbour.Start(membership.Host.Messaging, [], null, typeof(Contracts.TierGranted), typeof(Contracts.TierEnded));
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        var (own, gift) = (Id(), Id());
        await membership.Payments.Publish(Id(), new SubscriptionStarted(own, ann.Id, Id(), "gold", "paid", 1, "CNY", null, 1, Noon));
        await membership.Payments.Publish(Id(), new SubscriptionStarted(gift, ann.Id, Id(), "bronze", "gift", 0, "CNY", null, 1, Noon.AddDays(1)));
        await Eventually.Value(() => Task.FromResult(Held()), held => held.Contains("gold") && held.Contains("bronze"), "both tiers");
        Assert.Equal("gold", (string?)(await client.GetAsync("/members/me", MembershipService.Ct).Ok(200))["tier"]);
        await membership.Payments.Publish(Id(), new SubscriptionEnded(gift, ann.Id, Id(), "bronze", "declined", 2, Noon.AddDays(2)));
        await Eventually.Value(() => Task.FromResult(Held()), held => held is ["gold"], "the gift to end alone");

        // As content keeps it: of each source the latest word.
        string[] Held() => [.. neighbour.Heard.Select(said => said.Fact switch
            {
                Contracts.TierGranted g when g.MemberId == ann.Id => (g.Source, g.Version, Tier: (string?)g.Tier),
                Contracts.TierEnded e when e.MemberId == ann.Id => (e.Source, e.Version, Tier: null),
                _ => default
            })
            .Where(said => said.Source is not null).GroupBy(said => said.Source).Select(g => g.MaxBy(said => said.Version).Tier).OfType<string>().Distinct().Order()];
    }

    [Fact]
    public async Task What_payments_tells_becomes_the_member_s_tier_and_ends_with_it()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        var (subscription, plan) = (Id(), Id());

        // Out of their order, and each twice.
        await Told(new SubscriptionChanged(subscription, ann.Id, plan, "gold", "platinum", 1, "CNY", null, 3, Noon));
        await Is("platinum");
        await Told(new SubscriptionStarted(subscription, ann.Id, plan, "gold", "paid", 1, "CNY", null, 1, Noon));
        await Is("platinum");
        await membership.Payments.Publish(Id(), new SubscriptionPaused(subscription, ann.Id, "platinum", 4, Noon));
        await Is(null);
        await membership.Payments.Publish(Id(), new SubscriptionResumed(subscription, ann.Id, "platinum", 1, "CNY", null, 5, Noon));
        await Is("platinum");
        await membership.Payments.Publish(Id(), new SubscriptionEnded(subscription, ann.Id, plan, "platinum", "cancelled", 6, Noon));
        await Is(null);

        // And waits until it has had its effect.
        async Task Told(object fact)
        {
            var id = Id();
            await membership.Payments.Publish(id, fact);
            await membership.Payments.Publish(id, fact);
            await using var database = NpgsqlDataSource.Create(membership.Host.Database);
            await Eventually.True(
                async () =>
                {
                    await using var consumed = database.CreateCommand("select exists (select from inbox where message_id = $1)");
                    consumed.Parameters.Add(new() { Value = id });

                    return await consumed.ExecuteScalarAsync(MembershipService.Ct) is true;
                }, $"{fact} to be consumed");
        }

        Task<JsonNode> Is(string? tier) => Eventually.Value(
            () => client.GetAsync("/members/me", MembershipService.Ct).Ok(200), me => (string?)me["tier"] == tier, $"the tier {tier}");
    }

    private static Guid Id() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
}
