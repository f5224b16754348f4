using Community.EventStore;
using Community.Payments.Gateways;
using Marten;

namespace Community.Payments.Refunds;

/// <summary>Refunds that did not reach the payer.</summary>
internal sealed class RefundNotifications(IDocumentStore store, TimeProvider clock) : INotificationHandler
{
    public async Task<Rejection?> Handle(string gateway, Notification notification, CancellationToken ct)
    {
        if (notification is RefundBounced n)
        {
            await store.Handle(Refund.Decider, Refund.Stream(n.RefundId), new BounceRefund(n.RefundId, n.Number, n.Reason, clock.GetUtcNow()), ct);
        }

        return null;
    }
}
