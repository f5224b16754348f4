using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using System.Text;

namespace Community.Content;

/// <summary>
/// HTML from elsewhere as HTML that can do no harm: written anew, of elements and attributes that this list has, each closed.
/// What is not in the list is left out, so that nothing has to be known of it. It takes one pass, and nests only so deep.
/// </summary>
internal static class SafeHtml
{
    /// <summary>Of elements within each other; what is deeper loses its elements and keeps its text.</summary>
    public const int Deepest = 100;

    private static readonly FrozenSet<string> Allowed = FrozenSet.ToFrozenSet(
        [
            "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
            "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
            "th", "thead", "tr", "u", "ul", "var"
        ],
        StringComparer.Ordinal);

    private static readonly FrozenSet<string> Empty = FrozenSet.ToFrozenSet(["br", "hr", "img"], StringComparer.Ordinal);

    /// <summary>What stands in these is no text for a reader.</summary>
    private static readonly FrozenSet<string> Unread = FrozenSet.ToFrozenSet(
        [
            "script", "style", "iframe", "object", "embed", "noscript", "noembed", "noframes", "template", "svg", "math", "head", "title", "textarea",
            "select", "xmp", "plaintext", "applet", "frameset"
        ],
        StringComparer.Ordinal);

    /// <summary>People leave their ends out.</summary>
    private static readonly FrozenSet<string> EndedByTheNext = FrozenSet.ToFrozenSet(["p", "li", "dt", "dd", "tr", "td", "th"], StringComparer.Ordinal);

    private static readonly SearchValues<char> Special = SearchValues.Create("<>&");

    public static string Of(string html) => Write(html).Safe;

    public static bool IsTooDeep(string html) => Write(html).TooDeep;

    private static (string Safe, bool TooDeep) Write(string html)
    {
        var (safe, open, tooDeep) = (new StringBuilder(html.Length + 64), new List<string>(), false);

        for (var at = 0; at < html.Length;)
        {
            var special = html.AsSpan(at).IndexOfAny(Special);

            if (special != 0)
            {
                var length = special < 0 ? html.Length - at : special;
                safe.Append(html, at, length);
                at += length;
            }
            else if (html[at] != '<')
            {
                at = Character(html, at, safe);
            }
            else if (html.AsSpan(at).StartsWith("<!--", StringComparison.Ordinal))
            {
                at = After(html, "-->", at + 4);
            }
            else if (at + 1 < html.Length && html[at + 1] is '!' or '?')
            {
                at = After(html, ">", at + 2);
            }
            else if (Tag.Read(html, at) is { } tag)
            {
                at = tag.IsUnread ? AfterUnread(html, tag) : tag.End;
                tooDeep |= !Element(tag, safe, open);
            }
            else
            {
                safe.Append("&lt;");
                at++;
            }
        }

        for (var i = open.Count - 1; i >= 0; i--)
        {
            Close(safe, open[i]);
        }

        return (safe.ToString(), tooDeep);
    }

    /// <summary>False: it would have stood too deep.</summary>
    private static bool Element(Tag tag, StringBuilder safe, List<string> open)
    {
        if (!Allowed.Contains(tag.Name))
        {
            return true;
        }

        if (tag.IsEnd)
        {
            for (var i = open.LastIndexOf(tag.Name); i >= 0 && i < open.Count;)
            {
                Close(safe, open[^1]);
                open.RemoveAt(open.Count - 1);
            }

            return true;
        }

        if (open is [.., var last] && last == tag.Name && EndedByTheNext.Contains(last))
        {
            Close(safe, last);
            open.RemoveAt(open.Count - 1);
        }

        if (open.Count >= Deepest)
        {
            return false;
        }

        safe.Append('<').Append(tag.Name);

        foreach (var (name, value) in tag.Attributes.DistinctBy(attribute => attribute.Name))
        {
            if (Attribute(tag.Name, name, value) is { } kept)
            {
                safe.Append(' ').Append(name).Append("=\"").Append(WebUtility.HtmlEncode(kept)).Append('"');
            }
        }

        safe.Append('>');

        if (!Empty.Contains(tag.Name))
        {
            open.Add(tag.Name);
        }

        return true;
    }

    private static string? Attribute(string element, string name, string value) => (element, name) switch
    {
        ("a", "href") => Address(value, mail: true),
        ("img", "src") => Address(value, mail: false),
        ("img", "alt") or (_, "title") => value,
        ("img", "width" or "height") or ("td" or "th", "colspan" or "rowspan") or ("ol", "start") =>
            value.Length is > 0 and <= 4 && value.All(char.IsAsciiDigit) ? value : null,
        _ => null
    };

    // Browsers pass over control characters and blanks in a scheme, so that it is read without them.
    private static string? Address(string value, bool mail)
    {
        var address = string.Concat(value.Where(c => !char.IsControl(c))).Trim();
        var scheme = string.Concat(address.TakeWhile(c => c is not (':' or '/' or '?' or '#' or '\\')).Where(c => !char.IsWhiteSpace(c)));
        var isRelative = !address.Contains(':', StringComparison.Ordinal) || address[..address.IndexOf(':', StringComparison.Ordinal)].AsSpan().IndexOfAny('/', '?', '#') >= 0;

        return isRelative || scheme.ToLowerInvariant() is "http" or "https" || (mail && scheme.Equals("mailto", StringComparison.OrdinalIgnoreCase)) ? address : null;
    }

    private static int Character(string html, int at, StringBuilder safe)
    {
        if (html[at] == '>')
        {
            safe.Append("&gt;");

            return at + 1;
        }

        var end = at + 1;

        while (end < html.Length && end - at < 40 && (char.IsAsciiLetterOrDigit(html[end]) || (html[end] == '#' && end == at + 1)))
        {
            end++;
        }

        if (end < html.Length && html[end] == ';' && end > at + 1)
        {
            safe.Append(html, at, end + 1 - at);

            return end + 1;
        }

        safe.Append("&amp;");

        return at + 1;
    }

    private static void Close(StringBuilder safe, string name) => safe.Append("</").Append(name).Append('>');

    // What never ends is left out to the end, as browsers do.
    private static int After(string html, string end, int from) =>
        html.IndexOf(end, Math.Min(from, html.Length), StringComparison.Ordinal) is >= 0 and var found ? found + end.Length : html.Length;

    private static int AfterUnread(string html, Tag tag) =>
        html.IndexOf($"</{tag.Name}", tag.End, StringComparison.OrdinalIgnoreCase) is >= 0 and var found ? After(html, ">", found) : html.Length;

    /// <param name="End">Behind its <c>&gt;</c>.</param>
    private sealed record Tag(string Name, bool IsEnd, IReadOnlyList<(string Name, string Value)> Attributes, int End)
    {
        public bool IsUnread => !IsEnd && Unread.Contains(Name);

        /// <summary>Null: it is no tag. One that does not end takes all that follows.</summary>
        public static Tag? Read(string html, int at)
        {
            var isEnd = at + 1 < html.Length && html[at + 1] == '/';
            var start = at + (isEnd ? 2 : 1);

            if (start >= html.Length || !char.IsAsciiLetter(html[start]))
            {
                return null;
            }

            var end = start;
            Skip(c => c is not ('>' or '/') && !char.IsWhiteSpace(c));
            var (name, attributes) = (html[start..end].ToLowerInvariant(), new List<(string, string)>());

            while (true)
            {
                Skip(c => c == '/' || char.IsWhiteSpace(c));

                if (end >= html.Length || html[end] == '>')
                {
                    return new Tag(name, isEnd, attributes, Math.Min(end + 1, html.Length));
                }

                var from = end++; // a name may begin with anything
                Skip(c => c is not ('=' or '>' or '/') && !char.IsWhiteSpace(c));
                var attribute = html[from..end].ToLowerInvariant();
                Skip(char.IsWhiteSpace);
                var value = "";

                if (end < html.Length && html[end] == '=')
                {
                    end++;
                    Skip(char.IsWhiteSpace);
                    value = Value();
                }

                if (attributes.Count < 20)
                {
                    attributes.Add((attribute, WebUtility.HtmlDecode(value)));
                }
            }

            void Skip(Func<char, bool> passes)
            {
                while (end < html.Length && passes(html[end]))
                {
                    end++;
                }
            }

            string Value()
            {
                if (end < html.Length && html[end] is '"' or '\'')
                {
                    var quote = html[end++];
                    var from = end;
                    Skip(c => c != quote);
                    var quoted = html[from..end];
                    end = Math.Min(end + 1, html.Length);

                    return quoted;
                }

                var start = end;
                Skip(c => c != '>' && !char.IsWhiteSpace(c));

                return html[start..end];
            }
        }
    }
}
