using System.Globalization;
using Community.ServiceDefaults;

namespace Community.Payments;

/// <summary>The language, dates and amounts of this service's own pages and documents.</summary>
internal static class Localization
{
    private const string American = "en-US";
    private static readonly string[] Languages = ["en", "zh"];

    /// <summary>The first that the browser asks for and we have; else English. Of regions only the one whose dates are others.</summary>
    public static CultureInfo Language(this HttpRequest request) => CultureInfo.GetCultureInfo(
        request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1)
            .Select(language => language.Value.Equals(American, StringComparison.OrdinalIgnoreCase)
                ? American
                : Array.Find(Languages, known => language.Value.StartsWith(known, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(language => language is not null) ?? Languages[0]);

    /// <summary>With the month in words, so that nobody takes it for the day; month first only where people write it so.</summary>
    public static string In(this DateOnly date, CultureInfo language) => date.ToString(
        language switch
        {
            { Name: American } => "MMMM d, yyyy",
            { TwoLetterISOLanguageName: "zh" } => "yyyy年M月d日",
            _ => "d MMMM yyyy"
        },
        language);

    /// <summary>In major units with the currency's digits: <c>25.00 CNY</c>.</summary>
    public static string In(this Money money, CultureInfo language)
    {
        var exponent = Currencies.Exponent(money.Currency);

        return $"{(money.Amount / (decimal)Math.Pow(10, exponent)).ToString($"N{exponent}", language)} {money.Currency}";
    }
}
