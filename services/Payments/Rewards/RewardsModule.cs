using Community.EventStore;
using Community.Incentives.Contracts;
using Community.Messaging;
using Community.Payments.Catalogue;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Marten;
using MassTransit;

namespace Community.Payments.Rewards;

internal static class RewardsModule
{
    public static void AddRewards(this WebApplicationBuilder builder)
    {
        builder.AddConsumer<GiveWhenRewardClaimed>();
        builder.AddConsumer<TakeBackWhenRewardCancelled>();
    }
}

/// <summary>Gives days of a plan or a coupon for one order, for which the member has paid with points.</summary>
internal sealed class GiveWhenRewardClaimed(IDocumentStore store, KnownMembers members, TimeProvider clock) : IConsumer<RewardClaimed>
{
    public async Task Consume(ConsumeContext<RewardClaimed> context)
    {
        var (claim, now, ct) = (context.Message, clock.GetUtcNow(), context.CancellationToken);
        var (gives, because) = !await members.Knows(claim.MemberId, ct) ? (null, KnownMembers.Unknown.Code)
            : claim.CouponCode is { } code ? (Coupon(claim, code, now), null)
            : await Days(claim, now, ct);
        var stream = RewardClaim.Stream(claim.RedemptionId);

        await (gives is null
            ? store.Handle(RewardClaim.Decider, stream, new RefuseReward(new(claim.RedemptionId, claim.MemberId, because!, now)), context)
            : store.Handle(
                RewardClaim.Decider, stream, new GiveReward(new(claim.RedemptionId, claim.MemberId, claim.CouponCode, now)), new CommandOptions { Together = [gives] }, context));
    }

    private static Besides Coupon(RewardClaimed claim, string code, DateTimeOffset now) => Besides.Of(
        Catalogue.Coupon.Decider, Catalogue.Coupon.Stream(code),
        (CouponCommand)new CreateCoupon(
            new CouponTerms(code, claim.PercentOff, null, MaxUses: 1, MaxUsesPerMember: 1, CouponDuration.Once, null, now.AddDays(claim.ValidDays!.Value)) { MemberId = claim.MemberId }, now));

    // They go on from what the member has of the tier for a time. Who has it for good, or pays for it again and again, gains nothing by them.
    private async Task<(Besides? Gives, string? Because)> Days(RewardClaimed claim, DateTimeOffset now, CancellationToken ct)
    {
        if ((await store.Load(Plan.Decider, Plan.Stream(claim.PlanId!.Value), null, ct)).State.Terms is not { } terms)
        {
            return (null, "plan-unknown");
        }

        var had = await store.HadBy(claim.MemberId, ct);

        if (had.Holding(terms.Tier, but: claim.RedemptionId) is { } held)
        {
            return (null, held.Bar().Code);
        }

        var pass = terms with { Interval = PlanInterval.Once, Days = claim.Days!.Value };
        var start = new StartSubscription(
            claim.RedemptionId, claim.MemberId, pass, SubscriptionSource.Complimentary, null, null, null, Subscription.None(terms.Price), Until: null, now)
        {
            After = had.OfType<Live>().Where(one => one.Terms.Tier == terms.Tier && one.SubscriptionId != claim.RedemptionId).Max(one => one.Period.End)
        };

        return (Besides.Of(Subscription.Decider, Subscription.Stream(claim.RedemptionId), (SubscriptionCommand)start), null);
    }
}

/// <summary>Takes back what was given for points: a coupon that was not used, and what is left of the days.</summary>
internal sealed class TakeBackWhenRewardCancelled(IDocumentStore store, TimeProvider clock) : IConsumer<RewardCancellationAsked>
{
    public async Task Consume(ConsumeContext<RewardCancellationAsked> context)
    {
        var (redemption, member, stream) = (context.Message.RedemptionId, context.Message.MemberId, RewardClaim.Stream(context.Message.RedemptionId));
        var (given, now, ct) = (await Last(stream, context.CancellationToken), clock.GetUtcNow(), context.CancellationToken);
        var coupon = given switch { RewardGiven e => e.CouponCode, RewardKept e => e.CouponCode, _ => null };
        Besides[] takes = coupon is not null ? [Besides.Of(Coupon.Decider, Coupon.Stream(coupon), (CouponCommand)new RevokeCoupon(now))]
            : given is RewardGiven ? [Besides.Of(Subscription.Decider, Subscription.Stream(redemption), (SubscriptionCommand)new RevokeSubscription(now))]
            : [];

        // That it is not given yet, and is while this is decided, is a lost race: the message comes again.
        await store.Handle(
            RewardClaim.Decider, stream, new TakeRewardBack(redemption, member, now), new CommandOptions { Together = takes, ExpectedVersion = given is null ? 0 : null }, context);

        if (coupon is not null && await Last(stream, ct) is RewardGiven or RewardKept)
        {
            await store.Handle(RewardClaim.Decider, stream, new KeepReward(redemption, member, coupon, now), context); // it was used
        }
    }

    private async Task<RewardClaimEvent?> Last(Guid stream, CancellationToken ct) => (await store.Load(RewardClaim.Decider, stream, null, ct)).State.Last;
}
