using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Community.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

/// <summary>
/// WeChat Pay, API v3, native orders: the payer scans a code. Requests are signed by the merchant's key, answers and
/// notifications by the platform's; what a notification tells is encrypted by the APIv3 key.
/// </summary>
internal sealed class WeChatPay : IGateway
{
    public const string Gateway = "wechatpay";
    private const string Scheme = "WECHATPAY2-SHA256-RSA2048";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
    };

    private readonly Func<HttpClient> _http;
    private readonly TimeProvider _clock;
    private readonly Followed<Setup> _setup;

    /// <exception cref="InvalidOperationException">A setting is absent or wrong; the message names it.</exception>
    public WeChatPay(GatewaySettings settings, Func<HttpClient> http, TimeProvider clock) =>
        (_http, _clock, _setup) = (http, clock, settings.Follow(Setup.Read));

    public string Name => Gateway;

    public string? Fault => _setup.Fault;

    public bool HasQrCode => true;

    public bool IsLive => true; // there is no other

    public Rejection? Refuses(Money amount) =>
        amount.Currency != "CNY" ? Amounts.OtherCurrency(Gateway, amount.Currency)
        : amount.Amount > int.MaxValue ? Amounts.NotTaken(Gateway, amount, $"at most {int.MaxValue} fen are paid at once")
        : null;

    public async Task<StartAnswer> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct)
    {
        var setup = _setup.Now;
        var order = new NativeOrder(
            setup.App, setup.Merchant, $"Order {payment.OrderId}", Reference(payment), payment.OrderId.ToString(), setup.Webhook.ToString(),
            new NativeOrder.Sum(payment.Amount.Amount, payment.Amount.Currency));
        var answer = await Call(HttpMethod.Post, "/v3/pay/transactions/native", order, ct);

        return answer.IsSuccess && Uri.TryCreate(answer.Read<NativeCode>()?.CodeUrl, UriKind.Absolute, out var code)
            ? new StartAnswer.Begun(new PaymentAction(PaymentAction.QrCode, code))
            : answer.IsRefusal ? new StartAnswer.Refused(answer.Reason)
            : throw new GatewayAwayException(Gateway, answer.Reason);
    }

    public async Task<Notification> Ask(PaymentRequest payment, CancellationToken ct)
    {
        var answer = await Call<object>(
            HttpMethod.Get, $"/v3/pay/transactions/out-trade-no/{Reference(payment)}?mchid={Uri.EscapeDataString(_setup.Now.Merchant)}", null, ct);

        return answer.IsSuccess
            ? Understand(answer.Read<Transaction>(), payment.OrderId)
            : answer.Status == 404 ? new NothingNew()
            : answer.IsRefusal ? new NotAnswered(answer.Reason)
            : throw new GatewayAwayException(Gateway, answer.Reason);
    }

    // Their document: the same out_refund_no asked for again is the same refund.
    public async Task<RefundAnswer> Refund(RefundRequest refund, CancellationToken ct)
    {
        var wish = new NewRefund(
            refund.Receipt.Number, refund.RefundId.ToString("N"), _setup.Now.Webhook.ToString(),
            new NewRefund.Sums(refund.Amount.Amount, refund.Of.Amount, refund.Amount.Currency));
        var answer = await Call(HttpMethod.Post, "/v3/refund/domestic/refunds", wish, ct);

        if (!answer.IsSuccess)
        {
            return answer.IsRefusal ? new RefundAnswer.Refused(answer.Reason) : throw new GatewayAwayException(Gateway, answer.Reason);
        }

        return answer.Read<RefundMade>() switch
        {
            { Status: "SUCCESS" or "PROCESSING", RefundId: { Length: > 0 } number } => new RefundAnswer.Sent(number),
            { Status: "CLOSED" or "ABNORMAL" } made => new RefundAnswer.Refused(made.Status),
            _ => throw new GatewayAwayException(Gateway, "the answer to a refund is not understood")
        };
    }

    public Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body)
    {
        if (!IsGenuine(name => headers[name].ToString(), body.Span))
        {
            return new NotGenuine();
        }

        try
        {
            return JsonSerializer.Deserialize<Message>(body.Span, Json) is { Resource: { Algorithm: "AEAD_AES_256_GCM", Nonce.Length: 12 } resource } message
                ? Understand(message.EventType, Decrypt(resource))
                : new NotUnderstood();
        }
        catch (Exception e) when (e is JsonException or FormatException or CryptographicException)
        {
            return new NotUnderstood();
        }
    }

    public ProblemHttpResult Refuse(ProblemHttpResult problem)
    {
        problem.ProblemDetails.Extensions["code"] = "FAIL";
        problem.ProblemDetails.Extensions["message"] = problem.ProblemDetails.Detail;

        return problem;
    }

    private static string Reference(PaymentRequest payment) => payment.PaymentId.ToString("N");

    private Notification Understand(string? type, byte[] resource)
    {
        if (type?.StartsWith("REFUND.", StringComparison.Ordinal) == true)
        {
            return JsonSerializer.Deserialize<RefundNotification>(resource, Json) switch
            {
                null => new NotUnderstood(),
                { Mchid: var merchant } when merchant != _setup.Now.Merchant => new NotOurs(),
                { RefundStatus: "SUCCESS" } => new NothingNew(),
                { RefundStatus: "CLOSED" or "ABNORMAL", RefundId: { Length: > 0 } number } told when Guid.TryParse(told.OutRefundNo, out var id) =>
                    new RefundBounced(id, number, told.RefundStatus),
                { RefundStatus: "CLOSED" or "ABNORMAL" } => new NothingNew(), // made elsewhere
                _ => new NotUnderstood()
            };
        }

        return Understand(JsonSerializer.Deserialize<Transaction>(resource, Json), null);
    }

    private Notification Understand(Transaction? told, Guid? order) => told switch
    {
        null => new NotUnderstood(),
        _ when told.Mchid != _setup.Now.Merchant || told.Appid != _setup.Now.App => new NotOurs(),
        { TradeState: "SUCCESS", Amount: { Total: > 0 and <= Money.Most, Currency: { Length: 3 } currency } amount, TransactionId: { Length: > 0 and <= 200 } number }
            when currency.All(char.IsAsciiLetterUpper) && !number.Any(char.IsControl) =>
            new MoneyReceived(order ?? OrderOf(told), PaymentOf(told), number, new Money(amount.Total, currency)),
        { TradeState: "CLOSED" or "REVOKED" or "PAYERROR" } => new PaymentRefused(order ?? OrderOf(told), PaymentOf(told)),
        { TradeState: "NOTPAY" or "USERPAYING" or "ACCEPT" or "REFUND" } => new NothingNew(),
        _ => new NotUnderstood()
    };

    private static Guid OrderOf(Transaction told) => References.Read(Gateway, "order", told.Attach is { Length: > 0 } order ? order : $"of {told.OutTradeNo}");

    private static Guid PaymentOf(Transaction told) => References.Read(Gateway, "payment", told.OutTradeNo);

    private byte[] Decrypt(Message.Cipher resource)
    {
        var box = Convert.FromBase64String(resource.Ciphertext ?? "");

        if (box.Length < 16)
        {
            throw new CryptographicException("Too short to be encrypted.");
        }

        var secrets = _setup.Now.Secrets;

        // Which one it was encrypted by is not told.
        for (var i = 0; ; i++)
        {
            try
            {
                var clear = new byte[box.Length - 16];
                using var aes = new AesGcm(secrets[i], 16);
                aes.Decrypt(
                    Encoding.UTF8.GetBytes(resource.Nonce), box.AsSpan(0, clear.Length), box.AsSpan(clear.Length), clear,
                    Encoding.UTF8.GetBytes(resource.AssociatedData ?? ""));

                return clear;
            }
            catch (AuthenticationTagMismatchException) when (i + 1 < secrets.Count)
            {
                // By another one.
            }
        }
    }

    private bool IsGenuine(Func<string, string?> header, ReadOnlySpan<byte> body)
    {
        var (time, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));

        if (!_setup.Now.PlatformKeys.TryGetValue(header("Wechatpay-Serial") ?? "", out var key)
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Int128.Abs((Int128)_clock.GetUtcNow().ToUnixTimeSeconds() - seconds) > (long)Tolerance.TotalSeconds)
        {
            return false;
        }

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{time}\n{nonce}\n"), .. body, (byte)'\n'];

        return key.Verify(signed, header("Wechatpay-Signature"));
    }

    private async Task<Answer> Call<T>(HttpMethod method, string path, T? content, CancellationToken ct)
    {
        var setup = _setup.Now;
        var body = content is null ? "" : JsonSerializer.Serialize(content, Json);
        var time = _clock.GetUtcNow().ToUnixTimeSeconds();
        var nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var signature = setup.Key.Sign($"{method}\n{path}\n{time}\n{nonce}\n{body}\n");
        using var request = new HttpRequestMessage(method, new Uri(setup.Address, path));
        request.Headers.Authorization = new(
            Scheme, $"mchid=\"{setup.Merchant}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{time}\",serial_no=\"{setup.Serial}\"");
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.UserAgent.Add(new("Community", null)); // they refuse requests without one
        request.Headers.Add("Wechatpay-Serial", setup.PlatformKeyId); // by which key they shall sign

        if (body.Length > 0)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        try
        {
            using var client = _http();
            using var response = await client.SendAsync(request, ct);
            var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(ct));

            // A refusal that anybody could have made up is none.
            return IsGenuine(name => response.Headers.TryGetValues(name, out var values) ? values.First() : null, answer.Body)
                ? answer
                : throw new GatewayAwayException(Gateway, $"status {answer.Status}, not signed by WeChat Pay");
        }
        catch (Exception e) when (GatewayCalls.IsAway(e, ct))
        {
            throw new GatewayAwayException(Gateway, e.Message, e);
        }
    }

    /// <param name="PlatformKeyId">By which they shall sign what they answer.</param>
    /// <param name="PlatformKeys">By which they may have signed, by the id or serial number that they name.</param>
    private sealed record Setup(
        string App, string Merchant, string Serial, RsaKey Key, string PlatformKeyId, IReadOnlyDictionary<string, RsaKey> PlatformKeys,
        IReadOnlyList<byte[]> Secrets, Uri Address, Uri Webhook)
    {
        public static Setup Read(GatewaySettings settings)
        {
            var (app, merchant) = (settings.Needed("AppId"), settings.Needed("MchId"));
            var (serial, platform) = (settings.Needed("SerialNo"), settings.Needed("PlatformKeyId"));
            var key = RsaKey.Private(settings.NameOf("PrivateKey"), settings.Needed("PrivateKey"));
            var keys = new Dictionary<string, RsaKey>(StringComparer.OrdinalIgnoreCase);

            foreach (var (id, setting, value) in settings.Keys("PlatformPublicKey"))
            {
                keys[id.Length == 0 ? platform : id] = RsaKey.Public(setting, value);
            }

            if (!keys.ContainsKey(platform))
            {
                throw new InvalidOperationException($"{settings.NameOf("PlatformPublicKey")} is not set.");
            }

            var secrets = settings.Keys("ApiV3Key");

            if (secrets.Count == 0)
            {
                throw new InvalidOperationException($"{settings.NameOf("ApiV3Key")} is not set.");
            }

            return new Setup(
                app, merchant, serial, key, platform, keys,
                [.. secrets.Select(secret => Encoding.UTF8.GetBytes(secret.Value) is { Length: 32 } bytes
                    ? bytes
                    : throw new InvalidOperationException($"{secret.Setting} must be of 32 characters."))],
                settings.Address("Address", "https://api.mch.weixin.qq.com"), settings.Webhook(Gateway));
        }
    }

    private sealed record Answer(int Status, byte[] Body)
    {
        public bool IsSuccess => Status is >= 200 and < 300;

        // What they themselves say to try again is none.
        public bool IsRefusal => Status is 400 or 403 or 404 && Read<Complaint>()?.Code is not (null or "SYSTEM_ERROR" or "FREQUENCY_LIMITED" or "NOT_ENOUGH");

        public string Reason => Read<Complaint>() is { Code: not null } fault ? $"{Status} {fault.Code} {fault.Message}" : $"status {Status}";

        public T? Read<T>() where T : class
        {
            try
            {
                return JsonSerializer.Deserialize<T>(Body, Json);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    private sealed record Complaint(string? Code, string? Message);

    private sealed record NativeOrder(
        string Appid, string Mchid, string Description, string OutTradeNo, string Attach, string NotifyUrl, NativeOrder.Sum Amount)
    {
        internal sealed record Sum(long Total, string Currency);
    }

    private sealed record NativeCode(string? CodeUrl);

    private sealed record NewRefund(string TransactionId, string OutRefundNo, string NotifyUrl, NewRefund.Sums Amount)
    {
        internal sealed record Sums(long Refund, long Total, string Currency);
    }

    private sealed record RefundMade(string? RefundId, string? Status);

    private sealed record RefundNotification(string? Mchid, string? OutRefundNo, string? RefundId, string? RefundStatus);

    private sealed record Transaction(
        string? Appid, string? Mchid, string? OutTradeNo, string? TransactionId, string? TradeState, string? Attach, Transaction.Sum? Amount)
    {
        internal sealed record Sum(long Total, string? Currency);
    }

    private sealed record Message(string? EventType, Message.Cipher? Resource)
    {
        internal sealed record Cipher(string? Algorithm, string? Ciphertext, string Nonce, string? AssociatedData);
    }
}
