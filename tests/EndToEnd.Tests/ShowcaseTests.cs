using Community.Testing;
using Microsoft.Playwright;

namespace Community.EndToEnd.Tests;

/// <summary>What a community with a past looks like.</summary>
public sealed class ShowcaseTests(Showcase showcase) : IClassFixture<Showcase>
{
    private const int LargestPicture = 150_000;
    private const int LargestFolder = 4_000_000;

    private static readonly string Folder = Path.Combine(RunningCommunity.Root, "docs", "images");

    [LongTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Charts_with_figures_have_no_serious_fault_light_or_dark_or_on_a_phone(bool dark, bool phone)
    {
        var owner = await showcase.Enter(showcase.Owner, new(Dark: dark, Phone: phone));
        var faults = new List<string>();

        foreach (var page in new[] { "/admin", "/admin/growth", "/admin/growth?period=week", "/admin/retention?cohort=joining", "/admin/revenue", "/admin/funnel", "/admin/content", "/admin/what-if?churn=3", "/admin/decisions" })
        {
            await Charts(owner, page, page is not ("/admin/revenue" or "/admin/content" or "/admin/decisions"));
            faults.AddRange(await owner.SeriousFaults());
        }

        Assert.True(faults.Count == 0, string.Join("\n", faults));
        owner.AllWentWell();
    }

    /// <summary>With UPDATE_SNAPSHOTS=1 they are taken anew, for docs/portal.md and the README.</summary>
    [LongFact]
    public async Task The_pictures_in_docs_are_small_and_there_is_one_of_each_main_page_wide_on_a_phone_dark_and_in_Chinese()
    {
        var anew = Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1";
        var expected = new List<string>();

        foreach (var (name, manner) in new[] { ("wide", Manner.Usual), ("phone", new Manner(Phone: true)), ("dark", new Manner(Dark: true)), ("zh", new Manner("zh")) })
        {
            var (visitor, member, creator, owner) = (
                await showcase.Community.Enter(manner), await showcase.Enter(showcase.Member, manner), await showcase.Enter(showcase.Creator, manner), await showcase.Enter(showcase.Owner, manner));
            Visitor[] everybody = [visitor, member, creator, owner];

            foreach (var (page, before, path) in new[]
            {
                ("home", visitor, "/"), ("article", visitor, showcase.Article), ("topics", member, "/topics"), ("topic", member, showcase.Topic), ("plans", visitor, "/plans"),
                ("checkout", member, showcase.Checkout), ("points", member, "/me/points"), ("editor", creator, showcase.Draft), ("admin", owner, "/admin"), ("retention", owner, "/admin/retention?cohort=joining")
            })
            {
                await (before == owner ? Charts(before, path, has: true) : before.Go(path));
                var picture = $"{page}-{name}.webp";
                expected.Add(picture);

                if (anew)
                {
                    await File.WriteAllBytesAsync(Path.Combine(Folder, picture), await Picture(before.Page));
                }
            }

            Assert.All(everybody, before => before.AllWentWell());
        }

        var there = new DirectoryInfo(Folder).GetFiles();
        Assert.Equal(expected.Order(StringComparer.Ordinal), there.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.All(there, file => Assert.InRange(file.Length, 1, LargestPicture));
        Assert.InRange(there.Sum(file => file.Length), 1, LargestFolder);
    }

    /// <summary>The figures follow what was imported a moment ago.</summary>
    private static Task Charts(Visitor owner, string page, bool has) => Eventually.True(async () =>
    {
        await owner.Go(page);

        return !has || await owner.Page.Locator("svg.chart").CountAsync() > 0;
    }, $"a chart on {page}");

    // What the screen shows, as WebP: the browser makes it of its own PNG.
    private static async Task<byte[]> Picture(IPage page)
    {
        var png = Convert.ToBase64String(await page.ScreenshotAsync());
        var webp = await page.EvaluateAsync<string>("""
            async png => {
              const image = new Image();
              image.src = `data:image/png;base64,${png}`;
              await image.decode();
              const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
              canvas.getContext('2d').drawImage(image, 0, 0);
              return canvas.toDataURL('image/webp', .85).split(',')[1];
            }
            """, png);

        return Convert.FromBase64String(webp);
    }
}
