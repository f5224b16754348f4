using Community.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

/// <summary>A way to take money, and to give it back.</summary>
internal interface IGateway
{
    /// <summary>As clients name it, and as webhooks are addressed.</summary>
    string Name { get; }

    /// <summary>Whether real money moves.</summary>
    bool IsLive { get; }

    /// <summary>Whether a payer may scan a code in place of going to its page.</summary>
    bool HasQrCode => false;

    /// <summary>What it wants to read where it was heard; null: nothing, and 204.</summary>
    string? Thanks => null;

    /// <summary>What is wrong with its settings since they changed; those before go on. Null: nothing.</summary>
    string? Fault => null;

    /// <summary>Why it does not take this money, as far as it can be known without asking; null: nothing speaks against it.</summary>
    Rejection? Refuses(Money amount);

    /// <param name="kind">What the payer would rather have, <c>redirect</c> or <c>qrCode</c>; a gateway that does not have it gives what it has.</param>
    /// <param name="service">Address at which the payer reaches this service.</param>
    /// <returns>What the payer does next. Asked again for the same payment, it may be another address of the same payment.</returns>
    /// <exception cref="GatewayAwayException">Asked again, it may take it.</exception>
    Task<StartAnswer> Start(PaymentRequest payment, string? kind, Uri service, CancellationToken ct);

    /// <summary>What the gateway knows of a payment, as if it had told it by itself.</summary>
    /// <exception cref="GatewayAwayException"/>
    Task<Notification> Ask(PaymentRequest payment, CancellationToken ct);

    /// <summary>Sends money back to its payer. The same refund in the same round is sent once, however often it is asked for.</summary>
    /// <exception cref="GatewayAwayException">Whether it was sent is not known.</exception>
    Task<RefundAnswer> Refund(RefundRequest refund, CancellationToken ct);

    /// <summary>Checks and reads what came to the webhook.</summary>
    Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body);

    /// <summary>A refusal of what came to the webhook, with what this gateway looks for in one.</summary>
    ProblemHttpResult Refuse(ProblemHttpResult problem) => problem;
}

/// <summary>A gateway that a payer may give a mandate: it charges again without the payer, who pays once in its presence.</summary>
internal interface IMandateGateway : IGateway
{
    /// <summary>Charges as the payer paid the last time. The same payment is charged once, however often it is asked for.</summary>
    /// <returns><see cref="NothingNew"/> where the outcome is to come.</returns>
    /// <exception cref="GatewayAwayException">Whether it was charged is not known.</exception>
    Task<Notification> Charge(ChargeRequest charge, CancellationToken ct);
}

/// <param name="Last">By which the payer paid the last time, with the mandate.</param>
/// <param name="IsRepeat">It was asked for before, and what came of that is not known.</param>
internal sealed record ChargeRequest(PaymentRequest Payment, Receipt Last, bool IsRepeat);

/// <param name="GivesMandate">Renewals follow, which are to be charged as this is paid.</param>
internal sealed record PaymentRequest(Guid OrderId, Guid PaymentId, Money Amount, bool GivesMandate = false);

/// <param name="Kind"><c>redirect</c> or <c>qrCode</c>.</param>
internal sealed record PaymentAction(string Kind, Uri Url)
{
    public const string Redirect = "redirect";
    public const string QrCode = "qrCode";
}

/// <param name="Round">How often the gateway has refused it for certain before: only then it is another request.</param>
/// <param name="IsRepeat">It was asked for before, and what came of that is not known.</param>
/// <param name="Of">All the money of the receipt.</param>
internal sealed record RefundRequest(Guid RefundId, int Round, bool IsRepeat, Guid PaymentId, Receipt Receipt, Money Amount, Money Of);

internal abstract record StartAnswer
{
    /// <param name="Action">What the payer does next.</param>
    internal sealed record Begun(PaymentAction Action) : StartAnswer;

    /// <summary>It does not take this payment, however often it is asked.</summary>
    internal sealed record Refused(string Reason) : StartAnswer;
}

internal abstract record RefundAnswer
{
    /// <param name="Number">The gateway's own.</param>
    internal sealed record Sent(string Number) : RefundAnswer;

    internal sealed record Refused(string Reason) : RefundAnswer;
}

/// <summary>The gateway does not answer, or not so that its answer could be believed.</summary>
internal sealed class GatewayAwayException(string gateway, string reason, Exception? inner = null) : Exception($"{gateway}: {reason}", inner);

internal enum PaymentStatus
{
    Pending,
    Paid,
    Failed,
    OwedBack
}

/// <summary>What a gateway says by its webhook.</summary>
internal abstract record Notification;

/// <summary>Money came.</summary>
/// <param name="Number">Of the receipt: the gateway's own for this arrival of money.</param>
internal sealed record MoneyReceived(Guid OrderId, Guid PaymentId, string Number, Money Amount) : Notification;

internal sealed record PaymentRefused(Guid OrderId, Guid PaymentId) : Notification;

/// <summary>A refund that was sent did not reach the payer.</summary>
/// <param name="Number">The gateway's own for the refund.</param>
internal sealed record RefundBounced(Guid RefundId, string Number, string Reason) : Notification;

/// <summary>The payer's bank asks for the money of a receipt back.</summary>
/// <param name="Number">The gateway's own for the dispute.</param>
internal sealed record MoneyDisputed(string Number, string Receipt, Money Amount, string Reason) : Notification;

/// <param name="Won">The money stays, or is back.</param>
internal sealed record DisputeEnded(string Number, string Receipt, Money Amount, string Reason, bool Won) : Notification;

/// <summary>Genuine, and nothing that matters here.</summary>
internal sealed record NothingNew : Notification;

/// <summary>Asked, it will not say, however often it is asked.</summary>
internal sealed record NotAnswered(string Reason) : Notification;

/// <summary>Not signed by the gateway, or too long ago.</summary>
internal sealed record NotGenuine : Notification;

/// <summary>Signed, but meant for another app or merchant.</summary>
internal sealed record NotOurs : Notification;

/// <summary>Signed, but not in the gateway's form.</summary>
internal sealed record NotUnderstood : Notification;

internal static class References
{
    /// <summary>
    /// The id that we gave the gateway to keep. Money for what cannot be a thing of ours is still money: it is kept under
    /// an id of its own.
    /// </summary>
    public static Guid Read(string gateway, string what, string? reference) =>
        Guid.TryParse(reference, out var id) && id != Guid.Empty ? id : StreamId.Of($"{gateway}-{what}", reference ?? "");
}

internal static class Amounts
{
    public static Rejection OtherCurrency(string gateway, string currency) => new("currency-not-taken", $"{gateway} does not take {currency}.");

    public static Rejection NotTaken(string gateway, Money amount, string rule) => new("amount-not-taken", $"{gateway} does not take {amount}: {rule}.");

    /// <summary>Why none of the gateways that are set up takes the price; null: one does, or none is set up.</summary>
    public static Rejection? Refuse(this IEnumerable<IGateway> gateways, Money price)
    {
        var refusals = gateways.Select(gateway => gateway.Refuses(price)).ToList();

        return refusals.Count > 0 && refusals.TrueForAll(refusal => refusal is not null)
            ? new Rejection("amount-not-taken", string.Join(' ', refusals.Select(refusal => refusal!.Detail)))
            : null;
    }
}
