using System.ComponentModel.DataAnnotations;
using Community.ServiceDefaults;

namespace Community.Payments;

/// <summary>An amount in minor units (fen, cents) of a currency.</summary>
/// <param name="Amount">From 1 to <see cref="Money.Most"/> wherever it comes in from outside.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record Money(
    [property: Range(typeof(long), "1", "9007199254740991")] long Amount,
    [property: Currency] string Currency)
{
    /// <summary>Beyond 2^53 clients that read JSON numbers as doubles would see another amount.</summary>
    public const long Most = (1L << 53) - 1;

    /// <summary>Null where the product is more than <see cref="Most"/>.</summary>
    public Money? Times(int quantity) => Within((Int128)Amount * quantity);

    /// <summary>Null where the sum is more than <see cref="Most"/>. Both are of one currency.</summary>
    public Money? Plus(Money other) => Within((Int128)Amount + Same(other).Amount);

    /// <summary>What is left of it. Both are of one currency.</summary>
    public Money Less(Money other) => this with { Amount = Amount - Same(other).Amount };

    public override string ToString() => $"{Amount} {Currency}";

    private Money? Within(Int128 amount) => amount > Most ? null : this with { Amount = (long)amount };

    private Money Same(Money other) => other.Currency == Currency
        ? other
        : throw new InvalidOperationException($"{Currency} and {other.Currency} cannot be added up.");
}
