namespace Community.Testing;

/// <summary>Texts of the largest size that a person may write, each made to cost as much as it can.</summary>
public static class HostileTexts
{
    public const int Largest = 100_000;

    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        ["wide table"] = Table(columns: 16_000, rows: 17_000),
        ["wide table of 10,000 characters"] = Table(columns: 1_600, rows: 1_700),
        ["square table"] = Table(columns: 316, rows: 316),
        ["table of links"] = "|a|b|\n|-|-|\n" + Fill("|[a|b](c)|d|\n", Largest - 20),
        ["table of emphasis"] = "|a|b|\n|-|-|\n" + Fill("|**a**|*b*|\n", Largest - 20),
        ["table of open emphasis"] = "|a|b|\n|-|-|\n" + Fill("|~a|*b|\n", Largest - 20),
        ["nested quotes"] = new string('>', Largest - 1) + "a",
        ["nested quotes by line"] = string.Concat(Enumerable.Range(1, 440).Select(depth => new string('>', depth) + "\n")),
        ["nested lists"] = Fill("- "),
        ["nested lists by line"] = string.Concat(Enumerable.Range(0, 440).Select(depth => new string(' ', depth) + "-\n")),
        ["nested brackets"] = new string('[', Largest / 2) + new string(']', Largest / 2),
        ["open brackets"] = new string('[', Largest),
        ["nested images"] = Fill("![", Largest / 2) + Fill("](a)", Largest / 2),
        ["open links"] = Fill("[a](<b"),
        ["open links of four characters"] = Fill("[](<"),
        ["open links with titles"] = Fill("[a](b \"c "),
        ["open links in brackets"] = Fill("[a](b(c(d"),
        ["open emphasis"] = Fill("*a "),
        ["closing emphasis"] = Fill("a* "),
        ["mixed emphasis"] = Fill("*a **b _c __d "),
        ["nested emphasis"] = Fill("*a **b ", Largest / 2) + Fill("** b* ", Largest / 2),
        ["emphasis of threes"] = Fill("a***b**"),
        ["open strikes"] = Fill("~~a ~b ^c ==d "),
        ["code spans of all lengths"] = string.Concat(Enumerable.Range(1, 440).Select(length => "a" + new string('`', length))),
        ["open addresses"] = Fill("<http://a"),
        ["links in brackets"] = Fill("(www.a.b"),
        ["links of one letter"] = Fill("www.a.b "),
        ["one long link"] = "https://a.b/" + new string('a', Largest - 20),
        ["links with parentheses"] = Fill("https://a.b/((((("),
        ["addresses of mail"] = Fill("mailto:a@b "),
        ["a definition used often"] = "[a]: http://b/" + new string('c', Largest / 2) + "\n\n" + Fill("[a]", (Largest / 2) - 20),
        ["a definition with escapes used often"] = "[a]: http://b/" + Fill("&amp;", Largest / 2) + "\n\n" + Fill("[a]", (Largest / 2) - 20),
        ["definitions"] = string.Concat(Enumerable.Range(0, 8_000).Select(n => $"[{n}]: a\n")),
        ["open definitions"] = Fill("[a]: <b\n"),
        ["entities"] = Fill("&quot;"),
        ["quotation marks"] = new string('"', Largest),
        ["escapes"] = Fill("\\*"),
        ["headings"] = Fill("# a\n"),
        ["underlined headings"] = Fill("a\n-\n"),
        ["tasks"] = Fill("- [ ] a\n"),
        ["rules"] = Fill("---\n"),
        ["fences"] = Fill("```\na\n"),
        ["open fences of all lengths"] = string.Concat(Enumerable.Range(3, 440).Select(length => new string('`', length) + "\n")),
        ["markup of others"] = Fill("<div><!--"),
        ["ordered lists"] = string.Concat(Enumerable.Range(1, 12_000).Select(n => $"{n}. a\n")),
        ["blank lines in a list"] = "- a\n" + Fill("\n  ", Largest - 20),
        ["tabs"] = Fill("\t- "),
        ["half characters"] = Fill("\ud800*\udc00"),
        ["nothing"] = new string('\0', Largest),
        ["control characters"] = Fill("\u0001\u200b\u202e\ufffe")
    };

    private static string Table(int columns, int rows) =>
        $"{new string('|', columns)}a\n{string.Concat(Enumerable.Repeat("|-", columns))}\n{string.Concat(Enumerable.Repeat("|\n", rows))}";

    private static string Fill(string part, int length = Largest) => string.Concat(Enumerable.Repeat(part, length / part.Length));
}
