using System.Buffers;
using Markdig.Extensions.AutoLinks;
using Markdig.Helpers;
using Markdig.Parsers;

namespace Community.Markup;

/// <summary>
/// Links that stand in a text as they are. Chinese has no blanks between words: a link may begin right after a Chinese
/// character, and it ends before the next one, for an address has them percent-encoded.
/// </summary>
internal sealed class BareLinks() : AutoLinkParser(new AutoLinkOptions { ValidPreviousCharacters = "*_~(" + EastAsian + SecondHalves })
{
    // Punctuation that Chinese shares with others; then Hangul, radicals to ideographs, and compatibility and full-width forms.
    private static readonly string EastAsian = "·—‘’“”…" + Range(0x1100, 0x11FF) + Range(0x2E80, 0x9FFF) + Range(0xAC00, 0xD7A3)
        + Range(0xF900, 0xFAFF) + Range(0xFE30, 0xFE4F) + Range(0xFF00, 0xFFEF);

    private static readonly string SecondHalves = Range(0xDC00, 0xDFFF); // of ideographs beyond the basic plane

    private static readonly SearchValues<char> Ends = SearchValues.Create(" \t\r\n<" + EastAsian + Range(0xD800, 0xDBFF) + SecondHalves);

    public override bool Match(InlineProcessor processor, ref StringSlice slice)
    {
        var text = slice.AsSpan();

        if (!(text.StartsWith("http", StringComparison.Ordinal) || text.StartsWith("www.", StringComparison.Ordinal)
            || text.StartsWith("ftp://", StringComparison.Ordinal) || text.StartsWith("mailto:", StringComparison.Ordinal)
            || text.StartsWith("tel:", StringComparison.Ordinal)))
        {
            return false;
        }

        var length = text.IndexOfAny(Ends);
        // The link itself is read, and what stands before it is searched for brackets.
        ((RenderBudget)processor.Context!).Charge((length < 0 ? text.Length : length) + (slice.Start / 4));
        var end = slice.End;
        slice.End = length < 0 ? end : slice.Start + length - 1;
        var matched = base.Match(processor, ref slice);
        slice.End = end;

        return matched;
    }

    private static string Range(int first, int last) => string.Create(last - first + 1, first, (characters, from) =>
    {
        for (var i = 0; i < characters.Length; i++)
        {
            characters[i] = (char)(from + i);
        }
    });
}
