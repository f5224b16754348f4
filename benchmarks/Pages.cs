using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Community.Testing;

namespace Community.Benchmarks;

/// <summary>
/// Pages of the portal beside the JSON answers that they are made of, asked for in parallel as the portal asks. A visitor's page is
/// kept for half a minute; each is measured as it is kept, and made anew, for which every request has a query of its own.
/// </summary>
internal static partial class Pages
{
    private const int Callers = 8;
    private const int VisitorGoal = 50;
    private const int MemberGoal = 120;
    private static readonly int Rounds = Effort.Of(3);
    private static readonly int Times = Effort.Of(1_200);
    private static readonly int Looks = Effort.Of(150);

    public static async Task Measure(Report report)
    {
        await using var system = await RunningSystem.Start(Servers.NewDirectory("pages"), unlimited: true);
        var town = await Town.Found(system);
        using var visitor = Browser(system.Portal);
        using var member = Browser(system.Portal);
        await SignIn(member, town.Email);
        var rates = report.Table(
            $"Pages for visitors, per second, {Callers} callers, medians of {Rounds}", "page", "kept", "made anew", "its JSON answers", "made anew / JSON", "HTML, KB");
        var once = 0;

        foreach (var (name, path, answers) in new[] { ("home", "/", town.HomeAnswers), ("article", town.Article, town.ArticleAnswers) })
        {
            var (kept, anew, bare) = (new List<double>(), new List<double>(), new List<double>());
            var size = (await Get(visitor, path)).Length;

            for (var round = 0; round < Rounds; round++)
            {
                kept.Add(await Timing.Rate(Callers, Times, _ => Get(visitor, path)));
                anew.Add(await Timing.Rate(Callers, Times, _ => Get(visitor, Once(path))));
                bare.Add(await Timing.Rate(Callers, Times, _ => Task.WhenAll(answers.Select(answer => Get(town.Http, answer)))));
            }

            rates([name, Report.Number(kept.Median()), Report.Number(anew.Median()), Report.Number(bare.Median()), Report.Number(anew.Zip(bare, (page, json) => page / json).Median()), Report.Number(size / 1000.0)]);
        }

        var times = report.Table("Server time of a page, one caller, medians in milliseconds", "page", "visitor, made anew", "goal", "holds", "member", "goal", "holds");

        foreach (var (name, path) in new[] { ("home", "/"), ("article", town.Article), ("topic", town.Topic) })
        {
            var (asVisitor, asMember) = (await Median(visitor, path), await Median(member, path));
            times([name, Report.Number(asVisitor), $"≤ {VisitorGoal}", Holds(asVisitor, VisitorGoal), Report.Number(asMember), $"≤ {MemberGoal}", Holds(asMember, MemberGoal)]);
        }

        string Once(string path) => string.Create(CultureInfo.InvariantCulture, $"{path}?once={Interlocked.Increment(ref once)}");

        async Task<double> Median(HttpClient browser, string path)
        {
            var taken = new List<double>();

            for (var look = 0; look < Looks; look++)
            {
                var started = Stopwatch.GetTimestamp();
                await Get(browser, Once(path));
                taken.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            return taken.Median();
        }

        static string Holds(double taken, double goal) => taken <= goal ? "yes" : "no";
    }

    private static HttpClient Browser(string portal)
    {
        var browser = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new(portal) };
        browser.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");

        return browser;
    }

    private static async Task<byte[]> Get(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(new Uri(address, UriKind.RelativeOrAbsolute));

        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync() : throw new InvalidOperationException($"{address}: {(int)answer.StatusCode}");
    }

    private static async Task SignIn(HttpClient browser, string email)
    {
        var form = await browser.GetStringAsync(new Uri("/sign-in", UriKind.Relative));
        using var fields = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["_handler"] = "sign-in",
            ["__RequestVerificationToken"] = WebUtility.HtmlDecode(Token().Match(form).Groups[1].Value),
            ["Given.Email"] = email,
            ["Given.Password"] = RunningSystem.Password
        });
        using var answer = await browser.PostAsync(new Uri("/sign-in", UriKind.Relative), fields);

        if (answer.RequestMessage!.RequestUri!.AbsolutePath != "/")
        {
            throw new InvalidOperationException("The member could not sign in.");
        }
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    /// <summary>A small community with full pages: twelve articles, comments on one of them, topics with replies, plans.</summary>
    private sealed record Town(HttpClient Http, string Email, string Article, string Topic, string[] HomeAnswers, string[] ArticleAnswers)
    {
        private const int Articles = 12;
        private const int Comments = 20;

        public static async Task<Town> Found(RunningSystem system)
        {
            await system.Found();
            var http = new HttpClient();
            var (membership, content, payments) = (await system.Service("membership"), await system.Service("content"), await system.Service("payments"));
            var owner = await SignIn(RunningSystem.Owner);
            var (creator, reviewer, member) = (await Join("creator"), await Join("reviewer"), await Join(null));
            await Post($"{payments}/plans", new { name = "Reader", tier = "reader", price = new { amount = 2900, currency = "CNY" }, interval = "month" }, owner);
            var article = Guid.Empty;

            for (var n = 0; n < Articles; n++)
            {
                var made = await Post($"{content}/contents", new { title = $"How facts travel, part {n + 1}", topic = "events", format = "article", body = string.Concat(Enumerable.Repeat("A fact and what follows from it belong together.\n\n", 40)), tags = new[] { "events" } }, creator);
                article = (Guid)made["contentId"]!;
                await Post($"{content}/contents/{article}/submission", null, creator);
                await Post($"{content}/contents/{article}/reviews", new { verdict = "approved", quality = 4, notes = "Clear." }, reviewer);
                await Post($"{content}/contents/{article}/publication", null, creator);
            }

            var topic = Guid.Empty;

            for (var n = 0; n < 5; n++)
            {
                topic = (Guid)(await Post($"{content}/topics", new { kind = "question", title = $"Who hears of it, question {n + 1}?", body = "And when?", tags = new[] { "events" } }, member))["topicId"]!;
            }

            for (var n = 0; n < Comments; n++)
            {
                await Post($"{content}/contents/{article}/comments", new { body = "That helped me." }, member);
                await Post($"{content}/topics/{topic}/replies", new { body = "Whoever subscribes." }, creator);
            }

            using var browser = Browser(system.Portal);
            var people = $"{membership}/members?ids={creator.Id},{member.Id}";

            return new(http, member.Email, await At($"/contents/{article}"), await At($"/topics/{topic}"),
                [$"{content}/contents?limit=12", $"{content}/topics?limit=5", $"{payments}/plans?limit=50", people],
                [$"{content}/contents/{article}", $"{content}/contents/{article}/comments?limit=50", $"{content}/contents/{article}/reactions", people]);

            async Task<Somebody> SignIn(string email) => new(
                email, (string)(await Post($"{membership}/sessions", new { email, password = RunningSystem.Password }, null))["accessToken"]!, Guid.Empty);

            async Task<Somebody> Join(string? role)
            {
                var email = $"{role ?? "member"}@example.org";
                var id = (Guid)(await Post($"{membership}/members", new { email, password = RunningSystem.Password, displayName = role ?? "Member" }, null))["memberId"]!;

                if (role is not null)
                {
                    await Post($"{membership}/members/{id}/roles/{role}", null, owner, HttpMethod.Put);
                }

                return await SignIn(email) with { Id = id };
            }

            async Task<string> At(string path)
            {
                using var answer = await browser.GetAsync(new Uri(path, UriKind.Relative));

                return answer.RequestMessage!.RequestUri!.AbsolutePath; // with its slug
            }

            async Task<JsonNode> Post(string address, object? body, Somebody? by, HttpMethod? method = null)
            {
                using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(address)) { Content = body is null ? null : JsonContent.Create(body) };
                request.Headers.Authorization = by is null ? null : new AuthenticationHeaderValue("Bearer", by.Token);
                using var answer = await http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();

                return !answer.IsSuccessStatusCode ? throw new InvalidOperationException($"{address}: {(int)answer.StatusCode} {text}") : text.Length == 0 ? JsonValue.Create(0) : JsonNode.Parse(text)!;
            }
        }

        private sealed record Somebody(string Email, string Token, Guid Id);
    }
}
