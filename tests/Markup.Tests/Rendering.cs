using System.Diagnostics;

namespace Community.Markup.Tests;

/// <summary>What a text became and cost, on a thread of its own as wherever texts are rendered.</summary>
/// <param name="Bytes">All that the thread allocated.</param>
internal sealed record Rendering(string? Html, TimeSpan Time, long Bytes)
{
    // A hundred times what it takes, for the machine of the tests has much else to do.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    public static Rendering Of(string text)
    {
        Rendering? rendering = null;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            var (before, started) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());

            try
            {
                var html = MarkdownRenderer.Render(text);
                rendering = new(html, Stopwatch.GetElapsedTime(started), GC.GetAllocatedBytesForCurrentThread() - before);
            }
            catch (Exception e)
            {
                fault = e; // told on the test's own thread
            }
        }, 16 << 20);
        thread.Start();
        thread.Join();

        return rendering ?? throw new InvalidOperationException("The text was not rendered.", fault);
    }

    public void ShouldBeBounded()
    {
        Assert.InRange(Time, TimeSpan.Zero, Longest);
        Assert.InRange(Bytes, 0, 1L << 30);
        Assert.InRange(Html?.Length ?? 0, 0, 1_500_000);
    }

    public override string ToString() => $"{(Html is null ? "plain" : $"{Html.Length} characters")}, {Time.TotalMilliseconds:0} ms, {Bytes >> 20} MiB";
}
