using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Portal.Tests;

/// <summary>One portal and its neighbours for all journeys; each journey has a browser of its own, without script.</summary>
public sealed class JourneyPortal : IAsyncLifetime
{
    private WebApplicationFactory<Program>? _portal;

    internal Neighbours Beside { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Beside = await Neighbours.Start();
        _portal = Portal(_ => Beside.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _portal!.DisposeAsync();
        await Beside.DisposeAsync();
    }

    internal HttpClient Browser(string language = "en") => Browser(_portal!, language);

    /// <summary>A portal of its own, in which a service has another address.</summary>
    internal static WebApplicationFactory<Program> Portal(Func<string, string> address) => new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
    {
        foreach (var service in new[] { "membership", "content", "payments", "incentives", "analytics" })
        {
            builder.UseSetting($"services:{service}:http:0", address(service));
        }
    });

    internal static HttpClient Browser(WebApplicationFactory<Program> portal, string language = "en")
    {
        var browser = portal.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        browser.DefaultRequestHeaders.Add("Accept-Language", language);

        return browser;
    }
}

public sealed partial class JourneyTests(JourneyPortal portal) : IClassFixture<JourneyPortal>
{
    private static readonly string[] Public = ["/", "/contents", "/topics", "/plans", "/sign-in", "/join", "/forgot-password", $"/members/{Neighbours.Free}", "/setup"];

    private static readonly string[] Private =
    [
        "/ask", "/me", "/me/points", "/leaderboard", "/leaderboard?period=all", "/rewards", "/me/billing", "/me/billing/change", "/me/billing/gift", "/me/billing/details", $"/me/billing/invoices/{Neighbours.Order}", "/me/invitations",
        "/me/settings/profile", "/me/settings/security", "/me/settings/mail", "/me/settings/privacy", $"/checkout/{Neighbours.Order}", $"/checkout/new?product={Neighbours.Plan}"
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Neighbours Beside => portal.Beside;

    [Theory]
    [InlineData("open", "weak", "At least 10 characters.")]
    [InlineData("open", Neighbours.Password, null)]
    [InlineData("invitation", Neighbours.Password, null)]
    [InlineData("approval", Neighbours.Password, "You are on the list")]
    public async Task Somebody_joins(string registration, string password, string? told)
    {
        Beside.Registration = registration;
        await using var alone = JourneyPortal.Portal(_ => Beside.Address); // which has not heard of another mode
        var browser = JourneyPortal.Browser(alone);
        var page = registration == "invitation" ? "/join/CODE-1" : "/join";
        var answer = await Send(browser, page, "join", new() { ["displayName"] = "小明", ["email"] = "new@example.org", ["password"] = password, ["invitationCode"] = registration == "invitation" ? "CODE-1" : "" });
        Beside.Registration = "open";

        if (told is null)
        {
            Assert.Equal("/?done=join", answer.To);
            Assert.Contains("小明 &lt;b&gt;", (await Get(browser, "/")).Page, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains(told, answer.Page, StringComparison.Ordinal);
        }

        Assert.Matches("^[0-9A-F]{32}$", Beside.Done.Last(done => done.Call == "POST /members").Key);
    }

    [Fact]
    public async Task A_member_orders_pays_and_comes_back_to_where_they_were()
    {
        var browser = await Member();
        var back = Uri.EscapeDataString("/contents/x#gate");
        var page = $"/checkout/new?product={Neighbours.Plan}&back={back}";
        Assert.Contains("There is no such coupon.", (await Get(browser, page + "&coupon=NO")).Page, StringComparison.Ordinal);
        var ordered = await Send(browser, page, "order", []);
        Assert.Equal($"/checkout/{Neighbours.Order}?back={back}", ordered.To);

        var leaving = await Send(browser, ordered.To!, "pay", new() { ["gateway"] = "sandbox" });
        Assert.Contains("""http-equiv="refresh" content="0;url=https://pay.example/?a=1&amp;b=2""", leaving.Page, StringComparison.Ordinal);
        var returned = await Get(browser, "/checkout/returned");
        Assert.Contains("waiting=true", returned.To, StringComparison.Ordinal);
        Assert.Contains("Waiting for your payment", (await Get(browser, returned.To!)).Page, StringComparison.Ordinal);
        Beside.OrderStatus = "paid";
        Assert.Contains("href=\"/contents/x#gate\"", (await Get(browser, returned.To!)).Page, StringComparison.Ordinal);
        Beside.OrderStatus = "placed";
    }

    [Fact]
    public async Task A_member_asks_replies_comments_and_reacts()
    {
        var browser = await Member();
        var asked = await Send(browser, "/ask", "ask", new() { ["kind"] = "question", ["title"] = "Why?", ["body"] = "Why\r\nis it?", ["tags"] = "a，b、c, a" });
        Assert.StartsWith($"/topics/{Neighbours.Question}/", asked.To, StringComparison.Ordinal);
        var sent = Beside.Done.Last(done => done.Call == "POST /topics").Body!;
        Assert.Equal("""["a","b","c"]""", sent["tags"]!.ToJsonString());
        Assert.Equal("Why\nis it?", (string?)sent["body"]);

        var refused = await Send(browser, "/ask", "ask", new() { ["kind"] = "question", ["title"] = "refuse me", ["body"] = "Long text that is kept" });
        Assert.Contains("At most 3 characters.", refused.Page, StringComparison.Ordinal);
        Assert.Contains("Long text that is kept", refused.Page, StringComparison.Ordinal);

        var topic = asked.To!;
        Assert.Contains("done=reply", (await Send(browser, topic, "reply", new() { ["body"] = "Because." })).To, StringComparison.Ordinal);
        Assert.EndsWith("?fault=own-post", (await Deed(browser, topic, "vote", Neighbours.Question)).To, StringComparison.Ordinal);
        Assert.Contains("Nobody votes on what they wrote.", (await Get(browser, topic + "?fault=own-post")).Page, StringComparison.Ordinal);
        Assert.Contains("done=accept", (await Deed(browser, topic, "accept", Neighbours.Question, Neighbours.FirstReply)).To, StringComparison.Ordinal);

        var article = (await Get(browser, $"/contents/{Neighbours.Free}")).To!;
        Assert.Contains("done=comment", (await Send(browser, article, "comment", new() { ["body"] = "Thanks." })).To, StringComparison.Ordinal);
        // Their own comment is a member's to delete, and the other's reply is not.
        Assert.Contains("action=\"/do/delete-comment\"", (await Get(browser, article)).Page, StringComparison.Ordinal);
        Assert.DoesNotContain("action=\"/do/delete-reply\"", (await Get(browser, topic)).Page, StringComparison.Ordinal);
        Assert.Contains("done=delete-comment", (await Deed(browser, article, "delete-comment", Neighbours.FirstReply)).To, StringComparison.Ordinal);
        Assert.Equal($"DELETE /comments/{Neighbours.FirstReply}", Beside.Done.Last().Call);
        Assert.Contains("done=delete-reply", (await Deed(browser, topic, "delete-reply", Neighbours.Question, Neighbours.FirstReply)).To, StringComparison.Ordinal);
        Assert.Equal($"DELETE /topics/{Neighbours.Question}/replies/{Neighbours.FirstReply}", Beside.Done.Last().Call);

        Assert.Contains("done=react", (await Deed(browser, article, "react", Neighbours.Free, value: "like")).To, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_creator_writes_and_nothing_is_lost_where_two_write()
    {
        Beside.Role = "creator";
        var browser = await Member();
        Beside.Role = "member";
        Assert.Contains("A draft", (await Get(browser, "/studio")).Page, StringComparison.Ordinal);
        var fields = new Dictionary<string, string> { ["title"] = "A draft", ["body"] = "Mine", ["topic"] = "t", ["format"] = "article", ["price"] = "19.00", ["do"] = "save" };
        Assert.Equal($"/studio/contents/{Neighbours.Draft}?done=saved", (await Send(browser, "/studio/contents/new", "piece", new(fields))).To);
        Assert.Equal(1900, (int?)Beside.Done.Last(done => done.Call == "POST /contents").Body!["requires"]!["price"]!["amount"]);

        var page = $"/studio/contents/{Neighbours.Draft}";
        Assert.Contains("Shorter, please.", (await Get(browser, page)).Page, StringComparison.Ordinal);
        var stale = await Send(browser, page, "piece", new(fields) { ["version"] = "\"0\"" });
        Assert.Contains("It was changed elsewhere while you wrote", stale.Page, StringComparison.Ordinal);
        Assert.Contains("Mine</div>", stale.Page, StringComparison.Ordinal);
        Assert.Contains($"data-save=\"/studio/contents/{Neighbours.Draft}/draft\"", (await Get(browser, page)).Page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await Post(browser, page, page + "/draft", new(fields) { ["version"] = "\"1\"" })).Status);
        Assert.Contains("<strong>shown</strong>", (await Send(browser, page, "piece", new(fields) { ["body"] = "**shown**", ["do"] = "preview" })).Page, StringComparison.Ordinal);
        Assert.Contains("done=submit", (await Send(browser, page, "piece", new(fields) { ["do"] = "submit" })).To, StringComparison.Ordinal);
        await Get(browser, "/studio/earnings");
    }

    [Fact]
    public async Task A_reviewer_reviews()
    {
        await using var beside = await Neighbours.Start();
        (beside.Role, beside.Stage) = ("reviewer", "submitted");
        await using var own = JourneyPortal.Portal(_ => beside.Address);
        var browser = JourneyPortal.Browser(own);
        await SignIn(browser);
        Assert.Contains("A draft", (await Get(browser, "/review")).Page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_owner_sets_the_community_up()
    {
        await using var beside = await Neighbours.Start();
        beside.HasOwner = false;
        await using var own = JourneyPortal.Portal(_ => beside.Address);
        var browser = JourneyPortal.Browser(own, "zh");
        Assert.Contains("value=\"the-token\"", (await Get(browser, "/setup?token=the-token")).Page, StringComparison.Ordinal);
        var owner = new Dictionary<string, string> { ["communityName"] = "社群", ["displayName"] = "我", ["email"] = "o@example.org", ["password"] = Neighbours.Password, ["setupToken"] = "wrong" };
        Assert.Contains("安装口令不正确。", (await Send(browser, "/setup", "setup-owner", new(owner))).Page, StringComparison.Ordinal);
        Assert.Equal("/setup?step=place", (await Send(browser, "/setup", "setup-owner", new(owner) { ["setupToken"] = "the-token" })).To);
        Assert.Equal("/setup?step=mail", (await Send(browser, "/setup?step=place", "setup-place", new() { ["timeZone"] = "Asia/Shanghai", ["currency"] = "CNY", ["languages"] = "zh", ["registration"] = "open" })).To);
        Assert.Equal("/setup?step=mail&sent=true", (await Send(browser, "/setup?step=mail", "setup-mail", [])).To);
        Assert.Contains(beside.Done, done => done.Call == "POST /members/me/email-confirmation");
        Assert.Contains("尚未配置邮件服务器", (await Get(browser, "/setup?step=mail&sent=true")).Page, StringComparison.Ordinal);
        Assert.Equal("/setup?step=done", (await Send(browser, "/setup?step=plan", "setup-plan", new() { ["name"] = "会员", ["tier"] = "member", ["price"] = "29", ["interval"] = "month" })).To);
        Assert.Contains("社群已创建", (await Get(JourneyPortal.Browser(own, "zh"), "/setup")).Page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public async Task Every_page_is_whole_strict_and_not_kept_where_it_is_private(string language)
    {
        var (visitor, member) = (portal.Browser(language), await Member(language));

        foreach (var path in Public.Select(path => (path, visitor)).Concat(Private.Select(path => (path, member))))
        {
            var response = await path.Item2.GetAsync(new Uri(path.path, UriKind.Relative), Ct);
            var page = await response.Content.ReadAsStringAsync(Ct);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path.path} answered {(int)response.StatusCode}");
            Assert.Single(Headings().Matches(page));
            Assert.DoesNotContain(" style=", page, StringComparison.Ordinal);
            Assert.Contains($"<html lang=\"{language}\"", page, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.True(page.Length < 40_000, $"{path.path}: {page.Length}");

            foreach (Match form in Forms().Matches(page))
            {
                Assert.True(
                    form.Value.Contains("__RequestVerificationToken", StringComparison.Ordinal) || form.Value.Contains("action=\"/language\"", StringComparison.Ordinal)
                    || form.Value.Contains("action=\"/theme\"", StringComparison.Ordinal), $"{path.path}: {form.Value}");
            }

            if (Private.Contains(path.path))
            {
                Assert.True(response.Headers.CacheControl is { NoStore: true }, path.path);
                Assert.StartsWith("http://localhost/sign-in", (await visitor.GetAsync(new Uri(path.path, UriKind.Relative), Ct)).Headers.Location?.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Staff_find_their_pages_and_nobody_else_does()
    {
        await using var beside = await Neighbours.Start();
        beside.Role = "owner";
        await using var own = JourneyPortal.Portal(_ => beside.Address);
        var owner = JourneyPortal.Browser(own);
        await SignIn(owner);
        var member = await Member();

        foreach (var path in new[] { "/admin", "/admin/members", $"/admin/members/{Neighbours.Paid}", "/admin/applications", "/admin/plans", "/admin/coupons", "/admin/orders", "/admin/refunds", "/admin/settings",
            "/admin/payouts", "/admin/ledger", "/admin/reconciliation", "/admin/chargebacks", "/admin/outbox",
            "/admin/rules", $"/admin/replays/{Neighbours.Order}?member={Neighbours.Paid}", "/admin/rewards", "/admin/badges", "/admin/abuse", "/admin/abuse?confirmed=true",
            "/admin/retention", "/admin/growth", "/admin/revenue", "/admin/decisions", "/admin/funnel", "/admin/content", "/admin/what-if", "/admin/figures" })
        {
            var page = await Get(owner, path);
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Single(Headings().Matches(page.Page));
            await NothingFor(member, path);
        }

        await NothingFor(member, "/admin/retention.csv");
        Assert.Contains("Ada", (await Get(owner, "/admin/applications")).Page, StringComparison.Ordinal);
        Assert.Contains("done=admit", (await Deed(owner, "/admin/applications", "admit", Neighbours.Paid)).To, StringComparison.Ordinal);

        // After some seconds the roles are looked at anew, once, before it is refused.
        static async Task NothingFor(HttpClient browser, string path)
        {
            var refused = await Get(browser, path);

            if (refused.Status == HttpStatusCode.Found)
            {
                Assert.Equal(path, refused.To);
                refused = await Get(browser, path);
            }

            Assert.Equal(HttpStatusCode.NotFound, refused.Status);
        }
    }

    [Fact]
    public async Task Who_has_a_role_sees_beside_its_entry_how_much_waits_and_at_once_what_became_of_it()
    {
        await using var beside = await Neighbours.Start();
        (beside.Role, beside.Stage) = ("owner", "submitted");
        await using var plain = JourneyPortal.Portal(_ => beside.Address);
        // However slow the machine is, the counts are waited for.
        await using var own = plain.WithWebHostBuilder(builder => builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(new PatientClock())));
        var owner = JourneyPortal.Browser(own);
        await SignIn(owner);
        var page = (await Get(owner, "/admin/members")).Page;
        Assert.Contains("""<a href="/admin/applications">Applications<span class="count">1</span></a>""", page, StringComparison.Ordinal);
        Assert.Contains("""<a href="/admin/refunds">Refunds</a>""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("""Refunds<span class="count">""", page, StringComparison.Ordinal);
        Assert.Contains("""<a href="/admin">Admin<span class="count">""", page, StringComparison.Ordinal);

        beside.Applicants = 0;
        await Deed(owner, "/admin/applications", "admit", Neighbours.Paid);
        Assert.DoesNotContain("""Applications<span class="count">""", (await Get(owner, "/admin/members")).Page, StringComparison.Ordinal);

        beside.Role = "reviewer";
        var reviewer = JourneyPortal.Browser(own);
        await SignIn(reviewer);
        page = (await Get(reviewer, "/contents")).Page;
        Assert.Contains("""<a href="/review">Review<span class="count">1</span></a>""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/admin", page, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"count\"", (await Get(await Member(), "/contents")).Page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_sees_why_redeems_and_takes_it_back()
    {
        var member = await Member();
        var points = (await Get(member, $"/me/points?why={Neighbours.Order}")).Page;
        Assert.Contains("Wrote a reply", points, StringComparison.Ordinal);
        Assert.Contains("A reply was written.", points, StringComparison.Ordinal);
        Assert.Contains("for: received 3 × accepted reply", WebUtility.HtmlDecode(points), StringComparison.Ordinal);
        Assert.Contains("Helper &lt;1&gt; (silver)", (await Get(member, $"/members/{Neighbours.Paid}")).Page, StringComparison.Ordinal);
        Assert.Contains("done=hide-on-boards", (await Deed(member, "/leaderboard", "hide-on-boards", Guid.Empty)).To, StringComparison.Ordinal);
        Assert.Contains("Licence &lt;1&gt;", (await Get(member, "/rewards")).Page, StringComparison.Ordinal);

        var page = $"/rewards?reward={Neighbours.Draft}";
        Assert.Contains("refuse me", (await Send(member, page, "redeem", new() { ["address"] = "refuse me" })).Page, StringComparison.Ordinal);
        Assert.Equal($"/rewards/redemptions/{Neighbours.Order}", (await Send(member, page, "redeem", new() { ["address"] = "Somewhere 1" })).To);
        Assert.Equal("Somewhere 1", (string?)Beside.Done.Last(done => done.Call == "POST /redemptions").Body?["address"]);
        var redemption = $"/rewards/redemptions/{Neighbours.Order}";
        Assert.Contains("CODE-&lt;1&gt;", (await Get(member, redemption)).Page, StringComparison.Ordinal);
        Assert.Contains("done=cancel-redemption", (await Deed(member, redemption, "cancel-redemption", Neighbours.Order)).To, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_edits_rules_tries_them_and_applies_what_came_of_it()
    {
        await using var beside = await Neighbours.Start();
        beside.Role = "operator";
        await using var own = JourneyPortal.Portal(_ => beside.Address);
        var staff = JourneyPortal.Browser(own, "zh");
        await SignIn(staff);
        Dictionary<string, string> rules = new()
        {
            ["r0-rule"] = "",
            ["r1-rule"] = "comment-posted",
            ["r1-activity"] = "comment",
            ["r1-points"] = "2",
            ["r1-dailyCap"] = "5",
            ["r1-to"] = "",
            ["r1-kind"] = "article",
            ["r1-multiplier"] = "1.5",
            ["r1-from"] = "2026-05-01"
        };
        Assert.Equal($"/admin/replays/{Neighbours.Order}", (await Send(staff, "/admin/rules", "rules", new(rules) { ["do"] = "try" })).To);
        var sent = Assert.Single(beside.Done.Last(done => done.Call == "POST /rules/replays").Body!["rules"]!.AsArray())!;
        Assert.Equal("comment-posted comment 2 5 article 1.5", $"{sent["rule"]} {sent["activity"]} {sent["points"]} {sent["dailyCap"]} {sent["when"]!["kind"]} {sent["multiplier"]}");

        // What cannot be read is asked for again: it is no rule without a cap or with fifteen times the points.
        var before = beside.Done.Count;

        foreach (var (field, typed) in new[] { ("dailyCap", "5 a day"), ("weeklyCap", "99999999999"), ("multiplier", "1,5"), ("until", "soon") })
        {
            var asked = (await Send(staff, "/admin/rules", "rules", new(rules) { [$"r1-{field}"] = typed, ["do"] = "publish" })).Page;
            Assert.Contains($"id=\"rules-r1-{field}-fault\"", asked, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(beside.Done.Skip(before), done => done.Call == "POST /rules");

        // Checked, it is said at its field, and nothing is adopted; script asks for the same while one types.
        before = beside.Done.Count;
        var checkedPage = (await Send(staff, "/admin/rules", "rules", new(rules) { ["do"] = "check" })).Page;
        Assert.Contains("id=\"rules-r1-dailyCap-fault\"", checkedPage, StringComparison.Ordinal);
        Assert.Equal(["POST /rules/checks"], beside.Done.Skip(before).Select(done => done.Call).Where(call => call.StartsWith("POST /rules", StringComparison.Ordinal)));

        // The first rule that was sent is the second row of the page.
        var refused = (await Send(staff, "/admin/rules", "rules", new(rules) { ["do"] = "publish" })).Page;
        Assert.Contains("id=\"rules-r1-points-fault\"", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"rules-r0-points-fault\"", refused, StringComparison.Ordinal);

        var replay = (await Get(staff, $"/admin/replays/{Neighbours.Order}?member={Neighbours.Paid}")).Page;
        Assert.Contains("获益最多", replay, StringComparison.Ordinal);
        Assert.Contains("发表回复 &#x2B;50", replay, StringComparison.Ordinal);
        Assert.Contains("/admin/rules?done=saved", (await Send(staff, $"/admin/replays/{Neighbours.Order}", "apply", new() { ["from"] = "2026-01-01" })).To, StringComparison.Ordinal);
        Assert.Equal("2026-01-01", (string?)beside.Done.Last(done => done.Call.EndsWith("/application", StringComparison.Ordinal)).Body?["from"]);
        Assert.Contains("done=fulfil-redemption", (await Deed(staff, "/admin/rewards", "fulfil-redemption", Neighbours.Order)).To, StringComparison.Ordinal);
        Assert.Contains("done=saved", (await Send(staff, "/admin/rewards", "set-budget", new() { ["pointsPerMonth"] = "500" })).To, StringComparison.Ordinal);
        Assert.Equal(500, (int?)beside.Done.Last(done => done.Call == "PUT /rewards/budget").Body!["pointsPerMonth"]);
        Assert.Contains("done=saved", (await Send(staff, "/admin/badges", "define-badge", new()
        {
            ["name"] = "Helper",
            ["activity"] = "acceptedReply",
            ["to"] = "author",
            ["bronze"] = "1",
            ["gold"] = "50"
        })).To, StringComparison.Ordinal);
        var badge = beside.Done.Last(done => done.Call == "POST /badges").Body!;
        Assert.Equal("""[{"class":"bronze","count":1},{"class":"gold","count":50}]""", badge["tiers"]!.ToJsonString());
        Assert.Contains("done=retire-badge", (await Deed(staff, "/admin/badges", "retire-badge", Neighbours.Order)).To, StringComparison.Ordinal);
        var held = "/admin/abuse?cause=vote%2F1";
        Assert.Contains("done=saved", (await Send(staff, held, "decide-held", new() { ["cause"] = "vote/1", ["reason"] = "A ring", ["do"] = "confirm" })).To, StringComparison.Ordinal);
        Assert.Contains("done=saved", (await Send(staff, held, "decide-held", new() { ["cause"] = "vote/1", ["reason"] = "A class", ["do"] = "release" })).To, StringComparison.Ordinal);
        Assert.Equal(["POST /held-causes/confirmations vote/1", "POST /held-causes/releases vote/1"], beside.Done.Where(done => done.Call.StartsWith("POST /held-causes", StringComparison.Ordinal)).Select(done => $"{done.Call} {done.Body!["cause"]}"));
        before = beside.Done.Count;
        // More than can be counted is not as many as are asked for.
        Assert.Contains("id=\"offer-reward-stock-fault\"", (await Send(staff, "/admin/rewards", "offer-reward", new() { ["name"] = "Mug", ["kind"] = "physical", ["points"] = "10", ["stock"] = "1e3" })).Page, StringComparison.Ordinal);
        Assert.Contains("id=\"coupon-maxUses-fault\"", (await Send(staff, "/admin/coupons", "coupon", new() { ["code"] = "ALL", ["percentOff"] = "50", ["maxUses"] = "99999999999" })).Page, StringComparison.Ordinal);
        Assert.DoesNotContain(beside.Done.Skip(before), done => done.Call.StartsWith("POST ", StringComparison.Ordinal));
        Assert.Contains("done=saved", (await Send(staff, "/admin/rewards", "offer-reward", new() { ["name"] = "Licence", ["kind"] = "digital", ["points"] = "10", ["codes"] = "A\nB" })).To, StringComparison.Ordinal);
        Assert.Equal(2, beside.Done.Last(done => done.Call == "POST /rewards").Body!["codes"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_operator_pays_creators_and_sees_that_the_money_agrees()
    {
        await using var beside = await Neighbours.Start();
        beside.Role = "owner";
        await using var own = JourneyPortal.Portal(_ => beside.Address);
        var owner = JourneyPortal.Browser(own);
        await SignIn(owner);

        Assert.Contains("done=payouts", (await Send(owner, "/admin/payouts", "prepare-payouts", [])).To, StringComparison.Ordinal);
        var paid = await Post(owner, "/admin/payouts", "/do/mark-paid", new() { ["id"] = $"{Neighbours.Order}", ["reference"] = " T-2 ", ["back"] = "/admin/payouts" });
        Assert.Contains("done=mark-paid", paid.To, StringComparison.Ordinal);
        Assert.Equal(
            ($"POST /payouts/{Neighbours.Order}/payment", "T-2"), beside.Done.Select(done => (done.Call, (string?)done.Body?["reference"])).Last());
        Assert.Equal("payoutId\r\n", (await Get(owner, "/admin/payouts.csv")).Page);

        // The day ends in the community's time zone, which is eight hours ahead.
        var ledger = (await Get(owner, "/admin/ledger?asOf=2026-03-01")).Page;
        Assert.Equal("2026-03-01T15:59:59.9999999+00:00", beside.AsOf);
        Assert.Contains("Money at a gateway: Sandbox", ledger, StringComparison.Ordinal);
        Assert.Contains("Debits and credits are equal", ledger, StringComparison.Ordinal);

        var differing = (await Get(owner, "/admin/reconciliation")).Page;
        Assert.Contains("In the report, and not received", differing, StringComparison.Ordinal);
        Assert.Contains("sandbox r-7", differing, StringComparison.Ordinal);
        Assert.Contains("All agrees.", (await Get(owner, "/admin/reconciliation?from=2026-03-01")).Page, StringComparison.Ordinal);
        Assert.Equal("/admin/reconciliation?done=report", await Upload("receipt,amount,currency,at\nr-7,100,CNY,2026-03-01T00:00:00Z\n"));
        Assert.Equal("stripe: receipt,amount,currency,at\nr-7,100,CNY,2026-03-01T00:00:00Z\n", Assert.Single(beside.Reports));
        Assert.Null(await Upload(""));
        Assert.Single(beside.Reports);

        Assert.Contains($"/admin/orders/{Neighbours.Order}", (await Get(owner, "/admin/chargebacks")).Page, StringComparison.Ordinal);
        Assert.Contains("Come in.", (await Get(owner, "/admin/outbox")).Page, StringComparison.Ordinal);

        async Task<string?> Upload(string csv)
        {
            var page = (await Get(owner, "/admin/reconciliation")).Page;
            using var form = new MultipartFormDataContent
            {
                { new StringContent("report"), "_handler" },
                { new StringContent(WebUtility.HtmlDecode(Token().Match(page).Groups[1].Value)), "__RequestVerificationToken" },
                { new StringContent("stripe"), "gateway" },
                { new StringContent(csv), "file", "report.csv" }
            };

            return To(await owner.PostAsync(new Uri("/admin/reconciliation", UriKind.Relative), form, Ct));
        }
    }

    [Theory]
    [InlineData("content")]
    [InlineData("payments")]
    [InlineData("incentives")]
    [InlineData("analytics")]
    public async Task A_service_that_is_away_takes_no_page_with_it(string away)
    {
        await using var own = JourneyPortal.Portal(service => service == away ? "http://127.0.0.1:9" : Beside.Address);
        var browser = JourneyPortal.Browser(own);
        await SignIn(browser);

        foreach (var path in Public.Concat(Private))
        {
            Assert.Equal(HttpStatusCode.OK, (await Get(browser, path)).Status);
        }
    }

    [Theory]
    [InlineData("/feed.xml", "application/rss+xml")]
    [InlineData("/atom.xml", "application/atom+xml")]
    [InlineData("/sitemap.xml", "application/xml")]
    public async Task Programs_find_what_is_public(string path, string type)
    {
        var response = await portal.Browser().GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
        Assert.Contains($"http://localhost/contents/{Neighbours.Free}/", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_theme_is_kept_in_a_cookie()
    {
        var browser = portal.Browser();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["theme"] = "dark", ["back"] = "/plans" });
        Assert.Equal("/plans", (await browser.PostAsync(new Uri("/theme", UriKind.Relative), form, Ct)).Headers.Location?.ToString());
        Assert.Contains("data-theme=\"dark\"", (await Get(browser, "/plans")).Page, StringComparison.Ordinal);
    }

    private sealed class PatientClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private async Task<HttpClient> Member(string language = "en")
    {
        var browser = portal.Browser(language);
        await SignIn(browser);

        return browser;
    }

    internal static async Task SignIn(HttpClient browser) => Assert.Equal(
        "/", (await Send(browser, "/sign-in", "sign-in", new() { ["Given.Email"] = "a@example.org", ["Given.Password"] = Neighbours.Password })).To);

    private static async Task<(HttpStatusCode Status, string? To, string Page)> Get(HttpClient browser, string path)
    {
        var response = await browser.GetAsync(new Uri(path, UriKind.Relative), Ct);

        return (response.StatusCode, To(response), await response.Content.ReadAsStringAsync(Ct));
    }

    internal static Task<(HttpStatusCode Status, string? To, string Page)> Deed(HttpClient browser, string page, string deed, Guid id, Guid? other = null, string value = "1") =>
        Post(browser, page, $"/do/{deed}", new() { ["id"] = $"{id}", ["other"] = $"{other}", ["value"] = value, ["back"] = page });

    private static Task<(HttpStatusCode Status, string? To, string Page)> Send(HttpClient browser, string page, string form, Dictionary<string, string> fields)
    {
        fields["_handler"] = form;

        return Post(browser, page, page, fields);
    }

    private static async Task<(HttpStatusCode Status, string? To, string Page)> Post(HttpClient browser, string page, string action, Dictionary<string, string> fields)
    {
        var shown = (await Get(browser, page)).Page;
        fields["__RequestVerificationToken"] = WebUtility.HtmlDecode(Token().Match(shown).Groups[1].Value);
        fields.TryAdd("key", Key().Match(shown).Groups[1].Value);
        using var content = new FormUrlEncodedContent(fields);
        var response = await browser.PostAsync(new Uri(action, UriKind.Relative), content, Ct);

        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{action} answered {(int)response.StatusCode}");

        return (response.StatusCode, To(response), await response.Content.ReadAsStringAsync(Ct));
    }

    private static string? To(HttpResponseMessage response) => response.Headers.Location?.OriginalString.Replace("http://localhost", "", StringComparison.Ordinal);

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    [GeneratedRegex("name=\"key\" value=\"([0-9A-F]{32})\"")]
    private static partial Regex Key();

    [GeneratedRegex("<h1[ >]")]
    private static partial Regex Headings();

    [GeneratedRegex("<form[^>]*method=\"post\".*?</form>", RegexOptions.Singleline)]
    private static partial Regex Forms();
}
