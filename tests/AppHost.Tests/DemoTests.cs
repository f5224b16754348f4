using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Community.LocalServers;
using Community.Testing;

namespace Community.AppHost.Tests;

/// <summary>The demo as a user starts it, on an empty directory, and each page that its accounts have.</summary>
public sealed partial class DemoTests
{
    private static readonly string[] Everybody = ["/", "/contents", "/topics", "/topics?unanswered=true", "/plans", "/leaderboard"];

    private static readonly string[] Members =
        ["/me", "/me/points", "/rewards", "/me/invitations", "/me/billing", "/me/settings/profile", "/me/settings/security", "/me/settings/mail", "/me/settings/privacy", "/ask"];

    private static readonly string[] Creators = ["/studio", "/studio/earnings"];

    private static readonly string[] Operators =
    [
        "/admin", "/admin/members", "/admin/applications", "/admin/outbox", "/admin/plans", "/admin/coupons", "/admin/orders", "/admin/refunds", "/admin/chargebacks", "/admin/payouts",
        "/admin/ledger", "/admin/reconciliation", "/admin/rules", "/admin/rewards", "/admin/decisions", "/admin/growth", "/admin/retention", "/admin/revenue", "/admin/funnel", "/admin/content",
        "/admin/what-if", "/admin/badges", "/admin/abuse", "/admin/audit", "/system"
    ];

    private static readonly Dictionary<string, string[]> Pages = new()
    {
        ["owner"] = [.. Everybody, .. Operators, "/admin/settings"],
        ["operator"] = [.. Everybody, .. Operators],
        ["reviewer"] = [.. Everybody, "/me", "/review"],
        ["moderator"] = [.. Everybody, "/me", "/me/points"],
        ["creator"] = [.. Everybody, "/me", "/me/points", .. Creators],
        ["expert"] = [.. Everybody, "/me", "/me/points", .. Creators],
        ["member"] = [.. Everybody, .. Members]
    };

    /// <summary>Pages that may have a part with nothing in it, and why.</summary>
    private static readonly Dictionary<string, string> MayBeEmpty = new()
    {
        ["/admin/reconciliation"] = "nothing differs: no gateway's report was uploaded",
        ["/admin/abuse"] = "the made-up members farm nothing, so that nothing is held",
        ["/me/settings/security"] = "no sign-in by an account elsewhere is configured"
    };

    [LongFact]
    public async Task The_demo_is_there_soon_and_every_page_of_every_role_has_something_on_it()
    {
        var (data, basePort, lines) = (Servers.NewDirectory("demo"), Ports.Reserve(20), new System.Collections.Concurrent.ConcurrentQueue<string>());
        var appHost = await Start(data, basePort, lines);

        try
        {
            await Walk(appHost, data, new($"http://127.0.0.1:{basePort}"), lines);
        }
        finally
        {
            await appHost.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
        }

        // Found again, it is not filled again.
        lines.Clear();
        var again = await Start(data, basePort, lines);

        try
        {
            await Eventually.True(() => Task.FromResult(Ready(lines) is not null || again.Exited.IsCompleted), "the demo to be ready again", () => Written.In(Path.Combine(data, "logs")));
            Assert.DoesNotContain(lines, told => told.StartsWith("Filling", StringComparison.Ordinal));
            Assert.NotNull(Ready(lines));
        }
        finally
        {
            await again.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
        }
    }

    private static async Task Walk(Child appHost, string data, Uri portal, System.Collections.Concurrent.ConcurrentQueue<string> lines)
    {
        var line = await Eventually.Value(() => Task.FromResult(Ready(lines) ?? (appHost.Exited.IsCompleted ? "ended" : null)), found => found is not null, "the demo to be ready", () => Written.In(Path.Combine(data, "logs")));
        Assert.True(line != "ended", string.Join('\n', lines));
        Console.WriteLine(line);
        var faults = new List<string>();

        foreach (var (role, pages) in Pages)
        {
            using var http = await SignIn(portal, role);

            foreach (var page in pages)
                faults.AddRange(await Faults(http, role, page));
        }

        // A link of each kind leads on.
        using var reader = await SignIn(portal, "member");

        foreach (var (list, link) in new[] { ("/contents", Article()), ("/topics", Discussion()) })
            faults.AddRange(await Faults(reader, "member", link.Match(await reader.GetStringAsync(new Uri(list, UriKind.Relative))).Groups[1].Value));

        Assert.Empty(faults);
    }

    private static string? Ready(IEnumerable<string> lines) => lines.FirstOrDefault(line => line.StartsWith("The demo is ready after", StringComparison.Ordinal));

    private static Task<Child> Start(string data, int basePort, System.Collections.Concurrent.ConcurrentQueue<string> lines) => Child.Start(new(
        "AppHost", AppHostProcess.Program, ["--demo", "--data", data, "--base-port", basePort.ToString(CultureInfo.InvariantCulture)], Signal.Terminate)
    {
        Environment = new Dictionary<string, string?> { ["DcpPublisher__DashboardPath"] = "/none", ["RateLimits__PerMinute"] = "1000000", ["RateLimits__AnonymousPerMinute"] = "1000000" },
        Output = lines.Enqueue
    });

    private static async Task<HttpClient> SignIn(Uri portal, string role)
    {
        var http = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false }) { BaseAddress = portal };
        http.DefaultRequestHeaders.Add("Accept-Language", "en");
        var form = await http.GetStringAsync(new Uri("/sign-in", UriKind.Relative));
        using var answer = await http.PostAsync(
            new Uri("/sign-in/demo", UriKind.Relative), new FormUrlEncodedContent([new("__RequestVerificationToken", Token().Match(form).Groups[1].Value), new("role", role)]));
        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.StatusCode, answer.Headers.Location?.ToString()));

        return http;
    }

    private static async Task<IEnumerable<string>> Faults(HttpClient http, string role, string page)
    {
        using var answer = await http.GetAsync(new Uri(page, UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        var empty = Empty().Match(text);

        return answer.StatusCode != HttpStatusCode.OK ? [$"{role} {page} answers {(int)answer.StatusCode}"]
            : empty.Success && !MayBeEmpty.ContainsKey(page) ? [$"{role} {page} is empty: {Regex.Replace(empty.Groups[1].Value, @"<[^>]+>|\s+", " ").Trim()}"]
            : [];
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Token();

    [GeneratedRegex("""<div class="empty">(.*?)</div>""", RegexOptions.Singleline)]
    private static partial Regex Empty();

    [GeneratedRegex("""href="(/contents/[0-9a-f-]{36}[^"]*)""")]
    private static partial Regex Article();

    [GeneratedRegex("""href="(/topics/[0-9a-f-]{36}[^"]*)""")]
    private static partial Regex Discussion();
}
