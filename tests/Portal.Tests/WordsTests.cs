using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Community.Portal.Tests;

public sealed partial class WordsTests
{
    private static readonly Dictionary<string, string> English = Read("Words.resx");
    private static readonly Dictionary<string, string> Chinese = Read("Words.zh.resx");

    [Fact]
    public void Both_languages_have_the_same_texts_with_the_same_places()
    {
        Assert.Equal(English.Keys.Order(StringComparer.Ordinal), Chinese.Keys.Order(StringComparer.Ordinal));
        Assert.All(English, text => Assert.Equal(Places(text.Value), Places(Chinese[text.Key])));
        Assert.All(Chinese, text => Assert.NotEqual("", text.Value.Trim()));
    }

    [Fact]
    public void Every_text_that_the_code_names_is_there()
    {
        var named = Sources().SelectMany(file => Named().Matches(file.Text).Select(match => (Key: match.Groups[1].Value, file.Name))).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, use => Assert.True(English.ContainsKey(use.Key), $"{use.Name} names {use.Key}"));
    }

    [Fact]
    public void Pages_hold_no_text_of_their_own_and_no_style()
    {
        foreach (var (name, text) in Sources().Where(file => file.Name.EndsWith(".razor", StringComparison.Ordinal)))
        {
            var markup = Code().Replace(text, "");
            Assert.DoesNotContain("style=", markup, StringComparison.Ordinal);
            Assert.DoesNotContain("onclick=\"", markup, StringComparison.Ordinal);
            Assert.All(Untranslated().Matches(markup).Select(match => match.Groups[1].Value.Trim()), words => Assert.True(words is "RSS" or "CSV" or "English", $"{name}: {words}"));
        }
    }

    private static IEnumerable<(string Name, string Text)> Sources() => Directory.EnumerateFiles(BuiltPortal.Directory, "*", SearchOption.AllDirectories)
        .Where(file => (file.EndsWith(".razor", StringComparison.Ordinal) || file.EndsWith(".cs", StringComparison.Ordinal))
            && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(file => (Path.GetRelativePath(BuiltPortal.Directory, file), File.ReadAllText(file)));

    private static Dictionary<string, string> Read(string file) => XDocument.Load(Path.Combine(BuiltPortal.Directory, file)).Root!
        .Elements("data").ToDictionary(data => (string)data.Attribute("name")!, data => (string)data.Element("value")!);

    private static IEnumerable<string> Places(string text) => Place().Matches(text).Select(match => match.Value).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"\bT\[""([A-Za-z0-9.\-]+)""[\],]")]
    private static partial Regex Named();

    [GeneratedRegex(@"@code \{.*|@\*.*?\*@|@\{.*?\n\}", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"<(?:p|a|h[1-6]|button|label|li|span|strong|th|td|summary|legend)(?: [^>@]*)?>([A-Za-z][A-Za-z ,.']{2,})</")]
    private static partial Regex Untranslated();
}
