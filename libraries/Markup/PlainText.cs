using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Community.Markup;

internal static class PlainText
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>The text as it was written, line by line.</summary>
    // The first line break behind the tag is not shown by browsers.
    public static string Html(string text) =>
        $"<pre class=\"plain-text\">\n{Encoder.Encode(text).Replace("&#xA;", "\n", StringComparison.Ordinal)}</pre>";
}
