using System.Net;
using System.Text.RegularExpressions;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>What an operator sees of a system in which every part is real.</summary>
[Collection(typeof(OnOneSystem))]
public sealed partial class WatchTests(CommunitySystem system)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_shard_and_queue_of_each_service_is_seen_by_operators_at_the_api_and_on_the_portals_page()
    {
        await new Story(system).Tell(); // something to follow for each of them
        await system.AllIsHeard();
        var watcher = await system.Join("operator");
        using var portal = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = true }) { BaseAddress = new Uri(system.Anybody.Services["portal"]) };
        await SignIn(portal, watcher);
        var page = await (await portal.GetAsync(new Uri("/system", UriKind.Relative), Ct)).Content.ReadAsStringAsync(Ct);

        foreach (var service in CommunitySystem.Services)
        {
            var status = await Eventually.Value(
                () => watcher.Get($"{service}/status").Gives(200),
                status => status.Text("status") == "healthy" && status["shards"]!.AsArray().All(shard => (long)shard!["events"]! == 0),
                $"{service} to be healthy and to have done all");
            var shards = status["shards"]!.AsArray().Select(shard => shard!.Text("shard")).ToList();
            var queues = status["queues"]!.AsArray().Select(queue => queue!.Text("queue")).ToList();
            Assert.Equal(await Shards(service), shards.Order(StringComparer.Ordinal));
            // Its consumers' queues, and the one by which others ask for its past.
            Assert.Equal((await system.Queues(service)).Append($"{service}-replays").Order(StringComparer.Ordinal), queues.Order(StringComparer.Ordinal));
            Assert.All(status["shards"]!.AsArray(), shard => Assert.Equal("running", shard!.Text("status")));
            Assert.NotEmpty(shards);

            var section = Section(service).Match(page).Value;
            Assert.All(shards.Concat(queues), name => Assert.Matches($">\\s*{Regex.Escape(WebUtility.HtmlEncode(name)!)}[\\s<]", section));
        }
    }

    private async Task<IReadOnlyList<string>> Shards(string service)
    {
        await using var connection = await system.Database($"{service}db");
        await using var select = new NpgsqlCommand("select name from mt_event_progression where name like '%:All'", connection);
        await using var row = await select.ExecuteReaderAsync(Ct);
        var shards = new List<string>();
        while (await row.ReadAsync(Ct))
            shards.Add(row.GetString(0));

        return [.. shards.Order(StringComparer.Ordinal)];
    }

    private static async Task SignIn(HttpClient portal, Person person)
    {
        var form = await (await portal.GetAsync(new Uri("/sign-in", UriKind.Relative), Ct)).Content.ReadAsStringAsync(Ct);
        using var fields = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["__RequestVerificationToken"] = Token().Match(form).Groups[1].Value,
            ["_handler"] = "sign-in",
            ["Given.Email"] = person.Email,
            ["Given.Password"] = CommunitySystem.Password
        });
        using var answer = await portal.PostAsync(new Uri("/sign-in", UriKind.Relative), fields, Ct);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    private static Regex Section(string service) => new($"<section [^>]*aria-labelledby=\"{service}\".*?</section>", RegexOptions.Singleline);

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
