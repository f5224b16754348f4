namespace Community.Payments.Catalogue;

/// <summary>A coupon's promise for the renewals to come.</summary>
/// <param name="PeriodsLeft">Null: for ever.</param>
public sealed record Discount(string CouponCode, int? PercentOff, Money? AmountOff, int? PeriodsLeft)
{
    /// <summary>The price after it, rounded in favour of the payer.</summary>
    internal Money Off(Money price) => price with { Amount = price.Amount - Cut(price) };

    internal Discount? AfterAPeriod() => PeriodsLeft switch
    {
        null => this,
        1 => null,
        var left => this with { PeriodsLeft = left - 1 }
    };

    private long Cut(Money price) => PercentOff is { } percent
        ? (long)((((Int128)price.Amount * percent) + 99) / 100)
        : Math.Min(price.Amount, AmountOff?.Amount ?? 0);
}
