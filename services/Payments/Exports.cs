using Community.Payments.Catalogue;
using Community.Payments.Creators;
using Community.Payments.Invoices;
using Community.Payments.Orders;
using Community.Payments.Referrals;
using Community.Payments.Rewards;
using Community.Payments.Subscriptions;
using Community.Privacy;

namespace Community.Payments;

/// <summary>
/// What this service hands out to a member about the member: an order to who placed it, not to who gets what was bought. A
/// kind of event that is not here is handed out to nobody.
/// </summary>
internal static class Exports
{
    public static readonly Disclosure[] All =
    [
        Disclosure.Of<OrderPlaced>(e => [e.Data.MemberId]),
        Disclosure.Of<OrderPaid>(e => [e.Data.MemberId]),
        Disclosure.Of<OrderRefunded>(e => [e.Data.MemberId]),
        // These hold no member: whoever did them did them to an order of their own, or as an operator.
        Disclosure.Of<CouponApplied>(e => [Disclosure.By(e)]),
        Disclosure.Of<PaymentStarted>(e => [Disclosure.By(e)]),
        Disclosure.Of<OrderCancelled>(e => [Disclosure.By(e)]),
        Disclosure.Of<CouponUseReserved>(e => [e.Data.MemberId]),
        Disclosure.Of<CouponUseReleased>(e => [e.Data.MemberId]),
        Disclosure.Of<RewardGiven>(e => [e.Data.MemberId]),
        Disclosure.Of<RewardRefused>(e => [e.Data.MemberId]),
        Disclosure.Of<RewardTakenBack>(e => [e.Data.MemberId]),
        Disclosure.Of<RewardKept>(e => [e.Data.MemberId]),
        // What was paid for a gift, and how, is the giver's.
        Disclosure.Of<SubscriptionStarted>(e => [e.Data.MemberId], (e, _) => e.Source == SubscriptionSource.Gift
            ? new { e.SubscriptionId, e.MemberId, Plan = e.Terms.Name, e.Terms.Tier, e.Source, e.Period, e.At }
            : e),
        Disclosure.Of<RenewalDue>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionRenewed>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionPastDue>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionCancelled>(e => [e.Data.MemberId]),
        Disclosure.Of<CancellationWithdrawn>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionPaused>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionResumed>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionBroughtForward>(e => [e.Data.MemberId]),
        Disclosure.Of<PlanChangeAsked>(e => [e.Data.MemberId]),
        Disclosure.Of<SubscriptionChanged>(e => [e.Data.MemberId]),
        Disclosure.Of<PlanChangeUndone>(e => [e.Data.MemberId]),
        Disclosure.Of<PaymentNotNeeded>(e => [e.Data.MemberId]),
        // One ends with what was given back for it: of a gift's, the giver's order tells.
        Disclosure.Of<SubscriptionEnded>(e => [e.Data.MemberId], (e, _) => new { e.SubscriptionId, e.MemberId, Plan = e.Terms.Name, e.Terms.Tier, e.Because, e.At }),
        Disclosure.Of<InvoiceIssued>(e => [e.Data.MemberId]),
        Disclosure.Of<BillingDetailsGiven>(e => [e.Data.Details.KeyId]),
        Disclosure.Of<ShareEarned>(e => [e.Data.CreatorId]),
        Disclosure.Of<ShareReversed>(e => [e.Data.CreatorId]),
        Disclosure.Of<PayoutPrepared>(e => [e.Data.CreatorId]),
        Disclosure.Of<PayoutPaid>(e => [e.Data.CreatorId]),
        Disclosure.Of<ReferralNoted>(e => [e.Data.MemberId, e.Data.By]),
        Disclosure.Of<FirstPurchaseSeen>(e => [e.Data.MemberId]),
        Disclosure.Of<ReferralRewarded>(e => [e.Data.By], (e, _) => new { e.MemberId, e.By, e.CouponCode, e.At })
    ];
}
