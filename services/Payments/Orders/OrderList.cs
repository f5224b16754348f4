using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Payments.Orders;

internal enum OrderStatus
{
    Placed,
    Paid,
    Cancelled,
    Refunded,
    PartiallyRefunded
}

/// <summary>An order as the lists show it.</summary>
/// <param name="WaitsSince">For its payment; null: not any more, or it is a subscription's, which has its own patience.</param>
/// <param name="Charged">The payment by a mandate whose outcome is not known.</param>
/// <param name="ChargeDueAt">When its gateway is asked for it.</param>
internal sealed record OrderInList(
    Guid Id, Guid MemberId, OrderStatus Status, Money Total, OrderLine[] Lines, DateTimeOffset PlacedAt, DateTimeOffset? WaitsSince,
    Guid? Charged = null, DateTimeOffset? ChargeDueAt = null);

internal sealed class OrderList : SingleStreamProjection<OrderInList, Guid>
{
    public OrderList()
    {
        IncludeType<OrderPlaced>();
        IncludeType<PaymentStarted>();
        IncludeType<ChargeTried>();
        IncludeType<PaymentFailed>();
        IncludeType<RefundOwed>();
        IncludeType<OrderPaid>();
        IncludeType<OrderCancelled>();
        IncludeType<OrderRefunded>();
    }

    // Money may come for an order that was never placed, and is owed back: there is nothing to list. Methods by convention
    // would begin such an order with an object whose every field is empty.
    public override OrderInList? Evolve(OrderInList? snapshot, Guid id, IEvent e) => snapshot is not { } order
        ? e.Data is OrderPlaced placed ? New(id, placed) : null
        : e.Data switch
        {
            PaymentStarted { ByMandate: true } charge => order with { Charged = charge.PaymentId, ChargeDueAt = charge.At },
            ChargeTried tried => order with { ChargeDueAt = tried.NextAt },
            PaymentFailed failed when failed.PaymentId == order.Charged => NotCharged(order),
            RefundOwed owed when owed.PaymentId == order.Charged => NotCharged(order),
            OrderPaid => NotCharged(order) with { Status = OrderStatus.Paid, WaitsSince = null },
            OrderCancelled => NotCharged(order) with { Status = OrderStatus.Cancelled, WaitsSince = null },
            OrderRefunded refunded => order with { Status = refunded.Whole ? OrderStatus.Refunded : OrderStatus.PartiallyRefunded },
            _ => order
        };

    private static OrderInList New(Guid id, OrderPlaced placed) => new(
        id, placed.MemberId, OrderStatus.Placed, placed.Total, placed.Lines, placed.At,
        placed.Lines.Any(line => line.Kind is "renewal" or "change") ? null : placed.At);

    private static OrderInList NotCharged(OrderInList order) => order with { Charged = null, ChargeDueAt = null };
}
