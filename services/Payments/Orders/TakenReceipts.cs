using Community.Payments.Gateways;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;

namespace Community.Payments.Orders;

/// <summary>Which order the money of a receipt came for: a gateway that tells of a chargeback names only the receipt.</summary>
/// <param name="Id">Gateway and number.</param>
internal sealed record TakenReceipt(string Id, Guid OrderId, Guid PaymentId)
{
    public static string IdOf(Receipt receipt) => $"{receipt.Gateway}/{receipt.Number}";
}

internal static class TakenReceiptQueries
{
    /// <summary>Whether the money of a receipt came for another order: then it is the same money, and none for this one.</summary>
    public static async Task<bool> IsOfAnother(this IDocumentStore store, Receipt receipt, Guid order, CancellationToken ct)
    {
        await using var session = store.QuerySession();

        return await session.LoadAsync<TakenReceipt>(TakenReceipt.IdOf(receipt), ct) is { } taken && taken.OrderId != order;
    }
}

internal sealed partial class TakenReceipts : EventProjection
{
    public static TakenReceipt Create(IEvent<OrderPaid> e) => new(TakenReceipt.IdOf(e.Data.Receipt), e.StreamId, e.Data.PaymentId);

    public static TakenReceipt Create(IEvent<RefundOwed> e) => new(TakenReceipt.IdOf(e.Data.Receipt), e.StreamId, e.Data.PaymentId);
}
