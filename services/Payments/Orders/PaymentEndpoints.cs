using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Orders;

/// <param name="Action">What the payer would rather have; a gateway that does not have it gives what it has.</param>
internal sealed record NewPayment(
    string Gateway, [property: AllowedValues(PaymentAction.Redirect, PaymentAction.QrCode, null)] string? Action = null);

internal sealed record StartedPaymentView(Guid PaymentId, PaymentStatus Status, PaymentAction Action);

/// <param name="Reference">Of the transfer or the receipt: the same one again is the same money.</param>
/// <param name="Amount">What came; the order's total if absent.</param>
internal sealed record NewOfflinePayment([property: Text(200)] string Reference, [property: Positive] Money? Amount = null);

internal sealed record PaymentServices(IEnumerable<IGateway> Gateways, NotificationReceiver Receiver, ILogger<PaymentServices> Log);

internal static class PaymentEndpoints
{
    public static void MapPayments(this IEndpointRouteBuilder orders)
    {
        orders.MapPost("/{id}/payments", Start).AnswersVersion().TakesVersion().WithSummary("Starts a payment and says what the payer does next");
        orders.MapPost("/{id}/payments/{paymentId}/inquiry", Inquire).WithSummary("Asks the gateway what became of a payment, where its notification is late");
        orders.MapPost("/{id}/offline-payments", Record).RequireRoles("operator").AnswersVersion().WithSummary("Records money that came without a gateway");
    }

    private static async Task<Results<Created<StartedPaymentView>, ProblemHttpResult>> Start(
        Guid id, NewPayment wish, [AsParameters] CommandContext context, [AsParameters] PaymentServices services, IConfiguration configuration, CancellationToken ct)
    {
        if (!GatewaysModule.All.Contains(wish.Gateway))
        {
            throw new InvalidParameter("gateway", $"must be one of {string.Join(", ", GatewaysModule.All)}");
        }

        var (user, http, store, clock) = context;

        if (await store.FindOrder(id, user, null, ct) is not var (found, _))
        {
            return Problems.NotFound("order");
        }

        if (services.Gateways.FirstOrDefault(g => g.Name == wish.Gateway) is not { } gateway)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "gateway-not-configured", $"This community does not take payments by {wish.Gateway}.");
        }

        if (gateway.Refuses(found.Total) is { } refusal)
        {
            return refusal.ToProblem();
        }

        var paymentId = http.NewId(clock);
        var handled = await store.Handle(
            Order.Decider, Order.Stream(id), new StartPayment(paymentId, gateway.Name, clock.GetUtcNow()),
            new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        var order = (Placed)handled.State;
        var service = http.OwnAddress(configuration["Gateways:Address"]);

        try
        {
            var payment = new PaymentRequest(id, paymentId, order.Total, GivesMandate: await order.IsRenewed(store, ct));

            switch (await gateway.Start(payment, wish.Action, service, ct))
            {
                case StartAnswer.Begun begun:
                    http.SetVersion(handled.Version);

                    return TypedResults.Created($"/orders/{id}", new StartedPaymentView(paymentId, order.Payments[paymentId].Status, begun.Action));

                case StartAnswer.Refused refused:
                    await store.Handle(Order.Decider, Order.Stream(id), new FailPayment(paymentId, clock.GetUtcNow()), ct);

                    return Refused(gateway, $"does not take this payment: {refused.Reason}", services.Log);

                case var other:
                    throw new System.Diagnostics.UnreachableException($"{other.GetType().Name} is no answer to a payment.");
            }
        }
        catch (GatewayAwayException e)
        {
            return Away(gateway, e, http, services.Log);
        }
    }

    /// <summary>What it pays for goes on, and is paid again.</summary>
    private static async Task<bool> IsRenewed(this Placed order, IDocumentStore store, CancellationToken ct)
    {
        foreach (var line in order.Lines)
        {
            if (line.Kind is "renewal" or "change"
                || (line.Kind == "plan" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { Months: > 0 }))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<Results<Ok<PaymentView>, ProblemHttpResult>> Inquire(
        Guid id, Guid paymentId, [AsParameters] CommandContext context, [AsParameters] PaymentServices services, CancellationToken ct)
    {
        var (user, http, store, _) = context;

        if (await store.FindOrder(id, user, null, ct) is not var (order, _) || !order.Payments.TryGetValue(paymentId, out var payment))
        {
            return Problems.NotFound("payment");
        }

        if (services.Gateways.FirstOrDefault(g => g.Name == payment.Gateway) is not { } gateway)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "gateway-not-configured", $"This community no longer takes payments by {payment.Gateway}.");
        }

        try
        {
            var told = await gateway.Ask(new PaymentRequest(id, paymentId, order.Total), ct);

            if (told is NotAnswered refused)
            {
                return Refused(gateway, $"does not tell of this payment: {refused.Reason}", services.Log);
            }

            await services.Receiver.Process(gateway, told, ct);
        }
        catch (GatewayAwayException e)
        {
            return Away(gateway, e, http, services.Log);
        }

        var now = (Placed)(await store.Load(Order.Decider, Order.Stream(id), null, ct)).State;

        return TypedResults.Ok(new PaymentView(paymentId, gateway.Name, now.Payments[paymentId].Status));
    }

    private static async Task<Results<Created<OrderView>, ProblemHttpResult>> Record(
        Guid id, NewOfflinePayment payment, [AsParameters] CommandContext context, OfflineMoney offline, CancellationToken ct)
    {
        var (user, http, store, clock) = context;

        if (await store.FindOrder(id, user, null, ct) is not var (order, _))
        {
            return Problems.NotFound("order");
        }

        var (now, receipt) = (clock.GetUtcNow(), await offline.Receipt(order.MemberId, payment.Reference, ct));

        // Also one that was recorded before references were sealed.
        if (await store.IsOfAnother(receipt, id, ct) || await store.IsOfAnother(new Receipt(OfflineMoney.Gateway, payment.Reference.Trim()), id, ct)
            || (await store.Handle(OfflineReference.Decider, OfflineReference.OfMoney(receipt.Number), new UseReference(id, now), ct)).Rejection is not null)
        {
            return OfflineReference.Used.ToProblem();
        }

        var confirm = new ConfirmPayment(http.NewId(clock), receipt, payment.Amount ?? order.Total, now);
        var handled = await store.Handle(Order.Decider, Order.Stream(id), confirm, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/orders/{id}", OrderEndpoints.View(id, (Placed)handled.State));
    }

    /// <summary>Another try would be answered alike: what the gateway says is passed on, on one line.</summary>
    private static ProblemHttpResult Refused(IGateway gateway, string what, ILogger log)
    {
        var detail = string.Concat($"{gateway.Name} {what}".Where(c => !char.IsControl(c)).Take(500));
        log.LogWarning("A payment is refused: {Reason}", detail);

        return Problems.Problem(StatusCodes.Status409Conflict, "gateway-refused", detail);
    }

    private static ProblemHttpResult Away(IGateway gateway, GatewayAwayException e, HttpContext http, ILogger log)
    {
        log.LogWarning("A payment waits for its gateway: {Reason}", e.Message);
        http.Response.Headers.RetryAfter = "5";

        return Problems.Problem(StatusCodes.Status503ServiceUnavailable, "gateway-away", $"{gateway.Name} does not answer as it should; try again shortly.");
    }

    /// <summary>How far a payment of an order is.</summary>
    public static async Task<PaymentStatus> StatusOf(IDocumentStore store, PaymentRequest payment, CancellationToken ct) =>
        ((await store.Load(Order.Decider, Order.Stream(payment.OrderId), null, ct)).State as Placed)?.StatusOf(payment.PaymentId) ?? PaymentStatus.Pending;
}
