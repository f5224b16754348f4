using System.Net;
using System.Text.RegularExpressions;

namespace Community.Portal.Tests;

public sealed partial class AuditTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_staff_did_in_all_services_is_one_list_by_time_in_pages_that_leave_nothing_out()
    {
        await using var membership = await Neighbours.Start();
        await using var content = await Neighbours.Start();
        await using var others = await Neighbours.Start();
        (membership.Role, content.StaffActionType) = ("operator", "content-reviewed.v1");
        // Forty in one service and thirty in the other, in turns.
        membership.StaffActions = [.. Enumerable.Range(0, 40).Select(i => $"2026-03-01T10:{i:00}:00Z")];
        content.StaffActions = [.. Enumerable.Range(0, 30).Select(i => $"2026-03-01T10:{i:00}:30Z")];
        await using var portal = JourneyPortal.Portal(service => service switch
        {
            "membership" => membership.Address,
            "content" => content.Address,
            "payments" => "http://127.0.0.1:9",
            _ => others.Address
        });
        var browser = JourneyPortal.Browser(portal);
        await JourneyTests.SignIn(browser);

        var first = await Page("/admin/audit");
        Assert.Contains("Payments does not answer. What was done there is missing here.", first, StringComparison.Ordinal);
        Assert.Contains("suspended a member", first, StringComparison.Ordinal);
        Assert.Contains($"""<a href="/contents/{Neighbours.Paid}">Open</a>""", first, StringComparison.Ordinal);
        var next = Older().Match(first).Groups[1].Value;
        var second = await Page(next);

        var shown = Times(first).Concat(Times(second)).ToList();
        Assert.Equal(50, Times(first).Count());
        Assert.Equal(membership.StaffActions.Concat(content.StaffActions).OrderDescending(StringComparer.Ordinal).Select(at => at[..19]), shown);
        Assert.DoesNotMatch(Older(), second);

        async Task<string> Page(string path)
        {
            using var answer = await browser.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

            return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
        }
    }

    [Fact]
    public async Task Nobody_but_operators_sees_it()
    {
        await using var others = await Neighbours.Start();
        (others.Role, others.StaffActions) = ("moderator", ["2026-03-01T10:00:00Z"]);
        await using var portal = JourneyPortal.Portal(_ => others.Address);
        var browser = JourneyPortal.Browser(portal);
        await JourneyTests.SignIn(browser);

        using var answer = await browser.GetAsync(new Uri("/admin/audit", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static IEnumerable<string> Times(string page) => Time().Matches(page).Select(match => match.Groups[1].Value);

    [GeneratedRegex("""<time datetime="(2026-03-01T10:\d\d:\d\d)""")]
    private static partial Regex Time();

    [GeneratedRegex("""<a [^>]*href="([^"]+)"[^>]*rel="next">""")]
    private static partial Regex Older();
}
