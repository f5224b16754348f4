using Community.EventStore;
using Community.Payments.Orders;
using Community.Web;
using JasperFx.Events;
using Marten.Events.Projections;

namespace Community.Payments.Refunds;

/// <summary>Money on its way back to its payer: what the order says of it, and what its gateway.</summary>
/// <param name="Id">Of the refund.</param>
/// <param name="Status">The word of a <see cref="RefundStatus"/>: Marten would look for its number.</param>
/// <param name="FreeAt">When it is tried next, where it is requested.</param>
/// <param name="Reason">Why the last attempt came to nothing.</param>
internal sealed record RefundInList(
    Guid Id, Guid OrderId, string Gateway, Money Amount, bool WasOwed, string Status, int Attempts, DateTimeOffset FreeAt,
    string? Number, string? Reason, DateTimeOffset RequestedAt)
{
    /// <summary>As <see cref="RefundSent.Reference"/>.</summary>
    public Sealed? Reference { get; init; }
}

internal sealed partial class RefundList : MultiStreamProjection<RefundInList, Guid>
{
    public RefundList()
    {
        Identity<OrderRefunded>(e => e.RefundId);
        Identity<OwedMoneyReturned>(e => e.RefundId);
        Identity<RefundTried>(e => e.RefundId);
        Identity<RefundSent>(e => e.RefundId);
        Identity<RefundPutOff>(e => e.RefundId);
        Identity<RefundFailed>(e => e.RefundId);
        Identity<RefundWantedAgain>(e => e.RefundId);
    }

    public override RefundInList? Evolve(RefundInList? snapshot, Guid id, IEvent e) => (snapshot, e.Data) switch
    {
        (null, OrderRefunded { Imported: true, Dispute: null } x) => Requested(x.RefundId, e.StreamId, x.Gateway, x.Amount, false, x.At) with { Status = RefundStatus.Sent.ToWord() },
        (null, OrderRefunded { Dispute: null } x) => Requested(x.RefundId, e.StreamId, x.Gateway, x.Amount, false, x.At),
        (null, OwedMoneyReturned x) => Requested(x.RefundId, e.StreamId, x.Receipt.Gateway, x.Amount, true, x.At),
        ({ } refund, RefundTried x) => refund with { Attempts = x.Attempt, FreeAt = x.LeasedUntil },
        ({ } refund, RefundSent x) => refund with { Status = RefundStatus.Sent.ToWord(), Number = x.Number, Reason = null, Reference = x.Reference },
        ({ } refund, RefundPutOff x) => refund with { FreeAt = x.Until, Reason = x.Reason },
        ({ } refund, RefundFailed x) => refund with { Status = RefundStatus.Failed.ToWord(), Reason = x.Reason },
        ({ } refund, RefundWantedAgain x) => refund with { Status = RefundStatus.Requested.ToWord(), FreeAt = x.At },
        _ => snapshot
    };

    private static RefundInList Requested(Guid id, Guid order, string gateway, Money amount, bool wasOwed, DateTimeOffset at) =>
        new(id, order, gateway, amount, wasOwed, RefundStatus.Requested.ToWord(), 0, at, null, null, at);
}
