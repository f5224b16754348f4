using Community.Payments.Gateways;
using Community.Payments.Orders;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;

namespace Community.Payments.Refunds;

/// <summary>Money that came and belongs to its payer, for the operator to send back.</summary>
internal sealed record OwedRefund(
    Guid Id, Guid OrderId, Guid PaymentId, Receipt Receipt, Money Amount, OwedBecause Because, DateTimeOffset At);

internal sealed partial class OwedRefunds : EventProjection
{
    public OwedRefunds()
    {
        Name = "Community.Payments.Ledger.OwedRefunds"; // under which its progress is stored

        IncludeType<RefundOwed>();
        IncludeType<OwedMoneyReturned>();
        IncludeType<OwedMoneyTakenBack>();
    }

    public override async ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case RefundOwed owed:
                operations.Store(Row(e.Id, e.StreamId, owed, owed.Amount));
                break;

            case OwedMoneyReturned back:
                operations.Delete<OwedRefund>(back.RefundId);
                break;

            // The row's id is that of the fact that it is owed.
            case OwedMoneyTakenBack taken:
                var past = await operations.Events.FetchStreamAsync(e.StreamId, e.Version, token: cancellation);
                var came = past.First(fact => fact.Data is RefundOwed owed && owed.Receipt == taken.Receipt);

                if (taken.Left.Amount > 0)
                {
                    operations.Store(Row(came.Id, e.StreamId, (RefundOwed)came.Data, taken.Left));
                }
                else
                {
                    operations.Delete<OwedRefund>(came.Id);
                }

                break;
        }
    }

    private static OwedRefund Row(Guid id, Guid order, RefundOwed owed, Money amount) =>
        new(id, order, owed.PaymentId, owed.Receipt, amount, owed.Because, owed.At);
}
