using System.Diagnostics;
using System.Text;
using Community.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Community.Markup.Tests;

/// <summary>Texts made of pieces of markup at random, repeated and nested: each is bounded and harmless.</summary>
public sealed class PageFuzz
{
    private static readonly string[] Pieces =
    [
        "[", "]", "(", ")", "](", "[a]", "![", "<", ">", "](<", "*", "**", "***", "_", "__", "~", "~~", "^", "==", "++", "`", "``", "```\n", "~~~\n", "|", "|-", "|:-:|",
        "\n", "\n\n", "> ", ">", "- ", "* ", "1. ", "# ", "    ", "\t", " ", "  \n", "---\n", "===\n", "- [ ] ", "[a]: b\n", "[a]: <b> \"c\"\n", "\\", "&amp;", "&#106;",
        "https://a.b/", "www.a.b", "mailto:a@b.c", "tel:1", "<http://a>", "<script>", "</a>", "<!--", "javascript:", "onerror=", "\"", "'", "a", "中文", "，", "“", "”", "𠮷",
        "\0", "\ud800", "\udc00", "\u200b", "\u202e", "\r", "\r\n"
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Texts_of_any_make_are_bounded_and_harmless(int seed) => Try(seed, length: 20_000, TimeSpan.FromSeconds(5));

    [LongFact]
    public void Texts_of_the_largest_size_and_of_any_make_are_bounded_and_harmless() =>
        Try(RandomInput.Seed(), HostileTexts.Largest, TimeSpan.FromMinutes(5));

    [LongFact]
    public async Task Memory_stays_bounded_while_a_thousand_hostile_texts_are_read()
    {
        using var texts = new RenderedTexts(TimeProvider.System, NullLogger<RenderedTexts>.Instance);
        var hostile = HostileTexts.All.Values.ToArray();
        var highest = 0L;

        // Ten readers at a time; the first characters make each a text of its own.
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_000), new ParallelOptions { MaxDegreeOfParallelism = 10 }, async (n, ct) =>
        {
            var text = $"{n}\n\n{hostile[n % hostile.Length]}";
            Assert.NotEmpty(await texts.Get(text[..Math.Min(text.Length, HostileTexts.Largest)], ct));
            InterlockedMax(ref highest, GC.GetTotalMemory(false));
        });

        Assert.InRange(highest, 0, 700L << 20);

        // Behind what still waits, each time for as long as a visitor does.
        var started = Stopwatch.GetTimestamp();
        string after;

        do
        {
            after = await texts.Get("after", TestContext.Current.CancellationToken);
        }
        while (after.StartsWith("<pre", StringComparison.Ordinal) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2));

        Assert.Equal("<p>after</p>", after.Trim());
    }

    private static void Try(int seed, int length, TimeSpan limit)
    {
        var random = new Random(seed);
        var (started, count) = (Stopwatch.GetTimestamp(), 0);

        for (; count < 10_000 && Stopwatch.GetElapsedTime(started) < limit; count++)
        {
            var text = Text(random, length);

            try
            {
                var rendering = Rendering.Of(text);
                rendering.ShouldBeBounded();

                if (rendering.Html is { } html)
                {
                    Harmless.Check(html);
                }
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Seed {seed}, text {count}, which begins with {text[..Math.Min(200, text.Length)]}", fault);
            }
        }

        TestContext.Current.SendDiagnosticMessage($"Seed {seed}: {count} texts.");
        Assert.NotEqual(0, count);
    }

    private static string Text(Random random, int length)
    {
        var text = new StringBuilder();
        var motifs = random.Next(1, 5);

        for (var i = 0; i < motifs; i++)
        {
            var motif = string.Concat(random.GetItems(Pieces, random.Next(1, 7)));
            var room = length / motifs;

            while (room > 0)
            {
                text.Append(motif);
                room -= motif.Length;

                // Now and then something else in between, for what only repeats is often cut short.
                if (random.Next(20) == 0)
                {
                    text.Append(Pieces[random.Next(Pieces.Length)]);
                }
            }
        }

        return text.Length > length ? text.ToString(0, length) : text.ToString();
    }

    private static void InterlockedMax(ref long highest, long value)
    {
        for (var seen = Volatile.Read(ref highest); value > seen; seen = Volatile.Read(ref highest))
        {
            if (Interlocked.CompareExchange(ref highest, value, seen) == seen)
            {
                return;
            }
        }
    }
}
