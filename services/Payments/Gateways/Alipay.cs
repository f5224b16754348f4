using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Community.Payments.Gateways;

/// <summary>
/// Alipay's open platform: a page to pay at (<c>alipay.trade.page.pay</c>) or a QR code (<c>alipay.trade.precreate</c>).
/// Requests, answers and notifications are signed by RSA2. Amounts are yuan with two decimals.
/// </summary>
internal sealed class Alipay : IGateway
{
    public const string Gateway = "alipay";
    private static readonly TimeSpan China = TimeSpan.FromHours(8);
    private readonly Func<HttpClient> _http;
    private readonly TimeProvider _clock;
    private readonly string _app;
    private readonly string _seller;
    private readonly RsaKey _key;
    private readonly RsaKey _alipayKey;
    private readonly Uri _address;
    private readonly Uri _webhook;
    private readonly Uri? _returnTo;

    /// <exception cref="InvalidOperationException">A setting is absent or wrong; the message names it.</exception>
    public Alipay(GatewaySettings settings, Func<HttpClient> http, TimeProvider clock)
    {
        (_http, _clock) = (http, clock);
        (_app, _seller) = (settings.Needed("AppId"), settings.Needed("SellerId"));
        _key = RsaKey.Private(settings.NameOf("PrivateKey"), settings.Needed("PrivateKey"));
        _alipayKey = RsaKey.Public(settings.NameOf("AlipayPublicKey"), settings.Needed("AlipayPublicKey"));
        _address = settings.Address("Address", "https://openapi.alipay.com/gateway.do");
        (_webhook, _returnTo) = (settings.Webhook(Gateway), settings.ReturnTo);
    }

    public string Name => Gateway;

    public string? Thanks => "success";

    // The platform's own sandbox has a host of its own.
    public bool IsLive => _address.Host == "openapi.alipay.com";

    public bool Takes(string currency) => currency == "CNY";

    public async Task<PaymentAction> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct)
    {
        var trade = new Dictionary<string, string>
        {
            ["out_trade_no"] = Reference(payment),
            ["total_amount"] = Yuan(payment.Amount),
            ["subject"] = $"Order {payment.OrderId}",
            ["passback_params"] = payment.OrderId.ToString()
        };

        if (kind == PaymentAction.QrCode)
        {
            var answer = await Call("alipay.trade.precreate", trade, _webhook, ct);

            return answer.Code == "10000" && Uri.TryCreate(answer.Text("qr_code"), UriKind.Absolute, out var code)
                ? new PaymentAction(PaymentAction.QrCode, code)
                : throw new GatewayAwayException(Gateway, answer.Reason);
        }

        trade["product_code"] = "FAST_INSTANT_TRADE_PAY";
        var page = QueryHelpers.AddQueryString(_address.ToString(), Signed("alipay.trade.page.pay", trade, _webhook, _returnTo)!);

        return new PaymentAction(PaymentAction.Redirect, new Uri(page));
    }

    public async Task<Notification> Ask(PaymentRequest payment, CancellationToken ct)
    {
        var answer = await Call("alipay.trade.query", new() { ["out_trade_no"] = Reference(payment) }, null, ct);

        return answer.Code == "10000"
            ? Understand(answer.Text("trade_status"), answer.Text("trade_no"), answer.Text("total_amount"), payment.OrderId, payment.PaymentId)
            : answer.SubCode == "ACQ.TRADE_NOT_EXIST" ? new NothingNew() : throw new GatewayAwayException(Gateway, answer.Reason);
    }

    // Their document: who asks again under the same out_request_no gets no second refund.
    public async Task<RefundAnswer> Refund(RefundRequest refund, CancellationToken ct)
    {
        var answer = await Call("alipay.trade.refund", new()
        {
            ["trade_no"] = refund.Receipt.Number,
            ["refund_amount"] = Yuan(refund.Amount),
            ["out_request_no"] = refund.RefundId.ToString("N")
        }, null, ct);

        return answer switch
        {
            { Code: "10000" } => new RefundAnswer.Sent($"{refund.RefundId:N}"),
            { Code: "40004", SubCode: not (null or "ACQ.SYSTEM_ERROR" or "aop.ACQ.SYSTEM_ERROR") } => new RefundAnswer.Refused(answer.Reason),
            _ => throw new GatewayAwayException(Gateway, answer.Reason)
        };
    }

    public Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body)
    {
        var form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body.Span));

        if (form.Any(parameter => parameter.Value.Count != 1)
            || form.GetValueOrDefault("sign_type") != "RSA2"
            || !_alipayKey.Verify(Encoding.UTF8.GetBytes(Content(form.Where(p => p.Key is not ("sign" or "sign_type"))
                .Select(p => KeyValuePair.Create(p.Key, p.Value.ToString())))), form.GetValueOrDefault("sign")))
        {
            return new NotGenuine();
        }

        // No age is too old: they sign no deadline, and tell for a day what was not heard. A repeat changes nothing.
        if (form.GetValueOrDefault("app_id") != _app || form.GetValueOrDefault("seller_id") != _seller)
        {
            return new NotOurs();
        }

        var reference = form.GetValueOrDefault("out_trade_no").ToString();
        var order = form.GetValueOrDefault("passback_params").ToString() is { Length: > 0 } passed ? passed : $"of {reference}";

        return Understand(
            form.GetValueOrDefault("trade_status"), form.GetValueOrDefault("trade_no"), form.GetValueOrDefault("total_amount"),
            References.Read(Gateway, "order", order), References.Read(Gateway, "payment", reference));
    }

    /// <summary>Fen; null where it is no amount of yuan with at most two decimals.</summary>
    internal static long? Fen(string? yuan)
    {
        var parts = (yuan ?? "").Split('.');

        return parts.Length <= 2 && parts.All(part => part.Length is > 0 and <= 13 && part.All(char.IsAsciiDigit)) && parts.ElementAtOrDefault(1) is null or { Length: <= 2 }
            ? (long.Parse(parts[0], CultureInfo.InvariantCulture) * 100)
                + long.Parse((parts.ElementAtOrDefault(1) ?? "").PadRight(2, '0'), CultureInfo.InvariantCulture)
            : null;
    }

    internal static string Yuan(Money money) => string.Create(CultureInfo.InvariantCulture, $"{money.Amount / 100}.{money.Amount % 100:00}");

    private static string Reference(PaymentRequest payment) => payment.PaymentId.ToString("N");

    private static Notification Understand(string? status, string? number, string? amount, Guid order, Guid payment) => (status, Fen(amount)) switch
    {
        ("TRADE_SUCCESS" or "TRADE_FINISHED", > 0 and <= Money.Most and var fen) when number is { Length: > 0 and <= 200 } && !number.Any(char.IsControl) =>
            new MoneyReceived(order, payment, number, new Money(fen, "CNY")),
        ("TRADE_CLOSED", _) => new PaymentRefused(order, payment), // also after a whole refund: what has paid stays so
        ("WAIT_BUYER_PAY", _) => new NothingNew(),
        _ => new NotUnderstood()
    };

    // Sorted by name, as name=value, joined by ampersands, values as they are.
    private static string Content(IEnumerable<KeyValuePair<string, string>> parameters) => string.Join(
        '&', parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    private Dictionary<string, string> Signed(string method, Dictionary<string, string> trade, Uri? webhook, Uri? returnTo)
    {
        var request = new Dictionary<string, string>
        {
            ["app_id"] = _app,
            ["method"] = method,
            ["format"] = "JSON",
            ["charset"] = "utf-8",
            ["sign_type"] = "RSA2",
            ["timestamp"] = _clock.GetUtcNow().ToOffset(China).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            ["version"] = "1.0",
            ["biz_content"] = JsonSerializer.Serialize(trade)
        };

        if (webhook is not null)
        {
            request["notify_url"] = webhook.ToString();
        }

        if (returnTo is not null)
        {
            request["return_url"] = returnTo.ToString();
        }

        request["sign"] = _key.Sign(Content(request));

        return request;
    }

    private async Task<Answer> Call(string method, Dictionary<string, string> trade, Uri? webhook, CancellationToken ct)
    {
        using var form = new FormUrlEncodedContent(Signed(method, trade, webhook, null));

        try
        {
            using var client = _http();
            using var response = await client.PostAsync(_address, form, ct);

            if (!response.IsSuccessStatusCode)
            {
                throw new GatewayAwayException(Gateway, $"status {(int)response.StatusCode}");
            }

            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(ct));

            // The signature is over the very text of the answer within the document.
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty($"{method.Replace('.', '_')}_response", out var answer) && answer.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("sign", out var sign) && sign.ValueKind == JsonValueKind.String
                && _alipayKey.Verify(Encoding.UTF8.GetBytes(answer.GetRawText()), sign.GetString())
                ? new Answer(answer.Clone())
                : throw new GatewayAwayException(Gateway, "the answer is not signed by Alipay");
        }
        catch (Exception e) when (GatewayCalls.IsAway(e, ct))
        {
            throw new GatewayAwayException(Gateway, e.Message, e);
        }
    }

    private sealed record Answer(JsonElement Json)
    {
        public string? Code => Text("code");

        public string? SubCode => Text("sub_code");

        public string Reason => $"{Code} {SubCode} {Text("sub_msg") ?? Text("msg")}";

        public string? Text(string name) =>
            Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
