using System.Net;

namespace Community.Portal.Tests;

/// <summary>What others could try with a visitor's browser.</summary>
public sealed class SafetyTests(JourneyPortal portal) : IClassFixture<JourneyPortal>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_loads_from_here_alone_and_stands_in_no_frame()
    {
        using var answer = await portal.Browser().GetAsync(Address("/plans"), Ct);

        Assert.Equal(
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }

    [Theory]
    [InlineData("/do/delete-comment")]
    [InlineData("/sign-out")]
    [InlineData("/studio/contents/01900000-0000-7000-8000-000000000008/draft")]
    public async Task A_form_of_another_page_does_nothing(string action)
    {
        var browser = portal.Browser();
        await JourneyTests.SignIn(browser);
        var before = portal.Beside.Done.Count;
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["id"] = $"{Neighbours.FirstReply}", ["back"] = "/", ["title"] = "x", ["body"] = "x" });
        using var answer = await browser.PostAsync(Address(action), form, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(before, portal.Beside.Done.Count);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Address("/me"), Ct)).StatusCode); // signed in still
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    public async Task No_way_back_leads_elsewhere(string back)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["theme"] = "dark", ["back"] = back });
        using var answer = await portal.Browser().PostAsync(Address("/theme"), form, Ct);

        Assert.Equal("/", answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Where_a_page_is_kept_its_host_is_the_visitors_own()
    {
        Assert.Contains("https://evil.example/plans", await Plans("https://evil.example/plans"), StringComparison.Ordinal);

        var page = await Plans("http://localhost/plans");
        Assert.Contains("http://localhost/plans", page, StringComparison.Ordinal);
        Assert.DoesNotContain("evil.example", page, StringComparison.Ordinal);

        Task<string> Plans(string address) => portal.Browser().GetStringAsync(new Uri(address), Ct);
    }

    [Fact]
    public async Task Membership_that_is_away_takes_no_page_with_it_either()
    {
        var membership = await Neighbours.Start();
        await using var own = JourneyPortal.Portal(service => service == "membership" ? membership.Address : portal.Beside.Address);
        var browser = JourneyPortal.Browser(own);
        await JourneyTests.SignIn(browser);
        await membership.DisposeAsync();

        foreach (var path in new[] { "/", "/contents", "/topics", "/plans", "/ask", "/me", "/me/points", "/me/billing", "/me/settings/profile", $"/checkout/{Neighbours.Order}" })
        {
            Assert.Equal((path, HttpStatusCode.OK), (path, (await browser.GetAsync(Address(path), Ct)).StatusCode));
        }
    }

    private static Uri Address(string path) => new(path, UriKind.Relative);
}
