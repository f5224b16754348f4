using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Community.EventStore;
using Community.ServiceDefaults;

namespace Community.Payments.Gateways;

/// <summary>
/// A gateway for trying and testing: the payer decides on a page of ours whether the payment succeeds. Its webhooks are
/// signed as real ones are: <c>Sandbox-Signature: t=&lt;Unix seconds&gt;,v1=&lt;hex&gt;</c>, HMAC-SHA-256 over
/// <c>&lt;t&gt;.&lt;body&gt;</c> by <c>Gateways:Sandbox:Secret</c>.
/// </summary>
internal sealed class Sandbox(MasterKey master, IConfiguration configuration, TimeProvider clock) : IMandateGateway
{
    public const string Gateway = "sandbox";
    public const string SignatureHeader = "Sandbox-Signature";
    public const string Paid = "paid";
    public const string Failed = "failed";
    public const string RefundFailed = "refundFailed";
    public const string Chargeback = "chargeback";
    public const string ChargebackWon = "chargebackWon";
    public const string ChargebackLost = "chargebackLost";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly GatewaySettings _settings = new(configuration, "Sandbox");

    // Read each time: a key that changes holds at once.
    private byte[] Secret => _settings.Optional("Secret") is { } secret ? Encoding.UTF8.GetBytes(secret) : master.Hash("gateway", Gateway);

    private IEnumerable<byte[]> Secrets => [Secret, .. _settings.Keys("Secret").Select(key => Encoding.UTF8.GetBytes(key.Value))];

    public string Name => Gateway;

    public bool IsLive => false;

    public Rejection? Refuses(Money amount) => null; // of whatever is tried with it

    public Task<StartAnswer> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct)
    {
        var address = configuration["Gateways:Sandbox:Address"] is { Length: > 0 } given ? new Uri($"{given.TrimEnd('/')}/") : service;

        // The address carries the payment, encrypted under a random nonce: nobody can guess or forge one, and nothing is kept.
        var token = Base64Url.EncodeToString(master.Wrap(JsonSerializer.SerializeToUtf8Bytes(new Page(Gateway, payment), Json.Options)));

        return Task.FromResult<StartAnswer>(new StartAnswer.Begun(new PaymentAction("redirect", new Uri(address, $"sandbox/{token}"))));
    }

    /// <summary>The payment of a page; null where the token is none of ours.</summary>
    public PaymentRequest? Open(string token)
    {
        try
        {
            return JsonSerializer.Deserialize<Page>(master.Unwrap(Base64Url.DecodeFromChars(token)), Json.Options) is { For: Gateway } page
                ? page.Payment
                : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException or JsonException)
        {
            return null;
        }
    }

    /// <summary>It keeps nothing, so that it knows nothing but what it tells.</summary>
    public Task<Notification> Ask(PaymentRequest payment, CancellationToken ct) => Task.FromResult<Notification>(new NothingNew());

    /// <summary>It is asked no mandate; <c>Gateways:Sandbox:RefusesMandates</c> lets every charge fail.</summary>
    public Task<Notification> Charge(ChargeRequest charge, CancellationToken ct) => Task.FromResult<Notification>(
        configuration.GetValue<bool>("Gateways:Sandbox:RefusesMandates")
        ? new PaymentRefused(charge.Payment.OrderId, charge.Payment.PaymentId)
        : new MoneyReceived(charge.Payment.OrderId, charge.Payment.PaymentId, ReceiptOf(charge.Payment), charge.Payment.Amount));

    public Task<RefundAnswer> Refund(RefundRequest refund, CancellationToken ct) =>
        Task.FromResult<RefundAnswer>(new RefundAnswer.Sent(
            refund.Round == 0 ? NumberOf(refund.RefundId) : $"{NumberOf(refund.RefundId)}-{refund.Round}"));

    /// <summary>The webhook by which this gateway tells what the payer, or the payer's bank, has done.</summary>
    /// <param name="refundId">Where the outcome is one of a refund.</param>
    public (IHeaderDictionary Headers, byte[] Body) Notify(PaymentRequest payment, string outcome, Guid? refundId = null)
    {
        var message = new Message(
            outcome, ReceiptOf(payment), payment.OrderId.ToString(), payment.PaymentId.ToString(),
            new Message.Sum(payment.Amount.Amount, payment.Amount.Currency), refundId);
        var body = JsonSerializer.SerializeToUtf8Bytes(message, Json.Options);
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds();

        return (new HeaderDictionary { [SignatureHeader] = $"t={seconds},v1={Convert.ToHexStringLower(Sign(Secret, seconds, body))}" }, body);
    }

    public Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body)
    {
        if (!IsGenuine(headers[SignatureHeader].ToString(), body))
        {
            return new NotGenuine();
        }

        try
        {
            return JsonSerializer.Deserialize<Message>(body.Span, Json.Options) switch
            {
                { Outcome: Paid or Chargeback or ChargebackWon or ChargebackLost, Amount: { Amount: > 0 and <= Money.Most, Currency: { Length: 3 } currency } amount, Receipt.Length: > 0 and <= 200 } m
                    when currency.All(char.IsAsciiLetterUpper) && !m.Receipt.Any(char.IsControl) => OfMoney(m, new Money(amount.Amount, currency)),
                { Outcome: Failed } m => new PaymentRefused(Id("order", m.OrderId), Id("payment", m.PaymentId)),
                { Outcome: RefundFailed, RefundId: { } refund } => new RefundBounced(refund, NumberOf(refund), "The sandbox was asked to let it fail."),
                _ => new NotUnderstood()
            };
        }
        catch (JsonException)
        {
            return new NotUnderstood();
        }
    }

    private static Notification OfMoney(Message m, Money money) => m.Outcome switch
    {
        Paid => new MoneyReceived(Id("order", m.OrderId), Id("payment", m.PaymentId), m.Receipt, money),
        Chargeback => new MoneyDisputed($"{m.Receipt}-chargeback", m.Receipt, money, "sandbox"),
        _ => new DisputeEnded($"{m.Receipt}-chargeback", m.Receipt, money, "sandbox", Won: m.Outcome == ChargebackWon)
    };

    private static string ReceiptOf(PaymentRequest payment) => $"sandbox-{payment.PaymentId}";

    // Of the first time that it is sent, which is the one that can be made to fail.
    private static string NumberOf(Guid refund) => $"sandbox-refund-{refund}";

    private static Guid Id(string what, string reference) => References.Read(Gateway, what, reference);

    private bool IsGenuine(string signature, ReadOnlyMemory<byte> body)
    {
        if (signature.Split(',') is not [['t', '=', .. var time], ['v', '1', '=', .. var hex]]
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Int128.Abs((Int128)clock.GetUtcNow().ToUnixTimeSeconds() - seconds) > (long)Tolerance.TotalSeconds)
        {
            return false;
        }

        var told = Encoding.UTF8.GetBytes(hex);

        return Secrets.Any(secret => CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sign(secret, seconds, body.Span))), told));
    }

    private static byte[] Sign(byte[] secret, long seconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture)), (byte)'.', .. body];

        return HMACSHA256.HashData(secret, signed);
    }

    // Names its purpose, so that nothing else that the master key wraps passes for a page.
    private sealed record Page(string For, PaymentRequest Payment);

    private sealed record Message(string Outcome, string Receipt, string OrderId, string PaymentId, Message.Sum Amount, Guid? RefundId = null)
    {
        internal sealed record Sum(long Amount, string Currency);
    }
}
