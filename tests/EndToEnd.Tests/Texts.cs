using System.Xml.Linq;

namespace Community.EndToEnd.Tests;

/// <summary>The portal's texts in both languages, by which a page is searched for those of the other one.</summary>
internal static class Texts
{
    private static readonly Dictionary<string, string> English = Read("Words.resx");
    private static readonly Dictionary<string, string> Chinese = Read("Words.zh.resx");

    // "member" is a word of the interface and the name of a tier.
    private static readonly string[] AlsoData = ["member"];

    private static readonly HashSet<string> EnglishAlone = [.. English.Values.Except(Chinese.Values).Except(AlsoData)];
    private static readonly HashSet<string> ChineseAlone = [.. Chinese.Values.Except(English.Values)];
    private static readonly HashSet<string> Keys = [.. English.Keys.Where(key => key.Contains('.', StringComparison.Ordinal))];

    /// <summary>A text that a page in this language should not show: of the other language, or the name of a text.</summary>
    public static Func<string, bool> IsForeign(string language) =>
        text => Keys.Contains(text) || (language == "zh" ? EnglishAlone : ChineseAlone).Contains(text);

    public static string Of(string language, string key) => (language == "zh" ? Chinese : English)[key];

    private static Dictionary<string, string> Read(string file) => XDocument.Load(Path.Combine(RunningCommunity.Root, "clients", "Portal", file)).Root!
        .Elements("data").ToDictionary(data => (string)data.Attribute("name")!, data => (string)data.Element("value")!);
}
