using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;

namespace Community.Markup;

/// <summary>
/// Code between fences whose language is known: keywords, strings, comments and numbers are marked. By one pattern for each
/// family of languages, which looks at each character once and knows no grammar: what it takes for a keyword may be a name.
/// </summary>
internal sealed class HighlightedCode : HtmlObjectRenderer<CodeBlock>
{
    /// <summary>The classes that a text may have: keyword, string, comment, number.</summary>
    public static readonly IReadOnlyCollection<string> Classes = ["k", "s", "c", "n"];

    private const int Longest = 20_000; // characters; longer code is shown without colours

    // A comment or a string that nobody closes ends with the text or with the line: nothing is looked at twice.
    private const string Numbers = @"(?<n>\b[0-9][0-9A-Za-z_.]*)";
    private const string Strings = """(?<s>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?""";
    private const string Slashes = @"(?<c>//[^\n]*|/\*.*?(?:\*/|\z))";
    private const string Hash = @"(?<c>#[^\n]*)";

    private static readonly FrozenDictionary<string, Regex> Languages = new (string Names, string Comments, string MoreStrings, string Keywords)[]
    {
        ("csharp cs c# fsharp java kotlin kt scala swift dart c cpp c++ h objc", Slashes, ")",
            "abstract|as|async|await|base|bool|boolean|break|byte|case|catch|char|class|const|continue|data|default|delegate|do|double|else|enum|event|extends|false|final|finally|fixed|float|for|foreach|fun|get|goto|if|implements|import|in|init|int|interface|internal|is|let|lock|long|namespace|new|not|null|nullptr|object|operator|out|override|package|params|private|protected|public|readonly|record|ref|required|return|sealed|set|short|sizeof|static|string|struct|super|switch|template|this|throw|throws|true|try|typedef|typeof|unsigned|using|val|var|virtual|void|volatile|when|where|while|with|yield"),
        ("javascript js jsx typescript ts tsx json jsonc go golang rust rs zig php", Slashes, "|`[^`]*`?)",
            "any|as|async|await|boolean|break|case|catch|chan|class|const|continue|default|defer|delete|do|echo|else|enum|export|extends|extern|false|finally|fn|for|from|func|function|go|if|impl|implements|import|in|instanceof|interface|let|loop|map|match|mod|move|mut|new|nil|null|number|of|package|private|protected|pub|public|range|readonly|ref|return|select|self|static|string|struct|super|switch|this|throw|trait|true|try|type|typeof|undefined|unsafe|use|var|void|where|while|yield"),
        ("python py ruby rb bash sh shell zsh powershell ps1 yaml yml toml dockerfile makefile perl r", Hash, ")",
            "and|as|assert|async|await|begin|break|case|class|continue|def|del|do|done|elif|else|elsif|end|esac|except|export|False|false|fi|finally|for|from|function|global|if|import|in|is|lambda|local|module|nil|None|nonlocal|not|null|or|pass|raise|require|rescue|return|self|then|True|true|try|unless|until|when|while|with|yield"),
        ("sql postgresql postgres mysql sqlite", @"(?<c>--[^\n]*|/\*.*?(?:\*/|\z))", ")",
            "(?i:all|alter|and|as|asc|begin|between|by|case|commit|constraint|create|cross|default|delete|desc|distinct|drop|else|end|exists|false|foreign|from|full|group|having|in|index|inner|insert|into|is|join|key|left|like|limit|not|null|offset|on|or|order|outer|over|partition|primary|references|returning|right|rollback|select|set|table|then|true|union|unique|update|using|values|view|when|where|with)"),
    }.SelectMany(family => Named(family.Names, new Regex(
        $@"{family.Comments}|{Strings}{family.MoreStrings}|{Numbers}|(?<k>\b(?:{family.Keywords})\b)",
        RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant))).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    protected override void Write(HtmlRenderer renderer, CodeBlock block)
    {
        var code = block.Lines.ToString();
        renderer.EnsureLine();
        renderer.Write("<pre><code>");

        if (code.Length <= Longest && block is FencedCodeBlock { Info: { } info } && Languages.TryGetValue(info, out var language))
        {
            Mark(renderer, code, language);
        }
        else
        {
            renderer.WriteEscape(code);
        }

        renderer.WriteEscape("\n");
        renderer.WriteLine("</code></pre>");
    }

    private static void Mark(HtmlRenderer renderer, string code, Regex language)
    {
        var written = 0;

        for (var match = language.Match(code); match.Success; match = match.NextMatch())
        {
            renderer.WriteEscape(code, written, match.Index - written, false);
            renderer.Write("<span class=\"").Write(Classes.First(name => match.Groups[name].Success)).Write("\">");
            renderer.WriteEscape(match.Value);
            renderer.Write("</span>");
            written = match.Index + match.Length;
        }

        renderer.WriteEscape(code, written, code.Length - written, false);
    }

    private static IEnumerable<KeyValuePair<string, Regex>> Named(string names, Regex language) => names.Split(' ').Select(name => KeyValuePair.Create(name, language));
}
