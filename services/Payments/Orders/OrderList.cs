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

internal sealed partial class OrderList : SingleStreamProjection<OrderInList, Guid>
{
    public static OrderInList Create(IEvent<OrderPlaced> e) =>
        new(
        e.StreamId, e.Data.MemberId, OrderStatus.Placed, e.Data.Total, e.Data.Lines, e.Data.At,
        e.Data.Lines.Any(line => line.Kind is "renewal" or "change") ? null : e.Data.At);

    public static OrderInList Apply(PaymentStarted e, OrderInList order) =>
        e.ByMandate ? order with { Charged = e.PaymentId, ChargeDueAt = e.At } : order;

    public static OrderInList Apply(ChargeTried e, OrderInList order) => order with { ChargeDueAt = e.NextAt };

    public static OrderInList Apply(PaymentFailed e, OrderInList order) => e.PaymentId == order.Charged ? NotCharged(order) : order;

    public static OrderInList Apply(RefundOwed e, OrderInList order) => e.PaymentId == order.Charged ? NotCharged(order) : order;

    public static OrderInList Apply(OrderPaid _, OrderInList order) => NotCharged(order) with { Status = OrderStatus.Paid, WaitsSince = null };

    public static OrderInList Apply(OrderCancelled _, OrderInList order) => NotCharged(order) with { Status = OrderStatus.Cancelled, WaitsSince = null };

    public static OrderInList Apply(OrderRefunded e, OrderInList order) =>
        order with { Status = e.Whole ? OrderStatus.Refunded : OrderStatus.PartiallyRefunded };

    private static OrderInList NotCharged(OrderInList order) => order with { Charged = null, ChargeDueAt = null };
}
