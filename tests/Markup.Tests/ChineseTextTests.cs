namespace Community.Markup.Tests;

public sealed class ChineseTextTests
{
    [Theory]
    [InlineData("这是**“重点”**内容。", "这是<strong>“重点”</strong>内容。")]
    [InlineData("**注意：**请先保存。", "<strong>注意：</strong>请先保存。")]
    [InlineData("请看**《事件溯源》**这本书", "请看<strong>《事件溯源》</strong>这本书")]
    [InlineData("请看**（必读）**这一章", "请看<strong>（必读）</strong>这一章")]
    [InlineData("**很重要。**所以", "<strong>很重要。</strong>所以")]
    [InlineData("他说*「你好」*就走了", "他说<em>「你好」</em>就走了")]
    [InlineData("**該你了！**我說", "<strong>該你了！</strong>我說")]
    [InlineData("使用**`Marten`**保存", "使用<strong><code>Marten</code></strong>保存")]
    [InlineData("旧价~~（99元）~~新价", "旧价<del>（99元）</del>新价")]
    public void Emphasis_stands_beside_Chinese_punctuation(string text, string html) => Assert.Equal($"<p>{html}</p>", Html(text));

    [Theory]
    [InlineData("见https://example.org/a，然后继续。", "见", "https://example.org/a", "，然后继续。")]
    [InlineData("见 https://example.org/a。然后继续", "见 ", "https://example.org/a", "。然后继续")]
    [InlineData("（https://example.org/a）", "（", "https://example.org/a", "）")]
    [InlineData("文档：https://example.org/a?b=c&d=e#f、", "文档：", "https://example.org/a?b=c&d=e#f", "、")]
    [InlineData("打开http://example.org/就能看到", "打开", "http://example.org/", "就能看到")]
    [InlineData("“https://example.org/a”", "“", "https://example.org/a", "”")]
    [InlineData("看https://example.org/a……", "看", "https://example.org/a", "……")]
    [InlineData("看https://example.org/a.然后", "看", "https://example.org/a", ".然后")]
    [InlineData("見https://example.org/a！", "見", "https://example.org/a", "！")]
    [InlineData("𠮷https://example.org/a𠮷", "𠮷", "https://example.org/a", "𠮷")]
    [InlineData("参见https://zh.example.org/wiki/%E4%BA%8B", "参见", "https://zh.example.org/wiki/%E4%BA%8B", "")]
    [InlineData("see https://example.org/a_b, then", "see ", "https://example.org/a_b", ", then")]
    [InlineData("see https://de.example.org/Köln now", "see ", "https://de.example.org/Köln", " now")]
    public void A_bare_link_begins_and_ends_where_the_Chinese_sentence_does(string text, string before, string link, string after)
    {
        var shown = link.Replace("&", "&amp;", StringComparison.Ordinal);
        var html = Html(text);
        Assert.StartsWith($"<p>{before}<a href=\"", html, StringComparison.Ordinal);
        Assert.EndsWith($"\">{shown}</a>{after}</p>", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("访问www.example.org，", "http://www.example.org")]
    [InlineData("写信给mailto:a@example.org。", "mailto:a@example.org")]
    public void Other_bare_links_stand_in_a_Chinese_sentence_too(string text, string address) =>
        Assert.Contains($"<a href=\"{address}\">", Html(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("xhttps://example.org/a")]
    [InlineData("1www.example.org")]
    public void Within_a_word_there_is_no_link(string text) => Assert.DoesNotContain("<a", Html(text), StringComparison.Ordinal);

    [Fact]
    public void A_link_in_brackets_may_have_any_address() =>
        Assert.Contains("%E4%BA%8B%E4%BB%B6", Html("[维基](https://zh.example.org/wiki/事件)说"), StringComparison.OrdinalIgnoreCase);

    private static string Html(string text) => MarkdownRenderer.Render(text)!.Trim();
}
