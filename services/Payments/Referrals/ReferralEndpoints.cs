using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.Payments.Catalogue;
using Community.Payments.Orders;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using MassTransit;

namespace Community.Payments.Referrals;

internal sealed record ReferralInList(Guid Id, Guid? MemberId, Guid? By, string? CouponCode, DateTimeOffset? RewardedAt);

internal sealed partial class ReferralList : SingleStreamProjection<ReferralInList, Guid>
{
    public static ReferralInList Create(IEvent<ReferralNoted> e) => new(e.StreamId, e.Data.MemberId, e.Data.By, null, null);

    public static ReferralInList Create(IEvent<FirstPurchaseSeen> e) => new(e.StreamId, e.Data.MemberId, null, null, null);

    public static ReferralInList Apply(ReferralNoted e, ReferralInList referral) => referral with { By = e.By };

    public static ReferralInList Apply(ReferralRewarded e, ReferralInList referral) => referral with { CouponCode = e.CouponCode, RewardedAt = e.At };
}

/// <summary>Takes down who brought whom.</summary>
internal sealed class NoteReferrals(IDocumentStore store) : IConsumer<MemberBrought>
{
    public Task Consume(ConsumeContext<MemberBrought> context) => store.Handle(
        Referral.Decider, Referral.Stream(context.Message.MemberId),
        new NoteReferral(context.Message.MemberId, context.Message.By, context.Message.At), context);
}

/// <summary>
/// Off unless <c>Referrals:PercentOff</c> (1 to 100) is set: when a member who was brought pays for the first time, who
/// brought them gets a coupon of as many percent off one order. From the log, at least once; each step does nothing the second time.
/// </summary>
internal sealed class Rewarding(IServiceProvider services, int percentOff) : EventSubscription(services, "rewarding",
    typeof(OrderPaid), typeof(ReferralNoted), typeof(FirstPurchaseSeen))
{
    protected override async Task Follow(IEvent fact, CancellationToken ct)
    {
        if (fact.Data is OrderPaid { Amount.Amount: > 0 } paid)
        {
            await Store.Handle(Referral.Decider, Referral.Stream(paid.MemberId), new SeePurchase(paid.MemberId, fact.StreamId, paid.At), ct);
        }
        else if (fact.Data is ReferralEvent && (await Store.Load(Referral.Decider, fact.StreamId, null, ct)).State is { By: { } by, OrderId: not null, Rewarded: false })
        {
            await Reward(fact, by, ct);
        }
    }

    // The coupon is its receiver's alone, so that its code need not be a secret.
    private async Task Reward(IEvent fact, Guid by, CancellationToken ct)
    {
        var code = $"THANKS-{Convert.ToHexString(fact.StreamId.ToByteArray()[..6])}";
        var terms = new CouponTerms(code, percentOff, null, 1, 1, CouponDuration.Once, null, null) { MemberId = by };
        await Store.Handle(Coupon.Decider, Coupon.Stream(code), new CreateCoupon(terms, fact.Timestamp), ct);
        await Store.Handle(Referral.Decider, fact.StreamId, new RewardReferral(code, fact.Timestamp), ct);
    }
}

/// <param name="CouponCode">Of the reward; null: the member has not paid for anything yet, or there was no reward.</param>
internal sealed record ReferralView(Guid MemberId, string? CouponCode, DateTimeOffset? RewardedAt);

internal static class ReferralEndpoints
{
    public static void MapReferrals(this IEndpointRouteBuilder app) =>
        app.MapGet("/referrals", List).WithTag("Referrals", "Who brought whom, and what for.").WithSummary("Whom one has brought, and the coupons for it");

    private static async Task<Page<ReferralView>> List([AsParameters] Paging paging, ClaimsPrincipal user, IQuerySession session, CancellationToken ct)
    {
        var by = user.MemberId();
        var referrals = session.Query<ReferralInList>().Where(r => r.By == by);

        if (paging.Key<Guid>(out var after))
        {
            referrals = referrals.Where(r => r.Id > after);
        }

        var rows = await referrals.OrderBy(r => r.Id).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page([.. rows.Select(r => new ReferralView(r.MemberId ?? Guid.Empty, r.CouponCode, r.RewardedAt))], r => Referral.Stream(r.MemberId));
    }
}
