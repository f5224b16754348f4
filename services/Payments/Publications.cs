using Community.Messaging;
using Community.Payments.Orders;
using Community.Payments.Rewards;
using Community.Payments.Subscriptions;
using Community.Web;

namespace Community.Payments;

internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<OrderPlaced, Contracts.OrderPlaced>(e => new Contracts.OrderPlaced(e.StreamId, e.Data.MemberId, e.Data.At)),
        Publication.Of<OrderPaid, Contracts.OrderPaid>(e => new Contracts.OrderPaid(
            e.StreamId, e.Data.MemberId, Lines(e.Data.Lines), e.Data.Amount.Amount, e.Data.Amount.Currency, e.Data.At)),
        Publication.Of<OrderRefunded, Contracts.OrderRefunded>(e => new Contracts.OrderRefunded(
            e.StreamId, e.Data.MemberId, Lines(e.Data.Lines), e.Data.Amount.Amount, e.Data.Amount.Currency, e.Data.Whole, e.Data.At)),
        Publication.Of<SubscriptionStarted, Contracts.SubscriptionStarted>(e => new Contracts.SubscriptionStarted(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.PlanId, e.Data.Terms.Tier, e.Data.Source.ToWord(),
            e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Data.Period.End, e.Version, e.Data.At)),
        Publication.Of<SubscriptionRenewed, Contracts.SubscriptionRenewed>(e => new Contracts.SubscriptionRenewed(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.PlanId, e.Data.Terms.Tier,
            e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Data.Period.End, e.Version, e.Data.At)),
        Publication.Of<SubscriptionChanged, Contracts.SubscriptionChanged>(e => new Contracts.SubscriptionChanged(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.To.PlanId, e.Data.From.Tier, e.Data.To.Tier,
            e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Data.Period.End, e.Version, e.Data.At)),
        // Undone in a pause it gives no tier and brings nothing until the subscription goes on, and that says as what.
        Publication.Of<PlanChangeUndone, Contracts.SubscriptionChanged>(e => e.Data.Paused ? null : new Contracts.SubscriptionChanged(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.To.PlanId, e.Data.From.Tier, e.Data.To.Tier,
            e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Data.Period.End, e.Version, e.Data.At)),
        Publication.Of<SubscriptionPastDue, Contracts.SubscriptionPastDue>(e => new Contracts.SubscriptionPastDue(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.Tier, e.Data.OrderId, e.Data.Attempt, e.Data.NextAttempt,
            e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Version, e.Data.At)),
        Publication.Of<SubscriptionPaused, Contracts.SubscriptionPaused>(e => new Contracts.SubscriptionPaused(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.Tier, e.Version, e.Data.At)),
        Publication.Of<SubscriptionResumed, Contracts.SubscriptionResumed>(e => new Contracts.SubscriptionResumed(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.Tier, e.Data.Monthly.Amount, e.Data.Monthly.Currency, e.Data.Period.End, e.Version, e.Data.At)),
        Publication.Of<SubscriptionEnded, Contracts.SubscriptionEnded>(e => new Contracts.SubscriptionEnded(
            e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms.PlanId, e.Data.Terms.Tier, e.Data.Because.ToWord(), e.Version, e.Data.At)),
        Publication.Of<RewardGiven, Contracts.RewardGiven>(e => new(e.Data.RedemptionId, e.Data.MemberId, e.Data.At)),
        Publication.Of<RewardRefused, Contracts.RewardRefused>(e => new(e.Data.RedemptionId, e.Data.MemberId, e.Data.Because, e.Data.At)),
        Publication.Of<RewardTakenBack, Contracts.RewardTakenBack>(e => new(e.Data.RedemptionId, e.Data.MemberId, e.Data.At)),
        Publication.Of<RewardKept, Contracts.RewardKept>(e => new(e.Data.RedemptionId, e.Data.MemberId, e.Data.At))
    ];

    private static Contracts.OrderLine[] Lines(OrderLine[] lines) =>
    [
        .. lines.Select(line => new Contracts.OrderLine(
            line.ProductId, line.Kind, line.SubjectId, line.Quantity, line.Price.Amount * line.Quantity, line.Price.Currency))
    ];
}
