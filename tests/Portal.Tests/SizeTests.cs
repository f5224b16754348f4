using System.Text;

namespace Community.Portal.Tests;

/// <summary>Pages stay small for those with slow lines, also where each list on them is as long as it gets.</summary>
public sealed class SizeTests
{
    private const int Largest = 40_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_html_of_a_full_page_is_below_forty_kilobytes()
    {
        await using var beside = await Neighbours.Start();
        beside.IsFull = true;
        beside.Body = string.Concat(Enumerable.Repeat("A paragraph of a text that says what happened and **why** it did, as such texts go.\n\n", 60));
        await using var portal = JourneyPortal.Portal(_ => beside.Address);
        var visitor = JourneyPortal.Browser(portal);
        var sizes = new List<(string Page, int Bytes)>();

        foreach (var page in new[] { "/", $"/contents/{Neighbours.Free}", $"/topics/{Neighbours.Question}" })
        {
            using var moved = await visitor.GetAsync(new Uri(page, UriKind.Relative), Ct);
            var html = moved.Headers.Location is { } slug ? await visitor.GetStringAsync(slug, Ct) : await moved.Content.ReadAsStringAsync(Ct);
            Assert.DoesNotContain("does not answer", html, StringComparison.Ordinal);
            sizes.Add((page, Encoding.UTF8.GetByteCount(html)));
        }

        Assert.All(sizes, size => Assert.True(size.Bytes < Largest, string.Join(", ", sizes)));
    }
}
