using System.ComponentModel.DataAnnotations;
using Community.Web;

namespace Community.Payments;

/// <summary>An amount in minor units (fen, cents) of a currency.</summary>
/// <param name="Amount">From 0 to <see cref="Money.Most"/> wherever it comes in from outside.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record Money(
    [property: Range(typeof(long), "0", "9007199254740991")] long Amount,
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

    /// <summary>
    /// In parts by these weights, which sum up to it exactly: each part is rounded down, and what is left goes to the largest
    /// remainders, one minor unit each (of equal ones, to the first).
    /// </summary>
    public IReadOnlyList<Money> Split(IReadOnlyList<long> weights)
    {
        var sum = weights.Aggregate(Int128.Zero, (total, weight) => total + weight);

        if (sum == 0)
        {
            return [.. weights.Select((_, i) => this with { Amount = i == 0 ? Amount : 0 })];
        }

        var shares = weights.Select((weight, i) => (Index: i, Share: Int128.DivRem((Int128)Amount * weight, sum))).ToList();
        var left = (int)(Amount - shares.Aggregate(Int128.Zero, (total, s) => total + s.Share.Quotient));
        var favoured = shares.OrderByDescending(s => s.Share.Remainder).ThenBy(s => s.Index).Take(left).Select(s => s.Index).ToHashSet();

        return [.. shares.Select(s => this with { Amount = (long)s.Share.Quotient + (favoured.Contains(s.Index) ? 1 : 0) })];
    }

    public override string ToString() => $"{Amount} {Currency}";

    private Money? Within(Int128 amount) => amount > Most ? null : this with { Amount = (long)amount };

    private Money Same(Money other) => other.Currency == Currency
        ? other
        : throw new InvalidOperationException($"{Currency} and {other.Currency} cannot be added up.");
}

/// <summary>Of money that comes in: nothing is no price.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PositiveAttribute() : ValidationAttribute("must be at least one minor unit")
{
    public override bool IsValid(object? value) => value is not Money { Amount: < 1 };
}
