using AngleSharp.Html.Parser;

namespace Community.Markup.Tests;

internal static class Harmless
{
    private static readonly string[] Schemes = ["http", "https", "mailto"];

    /// <summary>As a browser reads it: no element and no attribute that runs anything or leads to what does.</summary>
    public static void Check(string html)
    {
        var body = new HtmlParser().ParseDocument(html);
        Assert.Empty(body.QuerySelectorAll("script, iframe, object, embed, style, form, button, base, meta, svg"));

        foreach (var attribute in body.All.SelectMany(element => element.Attributes))
        {
            Assert.False(attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase), attribute.Name);
            Assert.False(attribute.Name is "style" or "id" or "class" or "name", attribute.Name);

            if (attribute.Name is "href" or "src" && Uri.TryCreate(attribute.Value.Trim(), UriKind.Absolute, out var address) && attribute.Value[0] != '/')
            {
                Assert.Contains(address.Scheme, Schemes);
            }
        }
    }
}
