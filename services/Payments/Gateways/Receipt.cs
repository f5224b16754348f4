using Community.EventStore;

namespace Community.Payments.Gateways;

/// <summary>What a gateway calls one arrival of money; the same receipt is the same money.</summary>
/// <param name="Number">The gateway's own; of money that came without one, a digest of the reference that staff wrote.</param>
public sealed record Receipt(string Gateway, string Number)
{
    /// <summary>The reference as it was written, by the member's key. It tells no two receipts apart.</summary>
    public Sealed? Words { get; init; }

    public bool Equals(Receipt? other) => other is not null && (Gateway, Number) == (other.Gateway, other.Number);

    public override int GetHashCode() => HashCode.Combine(Gateway, Number);
}
