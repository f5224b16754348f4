using Community.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Community.Markup.Tests;

public sealed class RenderedTextsTests
{
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_text_is_rendered_once_for_all_who_ask()
    {
        var times = 0;
        using var texts = Texts(text =>
        {
            Interlocked.Increment(ref times);

            return MarkdownRenderer.Render(text);
        });

        var first = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => texts.Get("*a*", Ct).AsTask()));
        var later = await texts.Get("*a*", Ct);

        Assert.All([.. first, later], html => Assert.Equal("<p><em>a</em></p>", html.Trim()));
        Assert.Equal(1, times);
    }

    [Fact]
    public async Task What_takes_long_is_shown_as_it_was_written_and_later_as_it_is_meant()
    {
        var ct = Ct;
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        using var texts = Texts(text =>
        {
            begun.Set();
            gate.Wait(TimeSpan.FromMinutes(1), ct);

            return "<p>done</p>";
        });

        var early = texts.Get("*a* <b>\n", Ct).AsTask();
        Assert.True(begun.Wait(TimeSpan.FromMinutes(1), Ct));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("<pre class=\"plain-text\">\n*a* &lt;b&gt;\n</pre>", await early);

        gate.Set();
        Assert.Equal("<p>done</p>", await texts.Get("*a* <b>\n", Ct));
    }

    [Fact]
    public async Task More_texts_than_may_wait_are_shown_as_they_were_written_at_once()
    {
        var ct = Ct;
        using var gate = new ManualResetEventSlim();
        using var texts = Texts(text =>
        {
            gate.Wait(TimeSpan.FromMinutes(1), ct);

            return "<p>done</p>";
        });
        var waiting = Enumerable.Range(0, 1_000).Select(n => texts.Get($"text {n}", Ct).AsTask()).ToArray();

        Assert.InRange(waiting.Count(task => task.IsCompleted), 500, 1_000);
        gate.Set();
        var html = await Task.WhenAll(waiting);

        Assert.Contains("<pre class=\"plain-text\">\ntext 999</pre>", html);
        Assert.Equal("<p>done</p>", html[0]);
    }

    [Fact]
    public async Task A_text_that_cannot_be_rendered_spares_the_others()
    {
        using var texts = Texts(text => text == "bad" ? throw new InvalidOperationException("No room.") : MarkdownRenderer.Render(text));

        Assert.Equal("<pre class=\"plain-text\">\nbad</pre>", await texts.Get("bad", Ct));
        Assert.Equal("<p>good</p>", (await texts.Get("good", Ct)).Trim());
    }

    [Fact]
    public async Task A_text_that_costs_too_much_is_tried_once()
    {
        var times = 0;
        using var texts = Texts(text =>
        {
            times++;

            return MarkdownRenderer.Render(text);
        });
        var text = HostileTexts.All["nested quotes"];

        for (var i = 0; i < 3; i++)
        {
            Assert.StartsWith("<pre class=\"plain-text\">\n&gt;&gt;", await texts.Get(text, Ct), StringComparison.Ordinal);
        }

        Assert.Equal(1, times);
    }

    private RenderedTexts Texts(Func<string, string?> render) => new(render, _clock, NullLogger<RenderedTexts>.Instance);
}
