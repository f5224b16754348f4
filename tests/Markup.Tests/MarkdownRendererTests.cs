using Community.Testing;

namespace Community.Markup.Tests;

public sealed class MarkdownRendererTests
{
    public static TheoryData<string> Hostile => new(HostileTexts.All.Keys.ToArray());

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_text_costs_a_bounded_time_and_memory_whatever_it_is(string name)
    {
        var text = HostileTexts.All[name];
        Assert.InRange(text.Length, 1, HostileTexts.Largest);

        var rendering = Rendering.Of(text);

        TestContext.Current.SendDiagnosticMessage($"{name}: {rendering}");
        rendering.ShouldBeBounded();
    }

    [Fact]
    public void What_people_write_is_rendered_however_long_it_is()
    {
        var table = "| Package | Version | Why |\n| --- | --- | --- |\n" + Repeat("| [Marten](https://martendb.io) | **9.58** | `events` and *documents* |\n", 300);
        var article = Repeat("""
            ## 事件溯源 and *why*

            一段**很长的**文字，见 https://example.org/docs，还有 [链接](https://example.org "title") 和 `code`。

            > A quote
            > > in a quote

            1. one
               - two
                 - three

            ```csharp
            var a = b[c[d[0]]] * 2 ** 3;
            ```


            """, 300);
        var paragraph = Repeat("一句**重要**的话，见[这里](https://example.org/a)，", 300);

        foreach (var text in new[] { table, article, paragraph })
        {
            Assert.InRange(text.Length, 10_000, HostileTexts.Largest);
            Assert.NotNull(Rendering.Of(text).Html);
        }

        Assert.Equal(301, Rendering.Of(table).Html!.Split("<tr>").Length - 1);

        static string Repeat(string part, int times) => string.Concat(Enumerable.Repeat(part, times));
    }

    [Theory]
    [InlineData("csharp", "var a = 1; // b", """<span class="k">var</span> a = <span class="n">1</span>; <span class="c">// b</span>""")]
    [InlineData("ts", "const `a ${1}", """<span class="k">const</span> <span class="s">`a ${1}</span>""")]
    [InlineData("python", "def a(): # 'b'", """<span class="k">def</span> a(): <span class="c"># 'b'</span>""")]
    [InlineData("SQL", "SELECT '<b>' -- c", """<span class="k">SELECT</span> <span class="s">'&lt;b&gt;'</span> <span class="c">-- c</span>""")]
    [InlineData("csharp", "/* open", """<span class="c">/* open</span>""")]
    [InlineData("nothing", "var a = 1;", "var a = 1;")]
    [InlineData("", "var a = 1;", "var a = 1;")]
    public void Code_of_a_known_language_has_colours(string language, string code, string html) =>
        Assert.Equal($"<pre><code>{html}\n</code></pre>\n", Rendering.Of($"```{language}\n{code}\n```").Html);

    [Theory]
    [InlineData("/*")]
    [InlineData("\"")]
    [InlineData("/*1")]
    [InlineData("'\\")]
    [InlineData("var 1 \"a\" ")]
    public void Code_costs_what_its_length_says_whatever_it_is(string part)
    {
        var code = string.Concat(Enumerable.Repeat(part, 19_000 / part.Length));
        var rendering = Rendering.Of($"```csharp\n{code}\n```");
        Assert.InRange(rendering.Time, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.NotNull(rendering.Html);
        Assert.DoesNotContain("<span", Rendering.Of($"```csharp\n{code}{code}\n```").Html!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("[a](javascript:alert)")]
    [InlineData("[a](&#106;avascript:alert)")]
    [InlineData("![a](javascript:alert)")]
    [InlineData("<javascript:alert>")]
    [InlineData("[a]: javascript:alert\n\n[a]")]
    [InlineData("[a](data:text/html,alert)")]
    [InlineData("<img src=x onerror=alert>")]
    public void Nothing_in_a_text_runs(string text) => Harmless.Check(Rendering.Of(text).Html!);
}

