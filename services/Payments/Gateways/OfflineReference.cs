using Community.EventStore;

namespace Community.Payments.Gateways;

/// <summary>Money without a gateway is known by its reference alone: what is recorded by it once, is recorded for one thing.</summary>
/// <param name="For">The order that it came for, or the refund by which it went.</param>
[EventType("offline-reference-used.v1")]
public sealed record ReferenceUsed(Guid For, DateTimeOffset At);

internal sealed record UseReference(Guid For, DateTimeOffset At);

/// <summary>A stream for each reference, so that of two that use it at once one is refused. The words themselves stand in what uses it.</summary>
internal sealed record OfflineReference(Guid? For)
{
    public static readonly Rejection Used = new("reference-used", "Money of this reference is recorded already, for something else.");

    public static readonly Decider<OfflineReference, UseReference, ReferenceUsed> Decider = new(
        new OfflineReference((Guid?)null),
        (reference, c) => reference.For is null ? new ReferenceUsed(c.For, c.At) : reference.For == c.For ? Decision.Nothing : Used,
        (_, e) => new OfflineReference(e.For));

    public static Guid OfMoney(string reference) => StreamId.Of("offline-money", Normal(reference));

    public static Guid OfRefund(string reference) => StreamId.Of("offline-refund", Normal(reference));

    // As somebody types it again.
    private static string Normal(string reference) => reference.Trim().ToUpperInvariant();
}
