using System.Globalization;

namespace Community.Incentives;

internal static class RequestLanguage
{
    private static readonly string[] Known = ["en", "zh"];

    /// <summary>The first that the request asks for and the texts have; else English.</summary>
    public static CultureInfo Language(this HttpRequest request) => CultureInfo.GetCultureInfo(
        request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1)
            .Select(language => Array.Find(Known, known => language.Value.StartsWith(known, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(known => known is not null) ?? Known[0]);
}
