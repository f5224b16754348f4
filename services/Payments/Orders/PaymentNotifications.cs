using Community.EventStore;
using Community.Payments.Gateways;
using Marten;

namespace Community.Payments.Orders;

/// <summary>Money that came for orders, and payments that came to nothing.</summary>
internal sealed class PaymentNotifications(IDocumentStore store, TimeProvider clock) : INotificationHandler
{
    public async Task<Rejection?> Handle(string gateway, Notification notification, CancellationToken ct)
    {
        switch (notification)
        {
            case MoneyReceived n:
                var confirm = new ConfirmPayment(n.PaymentId, new Receipt(gateway, n.Number), n.Amount, clock.GetUtcNow());
                var another = StreamId.Of($"{gateway}-order", n.OrderId);

                if (await store.IsOfAnother(confirm.Receipt, n.OrderId, ct) && await store.IsOfAnother(confirm.Receipt, another, ct))
                {
                    return new Rejection("receipt-of-another-order", "The money of this receipt came for another order.");
                }

                var handled = await store.Handle(Order.Decider, Order.Stream(n.OrderId), confirm, ct);

                // An id that is taken by something other than an order is no order's; the money is there all the same.
                if (handled.Rejection == Rejection.NotFound)
                {
                    await store.Handle(Order.Decider, another, confirm, ct);
                }

                break;

            case PaymentRefused n:
                await store.Handle(Order.Decider, Order.Stream(n.OrderId), new FailPayment(n.PaymentId, clock.GetUtcNow()), ct);
                break;
        }

        return null;
    }
}
