using System.Text;
using System.Text.Json;
using Community.EventStore;
using Community.ServiceDefaults;
using Stripe;
using Stripe.Checkout;

namespace Community.Payments.Gateways;

/// <summary>
/// Stripe: the payer pays at a page of Checkout. A receipt is a payment intent, which also says who paid and by what: where
/// the payer agreed there, it is charged again.
/// </summary>
internal sealed class StripeCheckout : IMandateGateway
{
    public const string Gateway = "stripe";
    private const string OrderId = "orderId";
    private const string PaymentId = "paymentId";
    private const string RefundId = "refundId";
    private const string ByMandate = "byMandate";
    private const long ToleranceInSeconds = 300;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private readonly Func<HttpClient> _http;
    private readonly TimeProvider _clock;
    private readonly Followed<Setup> _setup;

    /// <exception cref="InvalidOperationException">A setting is absent or wrong; the message names it.</exception>
    public StripeCheckout(GatewaySettings settings, Func<HttpClient> http, TimeProvider clock) =>
        (_http, _clock, _setup) = (http, clock, settings.Follow(Setup.Read));

    public string Name => Gateway;

    public string? Fault => _setup.Fault;

    public bool IsLive => _setup.Now.Key is ['s' or 'r', 'k', '_', 'l', 'i', 'v', 'e', '_', ..];

    public Rejection? Refuses(Money amount)
    {
        if (!Currencies.Knows(amount.Currency))
        {
            return Amounts.OtherCurrency(Gateway, amount.Currency);
        }

        var least = StripeAmounts.Least(amount.Currency);

        return StripeAmounts.Of(amount) is not { } units ? Amounts.NotTaken(Gateway, amount, $"its minor unit of {amount.Currency} is larger, and the amount no multiple of it")
            : units % StripeAmounts.Step(amount.Currency) != 0 ? Amounts.NotTaken(Gateway, amount, $"it takes {amount.Currency} in steps of {StripeAmounts.Step(amount.Currency)} minor units")
            : units < least ? Amounts.NotTaken(Gateway, amount, $"at least {least} of its minor units are paid")
            : units > StripeAmounts.Most(amount.Currency) ? Amounts.NotTaken(Gateway, amount, $"at most {StripeAmounts.Most(amount.Currency)} of its minor units are paid at once")
            : null;
    }

    public Task<StartAnswer> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct) => Call<StartAnswer>(async client =>
    {
        if (Refuses(payment.Amount) is { } refusal)
        {
            return new StartAnswer.Refused(refusal.Detail);
        }

        var references = new Dictionary<string, string> { [OrderId] = payment.OrderId.ToString(), [PaymentId] = payment.PaymentId.ToString() };
        var wish = new SessionCreateOptions
        {
            Mode = "payment",
            ClientReferenceId = payment.OrderId.ToString(),
            Metadata = references,
            PaymentIntentData = new SessionPaymentIntentDataOptions { Metadata = references },
            SuccessUrl = (_setup.Now.ReturnTo ?? service).ToString(),
            LineItems =
            [
                new SessionLineItemOptions
                {
                    Quantity = 1,
                    PriceData = new SessionLineItemPriceDataOptions
                    {
                        Currency = Lower(payment.Amount.Currency),
                        UnitAmount = StripeAmounts.Of(payment.Amount),
                        ProductData = new SessionLineItemPriceDataProductDataOptions { Name = $"Order {payment.OrderId}" }
                    }
                }
            ]
        };

        if (payment.GivesMandate)
        {
            wish.CustomerCreation = "always";
            wish.PaymentIntentData.SetupFutureUsage = "off_session";
        }

        try
        {
            var session = await new SessionService(client).CreateAsync(
                wish, new RequestOptions { IdempotencyKey = $"payment-{payment.PaymentId}" }, ct);

            return Uri.TryCreate(session.Url, UriKind.Absolute, out var page)
                ? new StartAnswer.Begun(new PaymentAction(PaymentAction.Redirect, page))
                : throw new GatewayAwayException(Gateway, "a session without an address");
        }
        catch (StripeException e) when (IsRefusal(e))
        {
            return new StartAnswer.Refused($"{CodeOf(e)} {e.StripeError?.Message}".TrimEnd());
        }
    }, ct);

    public Task<Notification> Ask(PaymentRequest payment, CancellationToken ct) => Call<Notification>(
        async client =>
        {
            try
            {
                return await Find(new PaymentIntentService(client), payment, ct) is { } intent ? Outcome(payment, intent) : new NothingNew();
            }
            catch (StripeException e) when (IsRefusal(e))
            {
                return new NotAnswered($"{CodeOf(e)} {e.StripeError?.Message}".TrimEnd());
            }
        }, ct);

    public Task<Notification> Charge(ChargeRequest charge, CancellationToken ct) => Call(async client =>
    {
        var intents = new PaymentIntentService(client);
        var payment = charge.Payment;

        // They forget an idempotency key after a day.
        if (charge.IsRepeat && await Find(intents, payment, ct) is { } made)
        {
            return Outcome(payment, made);
        }

        if (Refuses(payment.Amount) is not null)
        {
            return new PaymentRefused(payment.OrderId, payment.PaymentId);
        }

        try
        {
            var last = await intents.GetAsync(charge.Last.Number, cancellationToken: ct);

            if (last is not { CustomerId.Length: > 0, PaymentMethodId.Length: > 0 })
            {
                return new PaymentRefused(payment.OrderId, payment.PaymentId);
            }

            return Outcome(payment, await intents.CreateAsync(
                new PaymentIntentCreateOptions
                {
                    Amount = StripeAmounts.Of(payment.Amount),
                    Currency = Lower(payment.Amount.Currency),
                    Customer = last.CustomerId,
                    PaymentMethod = last.PaymentMethodId,
                    OffSession = true,
                    Confirm = true,
                    Metadata = new() { [OrderId] = payment.OrderId.ToString(), [PaymentId] = payment.PaymentId.ToString(), [ByMandate] = "true" }
                },
                new RequestOptions { IdempotencyKey = $"charge-{payment.PaymentId}" }, ct));
        }
        catch (StripeException e) when (IsRefusal(e))
        {
            return new PaymentRefused(payment.OrderId, payment.PaymentId); // by the bank, or what was kept for it is gone
        }
    }, ct);

    public Task<RefundAnswer> Refund(RefundRequest refund, CancellationToken ct) => Call<RefundAnswer>(async client =>
    {
        var refunds = new RefundService(client);

        if (StripeAmounts.Of(refund.Amount) is not { } units)
        {
            return new RefundAnswer.Refused($"{refund.Amount} is no multiple of what Stripe counts in: to be given back by hand.");
        }

        // They forget an idempotency key after a day.
        if (refund.IsRepeat)
        {
            await foreach (var made in refunds.ListAutoPagingAsync(new RefundListOptions { PaymentIntent = refund.Receipt.Number }, cancellationToken: ct))
            {
                if (made.Metadata?.GetValueOrDefault(RefundId) == refund.RefundId.ToString() && made.Status is not ("failed" or "canceled"))
                {
                    return new RefundAnswer.Sent(made.Id);
                }
            }
        }

        try
        {
            var sent = await refunds.CreateAsync(
                new RefundCreateOptions
                {
                    PaymentIntent = refund.Receipt.Number,
                    Amount = units,
                    Metadata = new() { [RefundId] = refund.RefundId.ToString() }
                },
                new RequestOptions { IdempotencyKey = refund.Round == 0 ? $"refund-{refund.RefundId}" : $"refund-{refund.RefundId}-{refund.Round}" }, ct);

            return sent.Status is "failed" or "canceled" ? new RefundAnswer.Refused(sent.FailureReason ?? sent.Status) : new RefundAnswer.Sent(sent.Id);
        }
        catch (StripeException e) when (IsRefusal(e))
        {
            return new RefundAnswer.Refused(CodeOf(e));
        }
    }, ct);

    public Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body)
    {
        if (!IsGenuine(Encoding.UTF8.GetString(body.Span), headers["Stripe-Signature"].ToString()))
        {
            return new NotGenuine();
        }

        try
        {
            // Read by hand: the library's own reading ties the webhook to one version of their API.
            return JsonSerializer.Deserialize<Message>(body.Span, Json) switch
            {
                { Type: "checkout.session.completed" or "checkout.session.async_payment_succeeded", Data.Object: { } o } => Paid(Read<CheckoutSession>(o)),
                { Type: "checkout.session.async_payment_failed" or "checkout.session.expired", Data.Object: { } o } =>
                    Read<CheckoutSession>(o) is { } session ? new PaymentRefused(OrderOf(session), PaymentOf(session)) : new NotUnderstood(),
                { Type: "payment_intent.succeeded", Data.Object: { } o } => Charged(Read<Intent>(o), succeeded: true),
                { Type: "payment_intent.payment_failed", Data.Object: { } o } => Charged(Read<Intent>(o), succeeded: false),
                { Type: "charge.dispute.created", Data.Object: { } o } => Disputed(Read<Dispute>(o), ended: false),
                { Type: "charge.dispute.closed", Data.Object: { } o } => Disputed(Read<Dispute>(o), ended: true),
                { Type: "refund.failed", Data.Object: { } o } => Bounced(Read<RefundMade>(o)),
                { Type.Length: > 0, Data.Object: not null } => new NothingNew(),
                _ => new NotUnderstood()
            };
        }
        catch (JsonException)
        {
            return new NotUnderstood();
        }
    }

    private static bool IsRefusal(StripeException e) => (int)e.HttpStatusCode is 400 or 402 or 404 && e.StripeError?.Type != "idempotency_error";

    private static string CodeOf(StripeException e) => e.StripeError?.Code ?? e.StripeError?.Type ?? $"status {(int)e.HttpStatusCode}";

    private bool IsGenuine(string body, string signature) => _setup.Now.Secrets.Any(secret =>
    {
        try
        {
            EventUtility.ValidateSignature(body, signature, secret, ToleranceInSeconds, _clock.GetUtcNow().ToUnixTimeSeconds());

            return true;
        }
        catch (StripeException)
        {
            return false;
        }
    });

    private static async Task<PaymentIntent?> Find(PaymentIntentService intents, PaymentRequest payment, CancellationToken ct)
    {
        var found = await intents.SearchAsync(
            new PaymentIntentSearchOptions { Query = $"metadata['{PaymentId}']:'{payment.PaymentId}'" }, cancellationToken: ct);

        return found.Data.OrderBy(intent => intent.Status == "succeeded" ? 0 : 1).FirstOrDefault();
    }

    private static Notification Outcome(PaymentRequest payment, PaymentIntent intent) => intent switch
    {
        { Status: "succeeded" } when StripeAmounts.Read(intent.AmountReceived, intent.Currency) is { } money =>
            new MoneyReceived(payment.OrderId, payment.PaymentId, intent.Id, money),
        { Status: "canceled" } => new PaymentRefused(payment.OrderId, payment.PaymentId),

        // At a page the payer may still try another card; by a mandate nobody is there to.
        { Status: "requires_payment_method" or "requires_action" } when intent.Metadata?.ContainsKey(ByMandate) == true =>
            new PaymentRefused(payment.OrderId, payment.PaymentId),
        _ => new NothingNew()
    };

#pragma warning disable CA1308 // their codes are in small letters
    private static string Lower(string currency) => currency.ToLowerInvariant();
#pragma warning restore CA1308

    private static Notification Paid(CheckoutSession? session) => session switch
    {
        { PaymentStatus: "unpaid" or "no_payment_required" } => new NothingNew(), // it will be, or never: no money yet
        { PaymentStatus: "paid", PaymentIntent: { Length: > 0 and <= 200 } number } when StripeAmounts.Read(session.AmountTotal, session.Currency) is { } money =>
            new MoneyReceived(OrderOf(session), PaymentOf(session), number, money),
        _ => new NotUnderstood()
    };

    // Of what is paid at a page, the page tells.
    private static Notification Charged(Intent? intent, bool succeeded) => intent switch
    {
        null => new NotUnderstood(),
        { Metadata: { } metadata } when metadata.ContainsKey(ByMandate) => (succeeded, intent.Id, StripeAmounts.Read(intent.AmountReceived, intent.Currency)) switch
        {
            (false, _, _) => new PaymentRefused(Reference(metadata, "order", OrderId), Reference(metadata, "payment", PaymentId)),
            (true, { Length: > 0 and <= 200 } number, { } money) =>
                new MoneyReceived(Reference(metadata, "order", OrderId), Reference(metadata, "payment", PaymentId), number, money),
            _ => new NotUnderstood()
        },
        _ => new NothingNew()
    };

    private static Guid Reference(Dictionary<string, string> metadata, string what, string name) =>
        References.Read(Gateway, what, metadata.GetValueOrDefault(name));

    private static Notification Disputed(Dispute? dispute, bool ended) => dispute is { Id: { Length: > 0 } number, PaymentIntent: { Length: > 0 } receipt }
        && StripeAmounts.Read(dispute.Amount, dispute.Currency) is { } money
        ? ended
            ? new DisputeEnded(number, receipt, money, dispute.Reason ?? "", dispute.Status is "won" or "warning_closed")
            : new MoneyDisputed(number, receipt, money, dispute.Reason ?? "")
        : new NotUnderstood();

    private static Notification Bounced(RefundMade? refund) =>
        refund is { Id: { Length: > 0 } number } && Guid.TryParse(refund.Metadata?.GetValueOrDefault(RefundId), out var id)
        ? new RefundBounced(id, number, refund.FailureReason ?? "")
        : new NothingNew(); // made by hand at Stripe's

    private static Guid OrderOf(CheckoutSession session) => References.Read(
        Gateway, "order", session.Metadata?.GetValueOrDefault(OrderId) ?? session.ClientReferenceId ?? $"of {session.Id}");

    private static Guid PaymentOf(CheckoutSession session) => References.Read(
        Gateway, "payment", session.Metadata?.GetValueOrDefault(PaymentId) ?? $"of {session.Id}");

    private static T? Read<T>(JsonElement o) where T : class => o.Deserialize<T>(Json);

    private async Task<T> Call<T>(Func<StripeClient, Task<T>> call, CancellationToken ct)
    {
        using var http = _http();
        var client = new StripeClient(new StripeClientOptions
        {
            ApiKey = _setup.Now.Key,
            ApiBase = _setup.Now.Address.ToString().TrimEnd('/'),
            HttpClient = new SystemNetHttpClient(http, maxNetworkRetries: 0, appInfo: null, enableTelemetry: false)
        });

        try
        {
            return await call(client);
        }
        catch (StripeException e)
        {
            throw new GatewayAwayException(Gateway, $"{(int)e.HttpStatusCode} {e.StripeError?.Code ?? e.StripeError?.Type}".Trim(), e);
        }
        catch (Exception e) when (GatewayCalls.IsAway(e, ct))
        {
            throw new GatewayAwayException(Gateway, e.Message, e);
        }
    }

    private sealed record Setup(string Key, IReadOnlyList<string> Secrets, Uri Address, Uri? ReturnTo)
    {
        public static Setup Read(GatewaySettings settings)
        {
            var key = settings.Needed("SecretKey");

            if (key is not ['s' or 'r', 'k', '_', ..] || key.Any(char.IsWhiteSpace))
            {
                throw new InvalidOperationException($"{settings.NameOf("SecretKey")} must be a secret or restricted key of Stripe (sk_… or rk_…).");
            }

            var secrets = settings.Keys("WebhookSecret");

            if (secrets.FirstOrDefault(secret => !secret.Value.StartsWith("whsec_", StringComparison.Ordinal)) is { Setting: { } wrong })
            {
                throw new InvalidOperationException($"{wrong} must be the signing secret of a webhook of Stripe (whsec_…).");
            }

            return new Setup(
                key, secrets.Count > 0 ? [.. secrets.Select(secret => secret.Value)] : [settings.Needed("WebhookSecret")],
                settings.Address("Address", "https://api.stripe.com"), settings.ReturnTo);
        }
    }

    private sealed record Message(string? Type, Message.Content? Data)
    {
        internal sealed record Content(JsonElement? Object);
    }

    private sealed record CheckoutSession(
        string? Id, string? PaymentStatus, string? PaymentIntent, long? AmountTotal, string? Currency, string? ClientReferenceId,
        Dictionary<string, string>? Metadata);

    private sealed record Intent(string? Id, long? AmountReceived, string? Currency, Dictionary<string, string>? Metadata);

    private sealed record Dispute(string? Id, string? PaymentIntent, long? Amount, string? Currency, string? Reason, string? Status);

    private sealed record RefundMade(string? Id, string? FailureReason, Dictionary<string, string>? Metadata);
}
