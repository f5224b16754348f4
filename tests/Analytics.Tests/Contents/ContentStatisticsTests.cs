using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Payments.Contracts;
using Community.Testing;

namespace Community.Analytics.Tests.Contents;

public sealed class ContentStatisticsTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly DateTimeOffset Day = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readers_reads_ratings_comments_shares_and_revenue_of_a_content()
    {
        var (content, other, author) = (AnalyticsHost.NewId(), AnalyticsHost.NewId(), AnalyticsHost.NewId());
        var deleted = AnalyticsHost.NewId();
        var members = Enumerable.Range(0, 4).Select(_ => AnalyticsHost.NewId()).ToList();
        OrderLine[] lines = [new(content, "content", content, 1, 300, "CNY"), new(other, "content", other, 1, 100, "CNY")];
        object[] facts =
        [
            new ContentPublished(content, author, "=Deadlocks", "databases", "article", 4, null, Day),
            new ContentPublished(content, author, "Deadlocks, again", "databases", "article", 5, null, Day.AddDays(9)),
            new ContentPublished(other, AnalyticsHost.NewId(), "Another", "databases", "video", 3, null, Day),
            .. members.Select(member => new ContentViewed(content, member, Day)),
            new ContentViewed(content, members[0], Day.AddHours(1)),
            new FeedbackGiven(content, members[0], 1, Day.AddHours(2)),
            new FeedbackGiven(content, members[0], 5, Day.AddHours(3)),
            new FeedbackGiven(content, members[1], 2, Day),
            new CommentPosted(AnalyticsHost.NewId(), "content", content, members[2], Day, Imported: false),
            new CommentPosted(AnalyticsHost.NewId(), "content", content, null, Day, Imported: true),
            new CommentPosted(AnalyticsHost.NewId(), "topic", content, members[2], Day, Imported: false),
            new CommentPosted(deleted, "content", content, members[2], Day, Imported: false),
            new CommentDeleted(deleted, Day.AddHours(4)),
            new ContentShared(content, members[3], "mail", Day),
            // Four hundred for 200: half of each. Of what went back, three quarters are the first one's.
            new OrderPaid(AnalyticsHost.NewId(), members[0], lines, 200, "CNY", Day),
            new OrderPaid(AnalyticsHost.NewId(), members[1], [lines[0]], 50, "USD", Day),
            new OrderRefunded(AnalyticsHost.NewId(), members[0], lines, 101, "CNY", false, Day)
        ];
        // One of four came to the end, one to the middle; told twice by the client, it counts once.
        var now = TimeProvider.System.GetUtcNow();

        foreach (var (member, depth) in new[] { (members[0], 1.0), (members[0], 0.2), (members[1], 0.5) })
        {
            using var client = analytics.Member(member);
            var activity = new { kind = "view", subjectId = content, at = now, depth, id = AnalyticsHost.NewId() };

            for (var i = 0; i < 2; i++)
            {
                using var told = await client.PostAsJsonAsync("/activities", new { activities = new object[] { activity, activity } }, Ct);
                Assert.Equal(HttpStatusCode.Accepted, told.StatusCode);
            }
        }

        var messages = facts.Select(fact => (AnalyticsHost.NewId(), fact)).ToArray();
        new Random(3).Shuffle(messages);
        await analytics.Publish(messages.Concat(messages.Take(5)));
        using var byAuthor = analytics.Host.Client(analytics.Issuer.Token(author, "creator"));
        var figures = await Eventually.Value(
            async () => (await byAuthor.GetAsync($"/contents/{content}/statistics", Ct)) is { StatusCode: HttpStatusCode.OK } answer ? await answer.Content.ReadFromJsonAsync<JsonElement>(Ct) : default,
            f => f is { ValueKind: JsonValueKind.Object } && f.GetProperty("views").GetInt64() == 5 && f.GetProperty("comments").GetInt64() == 2
                && f.GetProperty("ratings").GetInt64() == 2 && f.GetProperty("shares").GetInt64() == 1 && f.GetProperty("revenue").ToString().Contains("75", StringComparison.Ordinal)
                && f.GetProperty("quality").GetInt32() == 5 && f.GetProperty("rating").GetDouble() == 3.5 && f.GetProperty("reads").GetInt64() == 1, "all to be counted");

        Assert.Equal("Deadlocks, again", figures.GetProperty("title").GetString());
        Assert.Equal(4, figures.GetProperty("readers").GetInt64());
        Assert.Equal(0.25, figures.GetProperty("completion").GetDouble());
        Assert.Equal(["CNY 75", "USD 50"], figures.GetProperty("revenue").EnumerateArray().Select(r => $"{r.GetProperty("currency").GetString()} {r.GetProperty("amount").GetInt64()}"));
        Assert.Equal(3, await analytics.Scalar<long>("select count(*) from mt_events where data->>'subjectId' = $1 and data->>'depth' is not null", content.ToString()));

        // An author sees the author's own, an operator all, anybody else nothing.
        using var member_ = analytics.Member(members[0]);
        Assert.Equal(HttpStatusCode.NotFound, (await member_.GetAsync($"/contents/{content}/statistics", Ct)).StatusCode);
        Assert.Empty((await member_.GetFromJsonAsync<JsonElement>("/contents/statistics", Ct)).GetProperty("items").EnumerateArray());
        Assert.Single((await byAuthor.GetFromJsonAsync<JsonElement>("/contents/statistics", Ct)).GetProperty("items").EnumerateArray());
        using var all = analytics.Operator;
        Assert.Equal(new[] { other, content }.OrderDescending(), (await all.GetFromJsonAsync<JsonElement>("/contents/statistics", Ct)).GetProperty("items").EnumerateArray().Select(c => c.GetProperty("contentId").GetGuid()));
    }

    [Fact]
    public async Task A_funnel_counts_who_took_each_step_after_the_last_within_the_window()
    {
        var people = Enumerable.Range(0, 6).Select(_ => AnalyticsHost.NewId()).ToList();
        List<object> facts = [.. people.Select(member => new MemberJoined(member, Day, Imported: false))];
        void Look(int person, int day) => facts.Add(new ContentViewed(AnalyticsHost.NewId(), people[person], Day.AddDays(day)));
        void Say(int person, int day) => facts.Add(new CommentPosted(AnalyticsHost.NewId(), "topic", AnalyticsHost.NewId(), people[person], Day.AddDays(day), Imported: false));
        Look(0, 0); // on the day of joining
        Say(0, 10);
        Look(1, 3);
        Say(1, 2); // too early, and never again
        Look(2, 10);
        Say(2, 11); // after the window
        Look(3, 11); // so is this
        Look(4, -5); // before joining, and again
        Look(4, 5);
        Say(4, 5);
        var messages = facts.Select(fact => (Id: AnalyticsHost.NewId(), fact)).ToArray();
        await analytics.Publish(messages);
        await analytics.Consumed([.. messages.Select(message => message.Id)]);
        await analytics.Projected();
        using var client = analytics.Operator;

        Assert.Equal(
            ["joining 6 1", "view 4 0.6667", "comment 2 0.3333"], Steps(await client.GetFromJsonAsync<JsonElement>("/funnel?steps=joining,view,comment&window=10", Ct)));
        Assert.Equal(["joining 0 ", "order 0 "], Steps(await client.GetFromJsonAsync<JsonElement>("/funnel?steps=joining,order&from=2024-05-02&to=2024-06-01", Ct)));

        foreach (var bad in new[] { "steps=view", "steps=view,search", "steps=", "steps=view,order&window=-1", "steps=view,order&from=x", "steps=view,view,view,view,view,view,view,view,view" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync($"/funnel?{bad}", Ct)).StatusCode);
        }

        static IEnumerable<string> Steps(JsonElement answer) => answer.GetProperty("steps").EnumerateArray().Select(s =>
            $"{s.GetProperty("step").GetString()} {s.GetProperty("members").GetInt64()} {(s.GetProperty("rate") is { ValueKind: JsonValueKind.Number } rate ? Math.Round(rate.GetDouble(), 4) : null)}");
    }
}
