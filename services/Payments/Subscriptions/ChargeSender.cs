using Community.EventStore;
using Community.Payments.Charging;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Marten;

namespace Community.Payments.Subscriptions;

/// <summary>
/// Asks gateways to charge by their mandates what subscriptions have become due, and again where the outcome is not known.
/// Who appends the attempt asks, and nobody else until the next is due.
/// </summary>
internal sealed class ChargeSender(
    IDocumentStore store, Mandates mandates, TimeProvider clock, ILogger<ChargeSender> log)
    : PeriodicJob("charge-sender", TimeSpan.FromSeconds(1), clock, log)
{
    private const int AtATime = 100;
    private const int AtOnce = 4;

    protected override async Task Do(CancellationToken ct)
    {
        while (await SendDue(ct)) { }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> SendDue(CancellationToken ct)
    {
        var sent = 0;
        IReadOnlyList<OrderInList> due;

        await using (var session = store.QuerySession())
        {
            var now = Clock.GetUtcNow();
            due = await session.Query<OrderInList>().Where(o => o.ChargeDueAt <= now).OrderBy(o => o.ChargeDueAt).Take(AtATime).ToListAsync(ct);
        }

        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (order, stop) =>
        {
            if (await Send(order.Id, order.Charged!.Value, stop))
            {
                Interlocked.Increment(ref sent);
            }
        });

        return due.Count == AtATime && sent > 0;
    }

    private async Task<bool> Send(Guid orderId, Guid paymentId, CancellationToken ct)
    {
        var tried = await store.Handle(Order.Decider, Order.Stream(orderId), new TryCharge(paymentId, Clock.GetUtcNow()), ct);

        if (tried.Rejection is not null || tried.State is not Placed order)
        {
            return false; // the list follows the log a moment later, or another replica has it
        }

        var name = order.Payments[paymentId].Gateway;

        if (mandates.Find(name) is not { } gateway || await LastReceipt(order, name, ct) is not { } last)
        {
            Log.LogWarning("The payment {PaymentId} fails: {Gateway} has no mandate any more", paymentId, name);
            await store.Handle(Order.Decider, Order.Stream(orderId), new FailPayment(paymentId, Clock.GetUtcNow()), ct);

            return true;
        }

        await mandates.Charge(gateway, new ChargeRequest(new PaymentRequest(orderId, paymentId, order.Total), last, IsRepeat: order.Charged!.Tries > 1), ct);

        return true;
    }

    // Order ids are in the order of time.
    private async Task<Receipt?> LastReceipt(Placed order, string gateway, CancellationToken ct)
    {
        var subscription = await store.Load(Subscription.Decider, Subscription.Stream(order.Lines[0].SubjectId), null, ct);

        foreach (var settled in subscription.State.Settled.OrderDescending())
        {
            if ((await store.Load(Order.Decider, Order.Stream(settled), null, ct)).State is Paid { Receipt: { } receipt } && receipt.Gateway == gateway)
            {
                return receipt;
            }
        }

        return null;
    }
}
