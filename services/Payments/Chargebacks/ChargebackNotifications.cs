using Community.EventStore;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Marten;

namespace Community.Payments.Chargebacks;

/// <summary>Disputes that payers' banks begin and decide.</summary>
internal sealed class ChargebackNotifications(IDocumentStore store, TimeProvider clock) : INotificationHandler
{
    public Task<Rejection?> Handle(string gateway, Notification notification, CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        switch (notification)
        {
            case MoneyDisputed n:
                var disputed = new Receipt(gateway, n.Receipt);

                return Handle(new DisputePayment(n.Number, disputed, n.Amount, now), new OpenChargeback(n.Number, disputed, n.Amount, n.Reason, now), ct);

            case DisputeEnded n:
                var decided = new Receipt(gateway, n.Receipt);

                return Handle(
                    new CloseDispute(n.Number, decided, n.Amount, n.Won, now), new CloseChargeback(n.Number, decided, n.Amount, n.Reason, n.Won, now), ct);

            default:
                return Task.FromResult<Rejection?>(null);
        }
    }

    // The order first: from then on nothing goes out. Where this ends in between, the gateway tells it again.
    private async Task<Rejection?> Handle(OfDispute word, ChargebackCommand chargeback, CancellationToken ct)
    {
        await using var session = store.QuerySession();

        if (await session.LoadAsync<TakenReceipt>(TakenReceipt.IdOf(word.Receipt), ct) is not { } taken)
        {
            return new Rejection("chargeback-of-unknown-payment", "No such payment has come.");
        }

        if ((await store.Handle(Order.Decider, Order.Stream(taken.OrderId), word, ct)).Rejection is { } rejection)
        {
            return rejection;
        }

        await store.Handle(Chargeback.Decider, Chargeback.Stream(word.Receipt.Gateway, word.Number), chargeback, ct);

        return null;
    }
}
