namespace Community.Payments.Catalogue;

/// <summary>The tax that prices include: <c>Tax:Percent</c> of the price without it.</summary>
/// <param name="Percent">Null: none.</param>
internal sealed record Tax(decimal? Percent)
{
    /// <exception cref="InvalidOperationException">The setting is no percentage.</exception>
    public static Tax Of(IConfiguration configuration) => configuration["Tax:Percent"] is not { Length: > 0 } text ? new Tax((decimal?)null)
        : decimal.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? new Tax(percent > 0 ? percent : null)
            : throw new InvalidOperationException($"Tax:Percent is {text}; it must be a number from 0 to 100.");
}

internal static class Taxes
{
    /// <summary>What of a price is tax, rounded to the minor unit, half to even; null: nothing.</summary>
    public static Money? TaxAt(this Money gross, decimal? percent) => percent is > 0 and { } rate
        ? gross with { Amount = (long)Math.Round(gross.Amount * rate / (100 + rate), MidpointRounding.ToEven) }
        : null;
}
