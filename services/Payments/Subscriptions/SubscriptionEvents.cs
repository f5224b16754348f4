using Community.EventStore;
using Community.Payments.Catalogue;

namespace Community.Payments.Subscriptions;

public enum SubscriptionSource
{
    Paid,
    Trial,
    Complimentary,
    Gift
}

public enum EndedBecause
{
    Cancelled,
    Unpaid,
    Refunded,
    Expired,
    Revoked,
    Declined
}

/// <param name="End">Null: for good.</param>
public sealed record Period(DateTimeOffset Start, DateTimeOffset? End);

public abstract record SubscriptionEvent
{
    private protected SubscriptionEvent() { }
}

/// <param name="OrderId">That paid for it.</param>
/// <param name="Mandate">The gateway that may charge the payer again.</param>
/// <param name="Earning">How what was paid is earned; null where nothing was, or where it is earned at once.</param>
/// <param name="Monthly">Its part of the monthly recurring revenue.</param>
[EventType("subscription-started.v1")]
public sealed record SubscriptionStarted(
    Guid SubscriptionId, Guid MemberId, Terms Terms, SubscriptionSource Source, Discount? Discount, Guid? OrderId, string? Mandate,
    Money Paid, Period Period, Earning? Earning, Money Monthly, DateTimeOffset At) : SubscriptionEvent;

/// <summary>The next period is to be paid by an order.</summary>
/// <param name="Charge">What the order asks, after discount and credit.</param>
/// <param name="LapsedOrderId">Of a change of plan that was asked for and not paid.</param>
[EventType("subscription-renewal-due.v1")]
public sealed record RenewalDue(
    Guid SubscriptionId, Guid MemberId, Terms Terms, Guid OrderId, Money Charge, Money CreditUsed, Period Period, string? Mandate,
    DateTimeOffset NextAttempt, Guid? LapsedOrderId, DateTimeOffset At) : SubscriptionEvent;

/// <param name="OrderId">Null where discount and credit left nothing to pay.</param>
[EventType("subscription-renewed.v1")]
public sealed record SubscriptionRenewed(
    Guid SubscriptionId, Guid MemberId, Terms Terms, Discount? Discount, Guid? OrderId, string? Mandate, Money Paid, Money CreditUsed,
    Period Period, Earning Earning, Money Monthly, DateTimeOffset At) : SubscriptionEvent;

/// <param name="Attempt">From one.</param>
/// <param name="Again">The gateway with the mandate is to try once more.</param>
[EventType("subscription-past-due.v1")]
public sealed record SubscriptionPastDue(
    Guid SubscriptionId, Guid MemberId, Terms Terms, Guid OrderId, Money Charge, string? Mandate, int Attempt, bool Again,
    DateTimeOffset NextAttempt, Money Monthly, DateTimeOffset At) : SubscriptionEvent;

/// <summary>It is not renewed; what is paid stays.</summary>
[EventType("subscription-cancelled.v1")]
public sealed record SubscriptionCancelled(Guid SubscriptionId, Guid MemberId, DateTimeOffset EndsAt, DateTimeOffset At) : SubscriptionEvent;

[EventType("subscription-cancellation-withdrawn.v1")]
public sealed record CancellationWithdrawn(Guid SubscriptionId, Guid MemberId, DateTimeOffset At) : SubscriptionEvent;

/// <param name="LapsedOrderId">Of a change of plan that was asked for and not paid.</param>
[EventType("subscription-paused.v1")]
public sealed record SubscriptionPaused(Guid SubscriptionId, Guid MemberId, Terms Terms, Guid? LapsedOrderId, DateTimeOffset At) : SubscriptionEvent;

[EventType("subscription-resumed.v1")]
public sealed record SubscriptionResumed(
    Guid SubscriptionId, Guid MemberId, Terms Terms, Period Period, Earning Earning, Money Monthly, DateTimeOffset At) : SubscriptionEvent;

/// <summary>A pass that was to go on from another begins earlier, for the other has ended before its time.</summary>
[EventType("subscription-brought-forward.v1")]
public sealed record SubscriptionBroughtForward(
    Guid SubscriptionId, Guid MemberId, Period Period, Earning? Earning, DateTimeOffset At) : SubscriptionEvent;

/// <summary>A change to a dearer plan waits for its order to be paid.</summary>
[EventType("subscription-plan-change-asked.v1")]
public sealed record PlanChangeAsked(
    Guid SubscriptionId, Guid MemberId, Terms Terms, Guid OrderId, Money Charge, Money CreditUsed, string? Mandate, Guid? LapsedOrderId,
    DateTimeOffset At) : SubscriptionEvent;

/// <param name="Credited">What the cheaper plan left over, kept for the next renewals.</param>
[EventType("subscription-changed.v1")]
public sealed record SubscriptionChanged(
    Guid SubscriptionId, Guid MemberId, Terms From, Terms To, Guid? OrderId, Money Paid, Money CreditUsed, Money Credited, Period Period,
    Earning? Earning, Money Monthly, DateTimeOffset At) : SubscriptionEvent;

/// <summary>The order of a change was refunded whole: the subscription is again what it was before.</summary>
/// <param name="Returned">What was not earned, and went back to the payer by the refund.</param>
/// <param name="LapsedOrderId">Of a further change that was asked for and is not paid.</param>
/// <param name="Paused">Nothing is earned until it goes on.</param>
[EventType("subscription-change-undone.v1")]
public sealed record PlanChangeUndone(
    Guid SubscriptionId, Guid MemberId, Terms From, Terms To, Guid OrderId, Money Returned, Guid? LapsedOrderId, Period Period, Earning Earning,
    Money Monthly, bool Paused, DateTimeOffset At) : SubscriptionEvent;

/// <summary>An order was paid that the subscription no longer waits for: the money is the payer's.</summary>
[EventType("subscription-payment-not-needed.v1")]
public sealed record PaymentNotNeeded(Guid SubscriptionId, Guid MemberId, Guid OrderId, Money Amount, DateTimeOffset At) : SubscriptionEvent;

/// <param name="OpenOrders">That nobody needs to pay any more.</param>
/// <param name="Returned">What was not earned, and went back to the payer by a refund.</param>
/// <param name="Forfeited">What was not earned, and stays.</param>
/// <param name="CreditLeft">Owed back to the member.</param>
[EventType("subscription-ended.v1")]
public sealed record SubscriptionEnded(
    Guid SubscriptionId, Guid MemberId, Terms Terms, EndedBecause Because, Guid[] OpenOrders, Money Returned, Money Forfeited,
    Money CreditLeft, DateTimeOffset At) : SubscriptionEvent;
