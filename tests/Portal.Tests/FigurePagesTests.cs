using System.Net;
using System.Text.RegularExpressions;

namespace Community.Portal.Tests;

/// <summary>What an operator reads of the community's figures, without script.</summary>
public sealed partial class FigurePagesTests : IAsyncLifetime
{
    private Neighbours? _beside;
    private Microsoft.AspNetCore.Mvc.Testing.WebApplicationFactory<Program>? _portal;
    private HttpClient? _operator;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Neighbours Beside => _beside!;

    public async ValueTask InitializeAsync()
    {
        _beside = await Neighbours.Start();
        _beside.Role = "operator";
        _portal = JourneyPortal.Portal(_ => _beside.Address);
        _operator = JourneyPortal.Browser(_portal);
        await JourneyTests.SignIn(_operator);
    }

    public async ValueTask DisposeAsync()
    {
        await _portal!.DisposeAsync();
        await _beside!.DisposeAsync();
    }

    [Fact]
    public async Task Retention_is_a_chart_and_a_table_whose_cells_lead_to_their_members()
    {
        var page = await Page("/admin/retention?mode=onOrAfter&cohort=joining");

        Assert.Single(Charts().Matches(page));
        // Shares of two hundred; of twenty-nine members none, and what is not over is marked.
        Assert.Contains(">55%</a>", page, StringComparison.Ordinal);
        Assert.Contains(">37% …</a>", page, StringComparison.Ordinal);
        Assert.Contains(">13 …</a>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("45%", page, StringComparison.Ordinal);
        var cell = Cells().Match(page).Groups[1].Value.Replace("&amp;", "&", StringComparison.Ordinal);
        Assert.Equal("/admin/figures?figure=retained&start=2026-01-01&period=month&cell=0&mode=onOrAfter&cohort=joining", cell);
        Assert.Contains("href=\"/admin/members/", await Page(cell), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("retention", "?period=week&mode=on", "/retention?period=week&mode=on")]
    [InlineData("funnel", "?steps=joining,view&window=9", "/funnel?steps=joining,view&window=9")]
    [InlineData("decisions", "?limit=100", "/decisions?limit=100")]
    public async Task A_table_is_the_services_file(string table, string query, string asked)
    {
        using var file = await _operator!.GetAsync(new Uri($"/admin/{table}.csv{query}", UriKind.Relative), Ct);

        Assert.Equal(("text/csv", $"{table}.csv"), (file.Content.Headers.ContentType?.MediaType, file.Content.Headers.ContentDisposition?.FileName));
        Assert.Equal("\uFEFFstart,size\r\n2026-01-01,200\r\n", System.Text.Encoding.UTF8.GetString(await file.Content.ReadAsByteArrayAsync(Ct)));
        Assert.Equal(asked, Beside.Table);
        Assert.Equal(HttpStatusCode.NotFound, (await _operator!.GetAsync(new Uri("/admin/ledger.csv", UriKind.Relative), Ct)).StatusCode);
    }

    [Fact]
    public async Task Growth_goes_on_into_the_band_and_says_how_often_it_was_right()
    {
        var page = await Page("/admin/growth");

        Assert.Contains("class=\"band\"", page, StringComparison.Ordinal);
        Assert.Contains("In the past it held 75% of 12.", page, StringComparison.Ordinal);
        Assert.Contains("figure=dormant&amp;start=2026-02-01&amp;period=month", page, StringComparison.Ordinal);
        // September is not over: it stands beside what is expected of it.
        Assert.Contains("September 2026 (not over yet)", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revenue_falls_from_one_month_into_the_other()
    {
        var page = WebUtility.HtmlDecode(await Page("/admin/revenue"));

        // 12,500 − 1,000 − 50 − 10 + 20 + 400
        Assert.Contains(">¥11,860.00<", page, StringComparison.Ordinal);
        Assert.Contains(">¥12,500.00<", page, StringComparison.Ordinal);
        Assert.Contains(">-¥400.00<", page.Replace('−', '-'), StringComparison.Ordinal);
        Assert.Contains("who has paid for 24 months, 30.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_shows_its_figures_its_rule_and_its_outcome_and_is_resolved_by_a_button()
    {
        var page = await Page("/admin/decisions?all=true");

        Assert.Contains("Members mostly read", page, StringComparison.Ordinal);
        Assert.Contains("provisional: few members", page, StringComparison.Ordinal);
        Assert.Contains("Commented × 2", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("Difference +30.0 points, between +17.0 and +42.0.", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("Active members fell from 100 to 80", page, StringComparison.Ordinal);
        Assert.Contains("Holidays &lt;b&gt;", page, StringComparison.Ordinal);
        Assert.All(["21.4", "30.0", "¥1,234.00", "¥1,500.00"], figure => Assert.Contains(figure, WebUtility.HtmlDecode(page), StringComparison.Ordinal));
        Assert.Contains("/admin/figures?figure=leaving&amp;start=2026-03-01&amp;period=week", page, StringComparison.Ordinal);

        var answer = await JourneyTests.Deed(_operator!, "/admin/decisions", "resolve-decision", Neighbours.Decision, value: "applied");
        Assert.Equal("/admin/decisions?done=resolve-decision", answer.To);
        var (call, _, body) = Beside.Done.Last(done => done.Call.Contains("resolution", StringComparison.Ordinal));
        Assert.Equal(($"POST /decisions/{Neighbours.Decision}/resolution", "applied"), (call, (string?)body!["action"]));
        Assert.Contains("The decision is resolved.", await Page(answer.To!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Funnel_contents_and_what_if()
    {
        Assert.Contains("Read", await Page("/admin/funnel?step=view&step=order&step=&window=9"), StringComparison.Ordinal);
        var contents = await Page("/admin/content");
        Assert.Contains("Dead&lt;locks&gt;", contents, StringComparison.Ordinal);
        Assert.Contains(">25%<", contents, StringComparison.Ordinal);
        var page = WebUtility.HtmlDecode(await Page("/admin/what-if?churn=3&price=9.90"));
        Assert.Contains("In the last of these months ¥1,234.56", page, StringComparison.Ordinal);
        var body = Beside.Done.Last(done => done.Call.Contains("what-if", StringComparison.Ordinal)).Body!;
        Assert.Equal((0.03, 990, 12), ((double)body["churnRate"]!, (int)body["price"]!, (int)body["periods"]!));
    }

    [Fact]
    public async Task The_week_begins_with_five_figures_a_band_and_what_to_do()
    {
        var page = WebUtility.HtmlDecode(await Page("/admin"));

        Assert.Equal(5, FigureBoxes().Count(page));
        Assert.Contains("class=\"band\"", page, StringComparison.Ordinal);
        Assert.Contains("/admin/decisions#d-", page, StringComparison.Ordinal);
        Assert.Contains("Raise the incentives for comments and shares.", page, StringComparison.Ordinal);
    }

    private async Task<string> Page(string path)
    {
        using var answer = await _operator!.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        // Each chart names itself, and has its numbers as a table.
        Assert.All(Charts().Matches(page), chart => Assert.Contains("aria-labelledby", chart.Value, StringComparison.Ordinal));
        Assert.True(page.Length < 60_000, $"{path}: {page.Length}");

        return page;
    }

    [GeneratedRegex("<svg class=\"chart[^>]*role=\"img\"[^>]*>")]
    private static partial Regex Charts();

    [GeneratedRegex("<td class=\"end\"><a href=\"(/admin/figures[^\"]*)\"")]
    private static partial Regex Cells();

    [GeneratedRegex("<div class=\"figure\">")]
    private static partial Regex FigureBoxes();
}
