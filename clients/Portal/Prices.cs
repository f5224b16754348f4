using System.Collections.Concurrent;
using System.Globalization;
using Community.ServiceDefaults;

namespace Community.Portal;

internal static class Prices
{
    private static readonly ConcurrentDictionary<string, NumberFormatInfo?> Formats = new();

    /// <summary>As the reader writes money: 9900 CNY is ¥99.00.</summary>
    public static string Text(Price price) => Text(price.Amount, price.Currency);

    public static string Text(Amount amount) => Text(amount.Amount, amount.Currency);

    /// <param name="units">Minor ones.</param>
    public static string Text(long units, string currency)
    {
        if (Formats.GetOrAdd(currency, FormatOf) is not { } home)
        {
            return $"{units} {currency}";
        }

        var format = (NumberFormatInfo)CultureInfo.CurrentCulture.NumberFormat.Clone();
        format.CurrencySymbol = home.CurrencySymbol;
        format.CurrencyDecimalDigits = Currencies.Exponent(currency); // a locale's own digits may differ: IQD has 3, shown as 0

        return (units / (decimal)Math.Pow(10, format.CurrencyDecimalDigits)).ToString("C", format);
    }

    /// <summary>99.50 as somebody types it, in minor units; null where it is no amount of this currency.</summary>
    public static long? Units(string? text, string currency)
    {
        var factor = (decimal)Math.Pow(10, Currencies.Exponent(currency));

        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands, CultureInfo.CurrentCulture, out var amount)
            && amount * factor is var units && units == decimal.Truncate(units) && units is >= 0 and <= 1_000_000_000_000 ? (long)units : null;
    }

    private static NumberFormatInfo? FormatOf(string currency) => CultureInfo.GetCultures(CultureTypes.SpecificCultures)
        .FirstOrDefault(culture => new RegionInfo(culture.Name).ISOCurrencySymbol == currency)?.NumberFormat;
}
