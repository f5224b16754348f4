using System.Globalization;
using System.Security.Claims;

namespace Community.Content.Access;

internal enum AccessLevel { Full, Preview }

/// <summary>Who asks, as far as it matters for what they may see.</summary>
internal sealed record Reader(Guid? MemberId, bool Reviews, bool Operates)
{
    public static Reader Of(ClaimsPrincipal user) => new(user.FindMemberId(), user.May("reviewer"), user.May("operator"));

    public bool SeesDraftsOf(Guid author) => MemberId == author || Reviews || Operates;

    /// <summary>Author and operators: state as of an instant, history, publication.</summary>
    public bool Keeps(Guid author) => MemberId == author || Operates;

    /// <summary>How far the reader sees into a content.</summary>
    /// <param name="entitled">It was bought, or the reader has its tier or level.</param>
    public AccessLevel Into(Guid author, Requirements requires, bool entitled) =>
        SeesDraftsOf(author) || entitled || requires == Requirements.None ? AccessLevel.Full : AccessLevel.Preview;
}

internal static class Preview
{
    private const int Longest = 500;

    /// <summary>
    /// The first paragraph of a Markdown text, headings before it left out; at most 500 UTF-16 code units, cut between
    /// what readers see as characters.
    /// </summary>
    public static string Of(string body)
    {
        var paragraph = body.Split('\n').Select(line => line.TrimEnd())
            .SkipWhile(line => line.Length == 0 || IsHeading(line))
            .TakeWhile(line => line.Length > 0 && !IsHeading(line));

        return Cut(string.Join('\n', paragraph).Trim());
    }

    private static bool IsHeading(string line)
    {
        var hashes = line.TakeWhile(c => c == '#').Count();

        return hashes is >= 1 and <= 6 && (line.Length == hashes || line[hashes] is ' ' or '\t');
    }

    private static string Cut(string text)
    {
        if (text.Length <= Longest)
        {
            return text;
        }

        var end = 0;

        for (var next = 0; next <= Longest; next += StringInfo.GetNextTextElementLength(text.AsSpan(next)))
        {
            end = next;
        }

        return text[..end].TrimEnd();
    }
}
