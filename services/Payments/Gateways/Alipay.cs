using System.Globalization;
using System.Text;
using System.Text.Json;
using Community.EventStore;
using Microsoft.AspNetCore.WebUtilities;

namespace Community.Payments.Gateways;

/// <summary>
/// Alipay's open platform: a page to pay at (<c>alipay.trade.page.pay</c>) or a QR code (<c>alipay.trade.precreate</c>).
/// Requests, answers and notifications are signed by RSA2. Amounts are yuan with two decimals.
/// </summary>
internal sealed class Alipay : IGateway
{
    public const string Gateway = "alipay";
    private const long MostFen = 10_000_000_000;
    private static readonly TimeSpan China = TimeSpan.FromHours(8);
    private readonly Func<HttpClient> _http;
    private readonly TimeProvider _clock;
    private readonly Followed<Setup> _setup;

    /// <exception cref="InvalidOperationException">A setting is absent or wrong; the message names it.</exception>
    public Alipay(GatewaySettings settings, Func<HttpClient> http, TimeProvider clock) =>
        (_http, _clock, _setup) = (http, clock, settings.Follow(Setup.Read));

    public string Name => Gateway;

    public string? Fault => _setup.Fault;

    public string? Thanks => "success";

    // The platform's own sandbox has a host of its own.
    public bool HasQrCode => true;

    public bool IsLive => _setup.Now.Address.Host == "openapi.alipay.com";

    public Rejection? Refuses(Money amount) =>
        amount.Currency != "CNY" ? Amounts.OtherCurrency(Gateway, amount.Currency)
        : amount.Amount > MostFen ? Amounts.NotTaken(Gateway, amount, "at most 100000000 yuan are paid at once")
        : null;

    public async Task<StartAnswer> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct)
    {
        var trade = new Dictionary<string, string>
        {
            ["out_trade_no"] = Reference(payment),
            ["total_amount"] = Yuan(payment.Amount),
            ["subject"] = $"Order {payment.OrderId}",
            ["passback_params"] = payment.OrderId.ToString()
        };

        var setup = _setup.Now;

        if (kind == PaymentAction.QrCode)
        {
            var answer = await Call("alipay.trade.precreate", trade, setup.Webhook, ct);

            return answer.Code == "10000" && Uri.TryCreate(answer.Text("qr_code"), UriKind.Absolute, out var code)
                ? new StartAnswer.Begun(new PaymentAction(PaymentAction.QrCode, code))
                : answer.IsRefusal ? new StartAnswer.Refused(answer.Reason)
                : throw new GatewayAwayException(Gateway, answer.Reason);
        }

        trade["product_code"] = "FAST_INSTANT_TRADE_PAY";
        var page = QueryHelpers.AddQueryString(setup.Address.ToString(), Signed(setup, "alipay.trade.page.pay", trade, setup.Webhook, setup.ReturnTo)!);

        return new StartAnswer.Begun(new PaymentAction(PaymentAction.Redirect, new Uri(page)));
    }

    public async Task<Notification> Ask(PaymentRequest payment, CancellationToken ct)
    {
        var answer = await Call("alipay.trade.query", new() { ["out_trade_no"] = Reference(payment) }, null, ct);

        return answer.Code == "10000"
            ? Understand(answer.Text("trade_status"), answer.Text("trade_no"), answer.Text("total_amount"), payment.OrderId, payment.PaymentId)
            : answer.SubCode == "ACQ.TRADE_NOT_EXIST" ? new NothingNew()
            : answer.IsRefusal ? new NotAnswered(answer.Reason)
            : throw new GatewayAwayException(Gateway, answer.Reason);
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
            { IsRefusal: true } => new RefundAnswer.Refused(answer.Reason),
            _ => throw new GatewayAwayException(Gateway, answer.Reason)
        };
    }

    public Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body)
    {
        var setup = _setup.Now;

        // As bytes: whether they tell in UTF-8 or in GBK, it is these that are signed, and all that is read here is ASCII.
        if (Form(body.Span) is not { } bytes
            || !bytes.TryGetValue("sign_type", out var type) || !type.AsSpan().SequenceEqual("RSA2"u8)
            || !bytes.TryGetValue("sign", out var sign)
            || !setup.IsTheirs(Content(bytes.Where(p => p.Key is not ("sign" or "sign_type"))), Encoding.ASCII.GetString(sign)))
        {
            return new NotGenuine();
        }

        var form = bytes.ToDictionary(p => p.Key, p => Encoding.UTF8.GetString(p.Value));

        // No age is too old: they sign no deadline, and tell for a day what was not heard. A repeat changes nothing.
        if (form.GetValueOrDefault("app_id") != setup.App || form.GetValueOrDefault("seller_id") != setup.Seller)
        {
            return new NotOurs();
        }

        var reference = form.GetValueOrDefault("out_trade_no", "");
        var order = form.GetValueOrDefault("passback_params") is { Length: > 0 } passed ? passed : $"of {reference}";

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
    private static byte[] Content(IEnumerable<KeyValuePair<string, byte[]>> parameters) =>
    [
        .. parameters.OrderBy(p => p.Key, StringComparer.Ordinal)
            .SelectMany((p, i) => (byte[])[.. Encoding.Latin1.GetBytes(i == 0 ? $"{p.Key}=" : $"&{p.Key}="), .. p.Value])
    ];

    /// <summary>The parameters of a form, each value as the bytes that were sent; null where one comes twice.</summary>
    private static Dictionary<string, byte[]>? Form(ReadOnlySpan<byte> body)
    {
        var form = new Dictionary<string, byte[]>(StringComparer.Ordinal);

        foreach (var range in body.Split((byte)'&'))
        {
            var parameter = body[range];

            if (parameter.IsEmpty)
            {
                continue;
            }

            var equals = parameter.IndexOf((byte)'=');
            var name = equals < 0 ? parameter : parameter[..equals];
            var value = equals < 0 ? [] : parameter[(equals + 1)..];

            if (!form.TryAdd(Encoding.Latin1.GetString(Unescaped(name)), Unescaped(value)))
            {
                return null;
            }
        }

        return form;
    }

    private static byte[] Unescaped(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;

        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped))
            {
                bytes[length++] = escaped;
                i += 2;
            }
            else
            {
                bytes[length++] = text[i] == '+' ? (byte)' ' : text[i];
            }
        }

        return bytes[..length];
    }

    private Dictionary<string, string> Signed(Setup setup, string method, Dictionary<string, string> trade, Uri? webhook, Uri? returnTo)
    {
        var request = new Dictionary<string, string>
        {
            ["app_id"] = setup.App,
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

        request["sign"] = setup.Key.Sign(Content(request.Select(p => KeyValuePair.Create(p.Key, Encoding.UTF8.GetBytes(p.Value)))));

        return request;
    }

    private async Task<Answer> Call(string method, Dictionary<string, string> trade, Uri? webhook, CancellationToken ct)
    {
        var setup = _setup.Now;
        using var form = new FormUrlEncodedContent(Signed(setup, method, trade, webhook, null));

        try
        {
            using var client = _http();
            using var response = await client.PostAsync(setup.Address, form, ct);

            if (!response.IsSuccessStatusCode)
            {
                throw new GatewayAwayException(Gateway, $"status {(int)response.StatusCode}");
            }

            // UTF-8 was asked for; some of their answers are in GBK all the same, and say so.
            var encoding = EncodingOf(response.Content.Headers.ContentType?.CharSet);
            using var document = JsonDocument.Parse(encoding.GetString(await response.Content.ReadAsByteArrayAsync(ct)));

            // The signature is over the very text of the answer within the document.
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty($"{method.Replace('.', '_')}_response", out var answer) && answer.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("sign", out var sign) && sign.ValueKind == JsonValueKind.String
                && setup.IsTheirs(encoding.GetBytes(answer.GetRawText()), sign.GetString())
                ? new Answer(answer.Clone())
                : throw new GatewayAwayException(Gateway, "the answer is not signed by Alipay");
        }
        catch (Exception e) when (GatewayCalls.IsAway(e, ct))
        {
            throw new GatewayAwayException(Gateway, e.Message, e);
        }
    }

    private static Encoding EncodingOf(string? charset) => charset?.Trim('"').ToUpperInvariant() is "GBK" or "GB2312" or "GB18030"
        ? CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!
        : Encoding.UTF8;

    /// <param name="Theirs">By any of them it is Alipay that signed: it does not say by which.</param>
    private sealed record Setup(string App, string Seller, RsaKey Key, IReadOnlyList<RsaKey> Theirs, Uri Address, Uri Webhook, Uri? ReturnTo)
    {
        public static Setup Read(GatewaySettings settings)
        {
            var (app, seller) = (settings.Needed("AppId"), settings.Needed("SellerId"));
            var key = RsaKey.Private(settings.NameOf("PrivateKey"), settings.Needed("PrivateKey"));
            RsaKey[] theirs = [.. settings.Keys("AlipayPublicKey").Select(one => RsaKey.Public(one.Setting, one.Value))];

            return new Setup(
                app, seller, key, theirs is [] ? [RsaKey.Public(settings.NameOf("AlipayPublicKey"), settings.Needed("AlipayPublicKey"))] : theirs,
                settings.Address("Address", "https://openapi.alipay.com/gateway.do"), settings.Webhook(Gateway), settings.ReturnTo);
        }

        public bool IsTheirs(ReadOnlySpan<byte> signed, string? signature)
        {
            foreach (var key in Theirs)
            {
                if (key.Verify(signed, signature))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed record Answer(JsonElement Json)
    {
        // Of its business it has decided; what is wrong with the system, or with our keys, may be right the next time.
        public bool IsRefusal => Code == "40004" && SubCode is not (null or "ACQ.SYSTEM_ERROR" or "aop.ACQ.SYSTEM_ERROR");

        public string? Code => Text("code");

        public string? SubCode => Text("sub_code");

        public string Reason => $"{Code} {SubCode} {Text("sub_msg") ?? Text("msg")}";

        public string? Text(string name) =>
            Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
