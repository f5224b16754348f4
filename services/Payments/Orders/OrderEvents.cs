using Community.EventStore;
using Community.Payments.Gateways;

namespace Community.Payments.Orders;

/// <summary>A product as it was when it was ordered.</summary>
/// <param name="Price">Of one piece.</param>
public sealed record OrderLine(Guid ProductId, string Kind, Guid SubjectId, string Name, int Quantity, Money Price);

public abstract record OrderEvent
{
    private protected OrderEvent() { }
}

/// <param name="Total">After the discount, where a coupon was applied.</param>
[EventType("order-placed.v1")]
public sealed record OrderPlaced(Guid MemberId, OrderLine[] Lines, Money Total, DateTimeOffset At) : OrderEvent
{
    /// <summary>The rate of the tax that the prices include; null: none.</summary>
    public decimal? TaxPercent { get; init; }

    /// <summary>It was ordered elsewhere, before this system had it.</summary>
    public bool Imported { get; init; }
}

/// <summary>Comes with <see cref="OrderPlaced"/> and says why its total is less than its lines.</summary>
/// <param name="Discount">What it took off.</param>
[EventType("order-coupon-applied.v1")]
public sealed record CouponApplied(string Code, Money Discount, DateTimeOffset At) : OrderEvent;

[EventType("order-payment-started.v1")]
public sealed record PaymentStarted(Guid PaymentId, string Gateway, Money Amount, DateTimeOffset At) : OrderEvent
{
    /// <summary>The gateway charges the payer by a mandate; else the payer pays.</summary>
    public bool ByMandate { get; init; }
}

/// <summary>Somebody asks the gateway to charge by its mandate, and nobody else until <paramref name="NextAt"/>; then again, if the outcome is not known.</summary>
/// <param name="Attempt">From one.</param>
[EventType("order-charge-tried.v1")]
public sealed record ChargeTried(Guid PaymentId, int Attempt, DateTimeOffset NextAt, DateTimeOffset At) : OrderEvent;

[EventType("order-payment-failed.v1")]
public sealed record PaymentFailed(Guid PaymentId, DateTimeOffset At) : OrderEvent;

[EventType("order-paid.v1")]
public sealed record OrderPaid(
    Guid MemberId, OrderLine[] Lines, Guid PaymentId, Receipt Receipt, Money Amount, DateTimeOffset At) : OrderEvent
{
    /// <summary>Of the amount; null: none.</summary>
    public Money? Tax { get; init; }

    /// <summary>It was paid elsewhere: it begins no subscription by itself, and its invoice was issued there.</summary>
    public bool Imported { get; init; }

    /// <summary>Of what was paid elsewhere, its creators were not given their share there.</summary>
    public bool SharesOwed { get; init; }
}

/// <summary>Money came that fits no open order: it is the payer's.</summary>
[EventType("order-refund-owed.v1")]
public sealed record RefundOwed(Guid PaymentId, Receipt Receipt, Money Amount, OwedBecause Because, DateTimeOffset At) : OrderEvent;

public enum OwedBecause
{
    OrderUnknown,
    OrderCancelled,
    OrderAlreadyPaid,
    AmountDiffers
}

/// <summary>What was owed goes back to its payer.</summary>
[EventType("order-owed-returned.v1")]
public sealed record OwedMoneyReturned(Guid RefundId, Receipt Receipt, Money Amount, DateTimeOffset At) : OrderEvent;

[EventType("order-cancelled.v1")]
public sealed record OrderCancelled(DateTimeOffset At) : OrderEvent;

/// <param name="Gateway">By which the money goes back.</param>
/// <param name="Reason">The system's own; empty where staff wrote one.</param>
/// <param name="Whole">Nothing of what was paid is left.</param>
[EventType("order-refunded.v1")]
public sealed record OrderRefunded(
    Guid MemberId, OrderLine[] Lines, Guid RefundId, string Gateway, Money Amount, bool Whole, string Reason, DateTimeOffset At) : OrderEvent
{
    /// <summary>The reason as staff wrote it, by the member's key.</summary>
    public Sealed? ReasonInWords { get; init; }

    /// <summary>Of the amount; null: none.</summary>
    public Money? Tax { get; init; }

    /// <summary>It was given back elsewhere: no gateway is asked for it.</summary>
    public bool Imported { get; init; }

    /// <summary>By which the payer's bank has taken it, so that nobody sends it; null: it goes back by the gateway.</summary>
    public string? Dispute { get; init; }
}

/// <summary>The payer's bank asks for the money of a receipt back: until it has decided, nothing of that goes out.</summary>
/// <param name="Number">The gateway's own for the dispute.</param>
[EventType("order-payment-disputed.v1")]
public sealed record PaymentDisputed(string Number, Receipt Receipt, Money Amount, DateTimeOffset At) : OrderEvent;

/// <param name="Won">The money stays, or is back; else what it paid for ends, by an <see cref="OrderRefunded"/> that names the dispute.</param>
[EventType("order-dispute-closed.v1")]
public sealed record DisputeClosed(string Number, Receipt Receipt, Money Amount, bool Won, DateTimeOffset At) : OrderEvent;

/// <summary>What is no longer needed goes back when the dispute is over, as far as anything is left then.</summary>
[EventType("order-refund-postponed.v1")]
public sealed record RefundPostponed(Guid RefundId, Money Amount, string Reason, DateTimeOffset At) : OrderEvent;

/// <summary>What was owed has gone to its payer by a lost dispute.</summary>
/// <param name="Left">Still owed.</param>
[EventType("order-owed-taken-back.v1")]
public sealed record OwedMoneyTakenBack(Receipt Receipt, Money Amount, Money Left, DateTimeOffset At) : OrderEvent;
