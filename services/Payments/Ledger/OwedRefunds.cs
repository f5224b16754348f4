using Community.Payments.Orders;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;

namespace Community.Payments.Ledger;

/// <summary>Money that came and belongs to its payer, for the operator to send back.</summary>
internal sealed record OwedRefund(
    Guid Id, Guid OrderId, Guid PaymentId, Receipt Receipt, Money Amount, OwedBecause Because, DateTimeOffset At);

internal sealed partial class OwedRefunds : EventProjection
{
    public static OwedRefund Create(IEvent<RefundOwed> e) =>
        new(e.Id, e.StreamId, e.Data.PaymentId, e.Data.Receipt, e.Data.Amount, e.Data.Because, e.Data.At);

    public static void Project(OwedMoneyReturned e, IDocumentOperations operations) => operations.Delete<OwedRefund>(e.RefundId);
}
