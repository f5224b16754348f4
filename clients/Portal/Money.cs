using System.Collections.Concurrent;
using System.Globalization;
using Community.Portal.Services;
using Community.ServiceDefaults;

namespace Community.Portal;

internal static class Money
{
    private static readonly ConcurrentDictionary<string, NumberFormatInfo?> Formats = new();

    /// <summary>As the reader writes money: 9900 CNY is ¥99.00.</summary>
    public static string Text(Price price)
    {
        if (Formats.GetOrAdd(price.Currency, FormatOf) is not { } home)
        {
            return $"{price.Amount} {price.Currency}";
        }

        var format = (NumberFormatInfo)CultureInfo.CurrentCulture.NumberFormat.Clone();
        format.CurrencySymbol = home.CurrencySymbol;
        format.CurrencyDecimalDigits = Currencies.Exponent(price.Currency); // a locale's own digits may differ: IQD has 3, shown as 0

        return (price.Amount / (decimal)Math.Pow(10, format.CurrencyDecimalDigits)).ToString("C", format);
    }

    private static NumberFormatInfo? FormatOf(string currency) => CultureInfo.GetCultures(CultureTypes.SpecificCultures)
        .FirstOrDefault(culture => new RegionInfo(culture.Name).ISOCurrencySymbol == currency)?.NumberFormat;
}
