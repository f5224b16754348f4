using System.Diagnostics;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Community.Markup;

/// <summary>The text costs more than a text may; it is shown as it was written.</summary>
internal sealed class TextTooCostlyException(string what) : Exception($"The text has {what}.");

/// <summary>
/// What one text may cost. Steps and depths are counted, so that the same text ends the same on every machine; time and
/// memory are watched as well, for what the count does not know.
/// </summary>
internal sealed class RenderBudget : MarkdownParserContext
{
    /// <summary>Characters of HTML.</summary>
    public const int LargestOutput = 1_000_000;

    public const int DeepestBlocks = 50;
    public const int MostCells = 20_000;
    private const int DeepestInlines = 4_000;
    private const long MostSteps = 40_000_000;
    private const long MostBytes = 256L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _allocated = GC.GetAllocatedBytesForCurrentThread();
    private int? _definition; // length of the longest
    private long _steps;
    private int _charges;

    /// <exception cref="TextTooCostlyException">The steps or the memory are used up, as they would be the next time.</exception>
    /// <exception cref="TimeoutException">The time is used up, maybe because the machine has much else to do.</exception>
    public void Charge(long steps)
    {
        _steps += 1 + steps;

        if (_steps > MostSteps)
        {
            throw new TextTooCostlyException("too much markup");
        }

        if (++_charges % 16 != 0)
        {
            return;
        }

        if (GC.GetAllocatedBytesForCurrentThread() - _allocated > MostBytes)
        {
            throw new TextTooCostlyException("markup that takes too much memory");
        }

        if (Stopwatch.GetElapsedTime(_started) > Longest)
        {
            throw new TimeoutException("The text took too long to render.");
        }
    }

    /// <summary>A link may name a definition, which is then copied.</summary>
    public void ChargeDefinition(MarkdownDocument document)
    {
        _definition ??= document.GetLinkReferenceDefinitions(false) is { Links.Count: > 0 } known
            ? known.Links.Values.Max(link => (link.Url?.Length ?? 0) + (link.Title?.Length ?? 0))
            : 0;
        Charge(4 * _definition.Value); // to read its escapes takes longer than to read on
    }

    /// <summary>The parser goes down through all that is open at each of its steps.</summary>
    public void ChargeDepth(Inline? inline)
    {
        var depth = 0;

        for (; inline is not null; inline = inline.Parent)
        {
            if (++depth > DeepestInlines)
            {
                throw new TextTooCostlyException("too many open brackets or emphases");
            }
        }

        Charge(depth);
    }
}
