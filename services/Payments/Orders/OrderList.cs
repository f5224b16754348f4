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
internal sealed record OrderInList(
    Guid Id, Guid MemberId, OrderStatus Status, Money Total, OrderLine[] Lines, DateTimeOffset PlacedAt, DateTimeOffset? WaitsSince);

internal sealed partial class OrderList : SingleStreamProjection<OrderInList, Guid>
{
    public static OrderInList Create(IEvent<OrderPlaced> e) =>
        new(
        e.StreamId, e.Data.MemberId, OrderStatus.Placed, e.Data.Total, e.Data.Lines, e.Data.At,
        e.Data.Lines.Any(line => line.Kind is "renewal" or "change") ? null : e.Data.At);

    public static OrderInList Apply(OrderPaid _, OrderInList order) => order with { Status = OrderStatus.Paid, WaitsSince = null };

    public static OrderInList Apply(OrderCancelled _, OrderInList order) => order with { Status = OrderStatus.Cancelled, WaitsSince = null };

    public static OrderInList Apply(OrderRefunded e, OrderInList order) =>
        order with { Status = e.Whole ? OrderStatus.Refunded : OrderStatus.PartiallyRefunded };
}
