using System.Text.RegularExpressions;

namespace Community.Portal;

/// <summary>A preview without its Markdown, for cards and descriptions; what is no mark stays as it was written.</summary>
internal static partial class PlainExcerpt
{
    public static string Of(string markdown) => Spaces().Replace(Marks().Replace(Links().Replace(markdown, "$1"), ""), " ").Trim();

    [GeneratedRegex(@"!?\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"^\s{0,3}(#{1,6}\s+|>\s?|[-*+]\s+|\d{1,3}[.)]\s+)|\*+(?=\S)|(?<=\S)\*+|__|~~|`+", RegexOptions.Multiline)]
    private static partial Regex Marks();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
