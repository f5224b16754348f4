namespace Community.Payments.Gateways;

/// <summary>A way to take money.</summary>
internal interface IGateway
{
    /// <summary>As clients name it, and as webhooks are addressed.</summary>
    string Name { get; }

    /// <param name="service">Address at which the payer reaches this service.</param>
    /// <returns>What the payer does next. Asked again for the same payment, it may be another address of the same payment.</returns>
    Task<PaymentAction> Start(PaymentRequest payment, Uri service, CancellationToken ct);

    /// <summary>Checks and reads what came to the webhook.</summary>
    Notification Read(IHeaderDictionary headers, ReadOnlyMemory<byte> body);
}

internal sealed record PaymentRequest(Guid OrderId, Guid PaymentId, Money Amount);

/// <param name="Kind"><c>redirect</c> or <c>qrCode</c>.</param>
internal sealed record PaymentAction(string Kind, Uri Url);

/// <summary>What a gateway says by its webhook.</summary>
internal abstract record Notification;

/// <summary>Money came.</summary>
/// <param name="Number">Of the receipt: the gateway's own for this arrival of money.</param>
internal sealed record MoneyReceived(Guid OrderId, Guid PaymentId, string Number, Money Amount) : Notification;

internal sealed record PaymentRefused(Guid OrderId, Guid PaymentId) : Notification;

/// <summary>Not signed by the gateway, or too long ago.</summary>
internal sealed record NotGenuine : Notification;

/// <summary>Signed, but not in the gateway's form.</summary>
internal sealed record NotUnderstood : Notification;
