using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Components;

namespace Community.Portal.Components.Charts;

/// <summary>What charts are drawn with. Text is made here, for Razor keeps the element's name for itself.</summary>
internal static class Svg
{
    public static string N(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    public static MarkupString Text(double x, double y, string text, string anchor = "middle", string kind = "") => new(
        $"<text x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\" class=\"{kind}\">{WebUtility.HtmlEncode(text)}</text>");

    /// <summary>A round number at or above the largest value.</summary>
    public static double Top(double most)
    {
        if (most <= 0)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(most)));

        return new[] { 1, 2, 2.5, 5, 10 }.Select(step => step * power).First(step => step >= most);
    }

    public static string Whole(double value) => value.ToString(value is > -10 and < 10 && value != Math.Floor(value) ? "N1" : "N0", CultureInfo.CurrentCulture);

    public static string Percent(double share) => share.ToString("P0", CultureInfo.CurrentCulture);
}
