using System.Text.RegularExpressions;
using FsCheck.Xunit;

namespace Community.Content.Tests;

public sealed partial class SafeHtmlTests
{
    private static readonly string[] Pieces =
    [
        "<", ">", "</", "/>", "<!--", "-->", "<!", "\"", "'", "=", " ", "\n", "/", "&", "&lt;", "&#106;", "&#x3C;", "x", "script", "<script>", "</script>",
        "<svg", "<math>", "<p>", "</p>", "<b", "</b>", "<li>", "<table>", "<td>", "</table>", "<a href=", "<a href='", "javascript:alert(1)",
        "https://a.example", " onclick=x()", " title=\"", "<img src=x onerror=x()>", "<style>", "</style>", "<textarea>", "<iframe src=", "<plaintext>"
    ];

    [Theory]
    [InlineData("<p>Plain <b>bold</b> <code>a &lt; b</code></p>", "<p>Plain <b>bold</b> <code>a &lt; b</code></p>")]
    [InlineData("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2")]
    [InlineData("<p>a<p>b<ul><li>c<li>d</ul>", "<p>a</p><p>b<ul><li>c</li><li>d</li></ul></p>")]
    [InlineData("<b>x</i></b></b>", "<b>x</b>")]
    [InlineData("<B CLASS=a STYLE='x' onclick=\"x()\">x", "<b>x</b>")]
    [InlineData("<!-- c --><b title='\"'>x</b>", "<b title=\"&quot;\">x</b>")]
    [InlineData("<a href=\"java&#10;script:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\" JAVASCRIPT:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"data:text/html,x\">x</a>", "<a>x</a>")]
    [InlineData("<a href=' https://a.example/?a=1&amp;b=2'>x</a>", "<a href=\"https://a.example/?a=1&amp;b=2\">x</a>")]
    [InlineData("<a href=mailto:a@example.org>x</a><a href=/questions/1>y</a>", "<a href=\"mailto:a@example.org\">x</a><a href=\"/questions/1\">y</a>")]
    [InlineData("<img src=https://a.example/x.png alt=\"a picture\" width=100 onerror=x()>", "<img src=\"https://a.example/x.png\" alt=\"a picture\" width=\"100\">")]
    [InlineData("<scr<script>ipt>x</script>", "ipt&gt;x")]
    [InlineData("a<script>x</script>b<style>x</style>c<svg><script>x</script></svg>d", "abcd")]
    [InlineData("a<script>never ends", "a")]
    [InlineData("a<b title=\"never ends", "a<b title=\"never ends\"></b>")]
    public void It_is_written_anew(string html, string safe) => Assert.Equal(safe, SafeHtml.Of(html));

    [Property(MaxTest = 2_000)]
    public void Whatever_comes_in_only_what_the_list_has_comes_out_and_each_element_is_closed(byte[] pieces)
    {
        var safe = SafeHtml.Of(string.Concat(pieces.Select(piece => Pieces[piece % Pieces.Length])));
        var open = new Stack<string>();

        Assert.DoesNotContain("<", Known().Replace(safe, ""), StringComparison.Ordinal);
        Assert.DoesNotContain(">", Known().Replace(safe, ""), StringComparison.Ordinal);

        foreach (var tag in Known().Matches(safe).Cast<Match>())
        {
            var name = tag.Groups["name"].Value;
            Assert.DoesNotMatch("(?i)^ *(href|src)=\" *javascript", tag.Groups["rest"].Value);

            if (tag.Value.StartsWith("</", StringComparison.Ordinal))
            {
                Assert.Equal(name, open.Pop());
            }
            else if (name is not ("br" or "hr" or "img"))
            {
                open.Push(name);
            }
        }

        Assert.Empty(open);
        Assert.Equal(safe, SafeHtml.Of(safe));
    }

    [Fact]
    public void What_is_too_deep_keeps_its_text_and_long_texts_end()
    {
        var deep = string.Concat(Enumerable.Repeat("<div>", 20_000)) + "text";
        Assert.True(SafeHtml.IsTooDeep(deep));
        Assert.Equal(SafeHtml.Deepest, Regex.Count(SafeHtml.Of(deep), "<div>"));
        Assert.Contains("text", SafeHtml.Of(deep), StringComparison.Ordinal);
        Assert.False(SafeHtml.IsTooDeep(string.Concat(Enumerable.Repeat("<div>", SafeHtml.Deepest))));

        foreach (var piece in Pieces)
        {
            Assert.NotNull(SafeHtml.Of(string.Concat(Enumerable.Repeat(piece, 100_000 / piece.Length))));
        }
    }

    [GeneratedRegex("</?(?<name>a|abbr|b|blockquote|br|caption|code|dd|del|div|dl|dt|em|h[1-6]|hr|i|img|ins|kbd|li|ol|p|pre|q|s|samp|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul|var)(?<rest>( (href|src|alt|title|width|height|colspan|rowspan|start)=\"[^\"<>]*\")*)>")]
    private static partial Regex Known();
}
