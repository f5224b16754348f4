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

