using Community.EventStore;

namespace Community.Payments.Invoices;

public abstract record BillingDetailsEvent
{
    private protected BillingDetailsEvent() { }
}

/// <param name="Details">JSON of name, address and tax number. Sealed by the member's key, and erased with the member.</param>
[EventType("billing-details-given.v1")]
public sealed record BillingDetailsGiven(Sealed Details, DateTimeOffset At) : BillingDetailsEvent;

internal sealed record GiveBillingDetails(Sealed Details, DateTimeOffset At);

/// <summary>What a member wants to stand on invoices to come.</summary>
internal sealed record BillingDetails(Sealed? Details)
{
    public static readonly Decider<BillingDetails, GiveBillingDetails, BillingDetailsEvent> Decider = new(
        new BillingDetails((Sealed?)null),
        (_, command) => new BillingDetailsGiven(command.Details, command.At),
        (_, @event) => new BillingDetails(((BillingDetailsGiven)@event).Details));

    public static Guid Stream(Guid memberId) => StreamId.Of("billing-details", memberId);
}
