using System.Net;

namespace Community.Portal.Tests;

/// <summary>Each of the five services stops once while the portal runs: what is its own is said to be away, and the rest of the page goes on.</summary>
public sealed class AwayTests
{
    private const string Away = "does not answer at the moment";
    private const string Unavailable = "Not available now";
    private const string Nameless = "Name not available now";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // Page, what the service shows on it, what is said where it is away, and what of another service stays.
    public static TheoryData<string, string, string, string, string> Panels => new()
    {
        { "membership", "/me", "小明", Away, ">120<" },
        { "membership", "/topics", "小明", Nameless, "为什么" },
        { "membership", "/contents", "小明", Nameless, "事件溯源" },
        { "membership", "/admin/orders", "小明", Nameless, "¥29.00" },
        { "membership", "/admin", "<span class=\"badge warn\">1</span>", Unavailable, "class=\"band\"" },
        { "payments", "/", "Monthly", Away, "事件溯源" },
        { "payments", "/me/invitations", $"/members/{Neighbours.Paid}", Away, "CODE-1" },
        { "payments", "/admin", "<span class=\"badge good\">0</span>", Unavailable, "class=\"band\"" },
        { "content", "/", "事件溯源", Away, "Monthly" },
        { "content", $"/members/{Neighbours.Free}", "事件溯源", Away, "小明" },
        { "incentives", "/me", ">120<", Away, "小明" },
        { "analytics", "/admin", "class=\"band\"", Away, "<span class=\"badge warn\">1</span>" }
    };

    [Theory]
    [MemberData(nameof(Panels))]
    public async Task A_stopped_service_is_said_to_be_away_in_its_panel_and_the_rest_stays(string service, string page, string shown, string said, string stays)
    {
        await using var others = await Neighbours.Start();
        var stopped = await Neighbours.Start();
        (others.Role, stopped.Role) = ("operator", "operator");
        await using var portal = JourneyPortal.Portal(name => name == service ? stopped.Address : others.Address);
        var browser = JourneyPortal.Browser(portal);
        await JourneyTests.SignIn(browser);

        var before = Content(await Page(browser, page));
        Assert.Contains(shown, before, StringComparison.Ordinal);
        Assert.Contains(stays, before, StringComparison.Ordinal);
        Assert.DoesNotContain(said, before, StringComparison.Ordinal);

        await stopped.DisposeAsync();

        var after = Content(await Page(browser, page));
        Assert.DoesNotContain(shown, after, StringComparison.Ordinal);
        Assert.Contains(said, after, StringComparison.Ordinal);
        Assert.Contains(stays, after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_payments_is_away_the_preview_says_why_nothing_is_for_sale_and_no_visitor_is_shown_that_later()
    {
        await using var others = await Neighbours.Start();
        var payments = await Neighbours.Start();
        await using var portal = JourneyPortal.Portal(name => name == "payments" ? payments.Address : others.Address);
        var browser = JourneyPortal.Browser(portal);
        var article = (await browser.GetAsync(new Uri($"/contents/{Neighbours.Paid}", UriKind.Relative), Ct)).Headers.Location!.OriginalString;
        Assert.Contains("/checkout/new", await Page(browser, $"{article}?n=1"), StringComparison.Ordinal);

        await payments.DisposeAsync();

        using var answer = await browser.GetAsync(new Uri(article, UriKind.RelativeOrAbsolute), Ct);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Contains("First paragraph.", page, StringComparison.Ordinal);
        Assert.Contains(Away, page, StringComparison.Ordinal);
        Assert.DoesNotContain("/checkout/new", page, StringComparison.Ordinal);
        Assert.False(answer.Headers.CacheControl?.Public ?? false);
    }

    // The name of who looks stands in the frame, whoever is away.
    private static string Content(string page) => page[page.IndexOf("<main", StringComparison.Ordinal)..page.IndexOf("</main>", StringComparison.Ordinal)];

    private static async Task<string> Page(HttpClient browser, string path)
    {
        using var answer = await browser.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
    }
}
