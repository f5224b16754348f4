using System.Globalization;
using Community.Content.Access;
using FsCheck.Xunit;

namespace Community.Content.Tests.Paywall;

public sealed class PreviewTests
{
    [Theory]
    [InlineData("First.\n\nSecond.", "First.")]
    [InlineData("\n \nFirst\nline two.\r\n\r\nSecond.", "First\nline two.")]
    [InlineData("# Title\n\n## Part\nFirst.\n\nSecond.", "First.")]
    [InlineData("First.\n# Title\nSecond.", "First.")]
    [InlineData("#hashtag first.\n\nSecond.", "#hashtag first.")]
    [InlineData("# Only a title", "")]
    [InlineData("", "")]
    public void A_preview_is_the_first_paragraph(string body, string preview) => Assert.Equal(preview, Preview.Of(body));

    [Fact]
    public void A_family_is_not_torn_apart()
    {
        const string Family = "👨‍👩‍👧‍👦"; // eleven code units, one character to its reader

        Assert.Equal(string.Concat(Enumerable.Repeat(Family, 45)), Preview.Of(string.Concat(Enumerable.Repeat(Family, 60))));
    }

    [SeededProperty]
    public bool A_preview_is_at_most_500_code_units_of_whole_characters(string?[] words)
    {
        var body = string.Concat(Enumerable.Repeat(string.Concat(words), 50));
        var preview = Preview.Of(body);
        var whole = StringInfo.ParseCombiningCharacters(body.Replace("\r\n", "\n", StringComparison.Ordinal)).Length;

        return preview.Length <= 500 && StringInfo.ParseCombiningCharacters(preview).Length <= whole;
    }
}
