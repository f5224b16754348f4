using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Community.Portal.Services;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Polly.RateLimiting;

namespace Community.Portal.Tests;

public sealed partial class PortalTests : IAsyncLifetime
{
    private Neighbours? _neighbours;
    private Portal? _portal;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Neighbours Beside => _neighbours ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync()
    {
        _neighbours = await Neighbours.Start();
        _portal = new Portal(_neighbours.Address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_portal is not null)
        {
            await _portal.DisposeAsync();
        }

        if (_neighbours is not null)
        {
            await _neighbours.DisposeAsync();
        }
    }

    [Fact]
    public async Task Home_shows_what_is_published()
    {
        var page = await Get(Visitor(), "/");
        Assert.Contains("""<html lang="en">""", page, StringComparison.Ordinal);
        Assert.Contains("事件溯源", page, StringComparison.Ordinal);
        Assert.Contains("Priced &lt;i&gt;", page, StringComparison.Ordinal);
        Assert.Contains("""<span class="badge warn">¥99.00</span>""", page, StringComparison.Ordinal);
        Assert.Contains("""<span class="badge good">Free</span>""", page, StringComparison.Ordinal);
        Assert.Contains("/?after=more", page, StringComparison.Ordinal);
        Assert.Contains("程序员社群 &lt;Club&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_article_is_shown_as_far_as_it_is_open_and_harmless()
    {
        var visitor = Visitor();
        var free = await Get(visitor, $"/contents/{Neighbours.Free}");
        Assert.Contains("<h2>Part</h2>", free, StringComparison.Ordinal);
        Assert.Contains("<strong>it</strong>", free, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", free, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", free, StringComparison.Ordinal);

        var paid = await Get(visitor, $"/contents/{Neighbours.Paid}");
        Assert.Contains("First paragraph.", paid, StringComparison.Ordinal);
        Assert.Contains("The whole text costs ¥99.00.", paid, StringComparison.Ordinal);
        Assert.Empty(Beside.Views);

        await Get(visitor, $"/contents/{Guid.Empty}", HttpStatusCode.NotFound);
        await Get(visitor, "/nowhere", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Members_sign_in_read_and_sign_out()
    {
        var visitor = Visitor();
        Assert.Contains("E-mail or password is wrong.", await SignIn(visitor, "wrong", HttpStatusCode.OK), StringComparison.Ordinal);
        await SignIn(visitor, Neighbours.Password, HttpStatusCode.Redirect);

        var article = await Get(visitor, $"/contents/{Neighbours.Paid}");
        Assert.Contains("<strong>it</strong>", article, StringComparison.Ordinal);
        Assert.Contains("小明 &lt;b&gt;", article, StringComparison.Ordinal);
        Assert.Contains("""<span class="badge good">Unlocked</span>""", article, StringComparison.Ordinal);
        Assert.EndsWith(" Bearer", Assert.Single(Beside.Views), StringComparison.Ordinal);

        await Post(visitor, "/", "/sign-out", [], HttpStatusCode.Redirect);
        Assert.Contains("First paragraph.", await Get(visitor, $"/contents/{Neighbours.Paid}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_in_mails_lead_to_pages_that_do_what_they_say()
    {
        var visitor = Visitor();
        Assert.Contains("/forgot-password", await Get(visitor, "/sign-in"), StringComparison.Ordinal);
        Assert.Contains(
            "a mail with a link is on its way", await Post(visitor, "/forgot-password", "/forgot-password", new() { ["Given.Email"] = "a@example.org" }, HttpStatusCode.OK, "forgot-password"),
            StringComparison.Ordinal);

        Assert.Contains("too common or too simple", await Reset(Neighbours.LinkToken, "weak"), StringComparison.Ordinal);
        Assert.Contains("This link is used, out of date or incomplete.", await Reset("old", Neighbours.Password), StringComparison.Ordinal);
        Assert.Contains("Your password is changed.", await Reset(Neighbours.LinkToken, Neighbours.Password), StringComparison.Ordinal);

        // Looking at the page confirms nothing: programs look into mails.
        Assert.DoesNotContain("is confirmed", await Get(visitor, $"/confirm-email?token={Neighbours.LinkToken}"), StringComparison.Ordinal);
        Assert.Contains("Your e-mail address is confirmed.", await Confirm(Neighbours.LinkToken), StringComparison.Ordinal);
        Assert.Contains("This link is used, out of date or incomplete.", await Confirm("old"), StringComparison.Ordinal);

        Task<string> Reset(string token, string password) => Post(
            visitor, $"/reset-password?token={token}", $"/reset-password?token={token}", new() { ["Given.Password"] = password }, HttpStatusCode.OK, "reset-password");

        Task<string> Confirm(string token) =>
            Post(visitor, $"/confirm-email?token={token}", $"/confirm-email?token={token}", [], HttpStatusCode.OK, "confirm-email");
    }

    [Fact]
    public async Task The_session_is_in_a_cookie_that_nobody_reads()
    {
        var visitor = Visitor();
        var form = await Get(visitor, "/sign-in");
        var response = await visitor.PostAsync(
            new Uri("/sign-in?back=//elsewhere.example", UriKind.Relative),
            new FormUrlEncodedContent(Fields(form, new() { ["Given.Email"] = "a@example.org", ["Given.Password"] = Neighbours.Password }, "sign-in")), Ct);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"), c => c.StartsWith("community-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("refresh-", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("elsewhere", response.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Development", "Origin", "https://elsewhere.example")]
    [InlineData("Production", "Origin", "https://elsewhere.example")]
    [InlineData("Production", "Origin", "null")]
    [InlineData("Production", "Sec-Fetch-Site", "cross-site")]
    [InlineData("Production", "Sec-Fetch-Site", "same-site")]
    public async Task Forms_of_others_are_refused(string environment, string header, string page)
    {
        await using var portal = new Portal(Beside.Address, environment: environment);
        var visitor = portal.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        visitor.DefaultRequestHeaders.Add(header, page);

        foreach (var path in new[] { "/sign-in", "/sign-out", "/language" })
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["_handler"] = "sign-in", ["language"] = "zh", ["Given.Email"] = "a", ["Given.Password"] = "b" });
            var response = await visitor.PostAsync(new Uri(path, UriKind.Relative), form, Ct);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.DoesNotContain("Set-Cookie: .AspNetCore.Culture", response.Headers.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_visitor_who_asks_too_much_closes_the_portal_for_nobody_else()
    {
        Beside.Limited = "203.0.113.7";
        var (greedy, other) = (Visitor(), Visitor());
        greedy.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");
        other.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.8");

        for (var i = 0; i < 15; i++)
        {
            var pages = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Get(greedy, "/")));
            Assert.All(pages, page => Assert.Contains("Too many requests.", page, StringComparison.Ordinal));
        }

        Assert.Contains("事件溯源", await Get(other, "/"), StringComparison.Ordinal);
        Assert.Equal(450, Beside.Refusals); // three of a page; who is told to wait does not ask again at once
    }

    [Fact]
    public async Task What_does_not_leave_the_portal_because_too_much_waits_is_as_if_the_service_were_away()
    {
        using var http = new HttpClient(new FullQueue()) { BaseAddress = new Uri("http://content") };
        Assert.Equal(Outcome.Away, (await http.Get<string>("/contents", Ct)).Outcome);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/contents")]
    [InlineData("/topics")]
    [InlineData("/plans")]
    [InlineData("/contents/01900000-0000-7000-8000-000000000001/%E4%BA%8B%E4%BB%B6%E6%BA%AF%E6%BA%90")]
    public async Task Public_pages_may_be_kept_as_long_as_nobody_is_signed_in(string path)
    {
        var visitor = Visitor();
        var response = await visitor.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.False(response.Headers.Contains("Pragma"));
        Assert.True(response.Headers.CacheControl is { Public: true, NoStore: false, NoCache: false, MaxAge.TotalSeconds: > 0 }, $"{response.Headers.CacheControl}");
        Assert.Equal(["Accept-Language", "Cookie"], response.Headers.Vary);

        await SignIn(visitor, Neighbours.Password, HttpStatusCode.Redirect);
        response = await visitor.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Contains("Sign out", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.False(response.Headers.CacheControl?.Public ?? false);
        Assert.True(response.Headers.CacheControl is { NoStore: true } or { Private: true }, $"{response.Headers.CacheControl}");
    }

    [Fact]
    public async Task A_page_is_not_kept_for_those_who_read_dates_otherwise()
    {
        var path = $"/contents/{Neighbours.Free}/{Uri.EscapeDataString("事件溯源")}";
        var mixed = Visitor();
        mixed.DefaultRequestHeaders.Add("Cookie", ".AspNetCore.Culture=c=zh|uic=en");
        Assert.Contains("2026年3月1日", await Get(mixed, $"{path}?for=dates"), StringComparison.Ordinal);
        Assert.DoesNotContain("2026年3月1日", await Get(Visitor(), $"{path}?for=dates"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_could_not_be_shown_is_not_kept()
    {
        Beside.Limited = "203.0.113.7";
        var visitor = Visitor();
        visitor.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");

        foreach (var path in new[] { "/", $"/contents/{Neighbours.Free}", "/nowhere", "/sign-in" })
        {
            var response = await visitor.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.False(response.Headers.CacheControl?.Public ?? false, path);
        }
    }

    [Fact]
    public async Task A_text_that_costs_too_much_is_shown_as_it_was_written()
    {
        Beside.Body = new string('>', 50_000) + new string('[', 40_000) + "<b>the end";
        var page = await Get(Visitor(), $"/contents/{Neighbours.Free}");
        Assert.Contains("""<pre class="plain-text">""", page, StringComparison.Ordinal);
        Assert.Contains("[[[&lt;b&gt;the end</pre>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_session_is_refreshed_once_for_all_requests_of_the_moment()
    {
        Beside.ExpiresIn = 30; // within the time that the portal looks ahead: stale from the start
        var visitor = Visitor();
        await SignIn(visitor, Neighbours.Password, HttpStatusCode.Redirect);
        Beside.ExpiresIn = 900;
        var pages = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Get(visitor, "/")));
        Assert.All(pages, page => Assert.Contains("Sign out", page, StringComparison.Ordinal));
        Assert.False(Beside.SawReuse);
    }

    [Fact]
    public async Task The_language_is_the_browsers_until_the_visitor_chooses()
    {
        var visitor = Visitor();
        visitor.DefaultRequestHeaders.Add("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5");
        var chinese = await Get(visitor, "/");
        Assert.Contains("""<html lang="zh">""", chinese, StringComparison.Ordinal);
        Assert.Contains("最新内容", chinese, StringComparison.Ordinal);
        Assert.Contains("登录", chinese, StringComparison.Ordinal);

        await Post(visitor, "/", "/language", new() { ["language"] = "en", ["back"] = "/" }, HttpStatusCode.Redirect);
        Assert.Contains("Latest contents", await Get(visitor, "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_that_are_away_are_said_to_be()
    {
        await using var alone = new Portal("http://127.0.0.1:9"); // nobody listens there
        var visitor = alone.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });

        foreach (var path in new[] { "/", $"/contents/{Neighbours.Free}" })
        {
            Assert.Contains("does not answer at the moment", await Get(visitor, path), StringComparison.Ordinal);
        }

        Assert.Contains("does not answer at the moment", await SignIn(visitor, Neighbours.Password, HttpStatusCode.OK), StringComparison.Ordinal);
        await Get(visitor, "/health");
    }

    [Fact]
    public async Task The_document_tells_the_services()
    {
        var document = JsonNode.Parse(await Get(Visitor(), "/.well-known/community.json"))!;
        Assert.Equal("程序员社群 <Club>", (string?)document["name"]);
        Assert.Equal(Beside.Address, (string?)document["services"]!["content"]);
        Assert.Equal(Beside.Address, (string?)document["services"]!["payments"]);
    }

    [Fact]
    public async Task Operators_see_how_every_service_is_also_where_one_is_away()
    {
        Beside.Role = "operator";
        await using var portal = new Portal(Beside.Address, new() { ["payments"] = "http://127.0.0.1:9", ["incentives"] = Beside.Address, ["analytics"] = Beside.Address });
        var visitor = portal.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        await SignIn(visitor, Neighbours.Password, HttpStatusCode.Redirect);
        Assert.Contains("""<a href="/system">System</a>""", await Get(visitor, "/"), StringComparison.Ordinal);

        var page = await Get(visitor, "/system");
        Assert.Contains("""<meta http-equiv="refresh" content="5" """, page, StringComparison.Ordinal);
        Assert.Contains("""Payments <span class="badge bad">no answer</span>""", page, StringComparison.Ordinal);
        Assert.Contains("Payments does not answer.", page, StringComparison.Ordinal);
        Assert.Contains("""Content <span class="badge closed">degraded</span>""", page, StringComparison.Ordinal);
        Assert.Contains("projections: Paused: order-list:All", page, StringComparison.Ordinal);
        Assert.Contains("""<span class="badge bad">paused</span></th><td>100</td><td>4,321</td><td>2 h</td>""", Close(page), StringComparison.Ordinal);
        Assert.Contains($"This &lt;event&gt; is too much. (event 101, {Neighbours.Paid})", page, StringComparison.Ordinal);
        Assert.Contains("""<th scope="row">content-unlock-content-when-order-paid</th><td>17</td><td>43 s</td><td>0</td>""", Close(page), StringComparison.Ordinal);
        Assert.Contains("""<span class="badge bad">3</span>""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http-equiv", await Get(visitor, "/system?still=true"), StringComparison.Ordinal);

        visitor.DefaultRequestHeaders.Add("Accept-Language", "zh");
        page = await Get(visitor, "/system");
        Assert.Contains("支付服务没有响应。", page, StringComparison.Ordinal);
        Assert.Contains("""<span class="badge bad">已暂停</span>""", page, StringComparison.Ordinal);

        static string Close(string page) => Gaps().Replace(page, "><");
    }

    [Fact]
    public async Task Nobody_else_sees_the_inside()
    {
        var visitor = Visitor();
        var response = await visitor.GetAsync(new Uri("/system", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.EndsWith("/sign-in?back=%2Fsystem", response.Headers.Location!.ToString(), StringComparison.Ordinal);

        await SignIn(visitor, Neighbours.Password, HttpStatusCode.Redirect);
        await Get(visitor, "/system", HttpStatusCode.NotFound);
        Assert.DoesNotContain("/system", await Get(visitor, "/"), StringComparison.Ordinal);
    }

    private HttpClient Visitor() => _portal!.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });

    private static async Task<string> Get(HttpClient visitor, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var response = await visitor.GetAsync(new Uri(path, UriKind.Relative), Ct);

        if (response is { StatusCode: HttpStatusCode.MovedPermanently, Headers.Location: { } slug })
        {
            response = await visitor.GetAsync(slug, Ct);
        }

        var page = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(expected == response.StatusCode, $"{path} answered {(int)response.StatusCode}: {page}");

        return WebUtility.HtmlDecode(page.Replace("&lt;", "&amp;lt;", StringComparison.Ordinal).Replace("&gt;", "&amp;gt;", StringComparison.Ordinal));
    }

    private static Task<string> SignIn(HttpClient visitor, string password, HttpStatusCode expected) =>
        Post(visitor, "/sign-in", "/sign-in", new() { ["Given.Email"] = "a@example.org", ["Given.Password"] = password }, expected, "sign-in");

    private static async Task<string> Post(
        HttpClient visitor, string page, string action, Dictionary<string, string> fields, HttpStatusCode expected, string? handler = null)
    {
        var form = await Get(visitor, page);
        using var content = new FormUrlEncodedContent(Fields(form, fields, handler));
        var response = await visitor.PostAsync(new Uri(action, UriKind.Relative), content, Ct);
        var answer = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(expected == response.StatusCode, $"{action} answered {(int)response.StatusCode}: {answer}");

        return WebUtility.HtmlDecode(answer);
    }

    private static Dictionary<string, string> Fields(string page, Dictionary<string, string> fields, string? handler)
    {
        fields["__RequestVerificationToken"] = Token().Match(page).Groups[1].Value;

        if (handler is not null)
        {
            fields["_handler"] = handler;
        }

        return fields;
    }

    [GeneratedRegex(">\\s+<")]
    private static partial Regex Gaps();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    private sealed class FullQueue : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new RateLimiterRejectedException();
    }

    private sealed class Portal(string services, Dictionary<string, string>? others = null, string environment = "Development") : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment(environment);
            foreach (var service in new[] { "membership", "content", "payments", "incentives", "analytics" })
            {
                builder.UseSetting($"services:{service}:http:0", services);
            }

            foreach (var (name, address) in others ?? [])
            {
                builder.UseSetting($"services:{name}:http:0", address);
            }
        }
    }
}
