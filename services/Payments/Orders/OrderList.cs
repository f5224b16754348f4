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
internal sealed record OrderInList(
    Guid Id, Guid MemberId, OrderStatus Status, Money Total, OrderLine[] Lines, DateTimeOffset PlacedAt);

internal sealed partial class OrderList : SingleStreamProjection<OrderInList, Guid>
{
    public static OrderInList Create(IEvent<OrderPlaced> e) =>
        new(e.StreamId, e.Data.MemberId, OrderStatus.Placed, e.Data.Total, e.Data.Lines, e.Data.At);

    public static OrderInList Apply(OrderPaid _, OrderInList order) => order with { Status = OrderStatus.Paid };

    public static OrderInList Apply(OrderCancelled _, OrderInList order) => order with { Status = OrderStatus.Cancelled };

    public static OrderInList Apply(OrderRefunded e, OrderInList order) =>
        order with { Status = e.Whole ? OrderStatus.Refunded : OrderStatus.PartiallyRefunded };
}
