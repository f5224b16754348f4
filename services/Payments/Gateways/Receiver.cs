using Community.EventStore;
using Community.Payments.Chargebacks;
using Community.Payments.Orders;
using Community.Payments.Refunds;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

/// <summary>The one way by which a gateway's word gets in: checked, understood, kept.</summary>
internal sealed class Receiver(IDocumentStore store, Refusals refusals, TimeProvider clock, ILogger<Receiver> log)
{
    public async Task<Results<NoContent, ContentHttpResult, ProblemHttpResult>> Receive(
        IGateway gateway, IHeaderDictionary headers, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        switch (gateway.Read(headers, body))
        {
            case NotGenuine:
                return await Refuse(gateway, body, StatusCodes.Status401Unauthorized, "signature-invalid", "The signature is wrong or too old.", ct);

            case NotOurs:
                return await Refuse(gateway, body, StatusCodes.Status400BadRequest, "notification-not-ours", "It is meant for another app or merchant.", ct);

            case NotUnderstood:
                return await Refuse(gateway, body, StatusCodes.Status400BadRequest, "notification-not-understood", "This is no notification of this gateway.", ct);

            case var notification:
                if (await Take(gateway, notification, ct) is { } refused)
                {
                    return await Refuse(gateway, body, StatusCodes.Status409Conflict, refused.Code, refused.Detail, ct);
                }

                return gateway.Thanks is { } thanks ? TypedResults.Text(thanks) : TypedResults.NoContent();
        }
    }

    /// <summary>What a gateway said, by its webhook or because it was asked.</summary>
    /// <returns>Why it has no effect, where it cannot be right.</returns>
    public async Task<Rejection?> Take(IGateway gateway, Notification notification, CancellationToken ct)
    {
        CommandMetadata.Set(CommandMetadata.Current with { By = gateway.Name });
        var now = clock.GetUtcNow();

        switch (notification)
        {
            case MoneyReceived n:
                var confirm = new ConfirmPayment(n.PaymentId, new Receipt(gateway.Name, n.Number), n.Amount, now);
                var another = StreamId.Of($"{gateway.Name}-order", n.OrderId);

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
                await store.Handle(Order.Decider, Order.Stream(n.OrderId), new FailPayment(n.PaymentId, now), ct);
                break;

            case RefundBounced n:
                await store.Handle(Refund.Decider, Refund.Stream(n.RefundId), new BounceRefund(n.RefundId, n.Number, n.Reason, now), ct);
                break;

            case MoneyDisputed n:
                var disputed = new Receipt(gateway.Name, n.Receipt);

                return await Disputed(
                    new DisputePayment(n.Number, disputed, n.Amount, now), new OpenChargeback(n.Number, disputed, n.Amount, n.Reason, now), ct);

            case DisputeEnded n:
                var decided = new Receipt(gateway.Name, n.Receipt);

                return await Disputed(
                    new CloseDispute(n.Number, decided, n.Amount, n.Won, now), new CloseChargeback(n.Number, decided, n.Amount, n.Reason, n.Won, now), ct);
        }

        return null;
    }

    // The order first: from then on nothing goes out. Where this ends in between, the gateway tells it again.
    private async Task<Rejection?> Disputed(OfDispute word, ChargebackCommand chargeback, CancellationToken ct)
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

    private async Task<ProblemHttpResult> Refuse(
        IGateway gateway, ReadOnlyMemory<byte> body, int status, string code, string detail, CancellationToken ct)
    {
        log.LogWarning("A notification of {Gateway} is refused: {Code}", gateway.Name, code);
        await refusals.Note(gateway.Name, code, body, ct);

        return gateway.Refuse(Problems.Problem(status, code, detail));
    }
}
