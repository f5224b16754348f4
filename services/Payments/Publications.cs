using Community.Messaging;
using Community.Payments.Orders;

namespace Community.Payments;

internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<OrderPlaced, Contracts.OrderPlaced>(e => new Contracts.OrderPlaced(e.StreamId, e.Data.MemberId, e.Data.At)),
        Publication.Of<OrderPaid, Contracts.OrderPaid>(e => new Contracts.OrderPaid(
            e.StreamId, e.Data.MemberId, Lines(e.Data.Lines), e.Data.Amount.Amount, e.Data.Amount.Currency, e.Data.At)),
        Publication.Of<OrderRefunded, Contracts.OrderRefunded>(e => new Contracts.OrderRefunded(
            e.StreamId, e.Data.MemberId, Lines(e.Data.Lines), e.Data.Amount.Amount, e.Data.Amount.Currency, e.Data.Whole, e.Data.At))
    ];

    private static Contracts.OrderLine[] Lines(OrderLine[] lines) =>
    [
        .. lines.Select(line => new Contracts.OrderLine(
            line.ProductId, line.Kind, line.SubjectId, line.Quantity, line.Price.Amount * line.Quantity, line.Price.Currency))
    ];
}
