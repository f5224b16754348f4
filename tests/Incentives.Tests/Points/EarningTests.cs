using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Payments.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class EarningTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset Past = new(2019, 3, 4, 23, 59, 59, TimeSpan.Zero);

    [Fact]
    public async Task Each_activity_earns_by_its_rule_and_says_why()
    {
        var (member, other) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var id = IncentivesHost.NewId();
        var now = TimeProvider.System.GetUtcNow();
        await incentives.Neighbour.Publish(
            IncentivesHost.NewId(), new OrderPaid(IncentivesHost.NewId(), member, [new OrderLine(id, "renewal", id, 1, 9900, "CNY")], 9900, "CNY", now)); // earns nothing
        await Say(
            new ContentPublished(id, member, "Title", "topic", "article", 4, null, now),
            new ContentViewed(id, member, now),
            new CommentPosted(id, "content", id, member, now, Imported: false),
            new ReactionAdded(id, member, "like", now),
            new ContentShared(id, member, "link", now),
            new FeedbackGiven(id, member, 5, now),
            new TopicOpened(id, member, "question", now, Imported: false),
            new ReplyPosted(id, id, member, now, Imported: false),
            new ReplyAccepted(id, id, member, other, now, Imported: false),
            new OrderPaid(id, member, [], 9900, "CNY", now));

        var points = await incentives.Points(member);
        Assert.Equal(20 + 1 + 2 + 1 + 2 + 2 + 3 + 5 + 15 + 10, points.GetProperty("balance").GetInt64());
        Assert.Equal(61, points.GetProperty("lifetime").GetInt64());
        Assert.Equal(2, points.GetProperty("level").GetInt32());
        Assert.Equal(39, points.GetProperty("nextLevel").GetProperty("missing").GetInt64());
        Assert.Equal(1, points.GetProperty("streak").GetInt32());
        Assert.Empty(points.GetProperty("badges").EnumerateArray());

        var entries = await All($"/members/{member}/points/entries?limit=3", incentives.Member(member));
        Assert.Equal(10, entries.Count);
        var comment = Assert.Single(entries, entry => entry.GetProperty("cause").GetString() == $"comment/{id}");
        Assert.Equal(("comment-posted", 2), (comment.GetProperty("rule").GetString(), comment.GetProperty("points").GetInt32()));
        Assert.True(comment.GetProperty("ruleVersion").GetInt32() >= 1);
        Assert.InRange(now - comment.GetProperty("at").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));

        await Eventually.Value(
            () => Task.FromResult(Heard<Contracts.PointsEarned>().Where(e => e.MemberId == member).DistinctBy(e => e.EntryId).Sum(e => e.Points)),
            sum => sum == 61, "all points to be published");
    }

    [Fact]
    public async Task One_message_a_hundred_times_earns_once()
    {
        var member = IncentivesHost.NewId();
        var (message, comment) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
            incentives.Neighbour.Publish(message, new CommentPosted(comment, "topic", comment, member, Past, Imported: false))));
        var last = IncentivesHost.NewId();
        // The same fact under another id, too: as if the publisher had lost its own log.
        await incentives.Neighbour.Publish(last, new CommentPosted(comment, "topic", comment, member, Past, Imported: false));
        await incentives.Consumed([message, last]);

        Assert.Equal(2, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(1, await incentives.Scalar<long>("select count(*) from points_entries where member_id = $1", member));
    }

    [Fact]
    public async Task A_day_of_many_looks_stays_short_and_every_one_of_them_is_kept()
    {
        var (member, content) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var day = Past.Date;
        var views = Enumerable.Range(0, 300).Select(i => (object)new ContentViewed(content, member, new DateTimeOffset(day, TimeSpan.Zero).AddSeconds(i))).ToArray();
        await Say(views);
        await Say(views); // told again, under other ids

        Assert.Equal(5, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(300, await incentives.Scalar<long>("select count(*) from mt_events where data->>'memberId' = $1", $"{member}"));
        // Five have earned, and the others are beside them.
        Assert.InRange(await incentives.Scalar<long>(
            "select max(n) from (select count(*) as n from mt_events where data->>'memberId' = $1 group by stream_id) s", $"{member}"), 5, 60);
    }

    [Fact]
    public async Task A_cause_that_once_earned_nothing_earns_nothing_later_that_day()
    {
        var (member, content) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await Say([.. Enumerable.Range(0, 6).Select(i => (object)new ContentShared(content, member, $"way-{i}", Past))]);
        await Say(new ContentShared(content, member, "way-0", Past), new ContentShared(content, member, "way-5", Past));

        Assert.Equal(6, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(6, await incentives.Scalar<long>("select count(*) from mt_events where data->>'memberId' = $1", $"{member}"));
    }

    [Fact]
    public async Task A_reply_accepted_again_on_another_day_earns_no_more()
    {
        var (member, reply) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await Say(new ReplyAccepted(reply, reply, member, null, Past, Imported: true));
        await Say(new ReplyAccepted(reply, reply, member, null, Past.AddDays(2), Imported: true));

        Assert.Equal(15, (await incentives.Points(member)).GetProperty("balance").GetInt64());
    }

    [Fact]
    public async Task Ones_own_acceptance_and_unknown_authors_earn_nothing()
    {
        var (member, reply) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await incentives.Neighbour.Publish(IncentivesHost.NewId(), new ReplyAccepted(reply, reply, member, member, Past, Imported: false));
        await incentives.Neighbour.Publish(IncentivesHost.NewId(), new ReplyAccepted(reply, reply, null, null, Past, Imported: true));
        await incentives.Neighbour.Publish(IncentivesHost.NewId(), new CommentPosted(reply, "topic", reply, null, Past, Imported: true));
        await Say(new ReplyPosted(reply, reply, member, Past, Imported: true));

        Assert.Equal(5, (await incentives.Points(member)).GetProperty("balance").GetInt64());
    }

    [Fact]
    public async Task Points_are_for_their_member_and_operators()
    {
        var member = IncentivesHost.NewId();
        using var other = incentives.Member(IncentivesHost.NewId());
        using var anonymous = incentives.Host.Client();
        using var own = incentives.Member(member);

        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync($"/members/{member}/points")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync($"/members/{member}/points")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync($"/members/{member}/points/entries")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await own.GetAsync("/members/nobody/points")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await own.GetAsync($"/members/{member}/points/entries?after=x")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await own.GetAsync($"/members/{member}/points/entries?limit=0")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await own.GetAsync($"/members/{member}/points?asOf=yesterday")).StatusCode);

        var points = await own.GetFromJsonAsync<JsonElement>($"/members/{member}/points");
        Assert.Equal((0, 1, 0), (points.GetProperty("balance").GetInt64(), points.GetProperty("level").GetInt32(), points.GetProperty("streak").GetInt32()));
        Assert.NotEmpty((await own.GetFromJsonAsync<JsonElement>("/levels")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Points_as_of_an_instant_leave_out_what_was_recorded_later()
    {
        var member = IncentivesHost.NewId();
        await Say(new ReplyPosted(member, member, member, Past, Imported: true));
        var between = TimeProvider.System.GetUtcNow();
        await Say(new TopicOpened(member, member, "question", Past, Imported: true));

        var then = await incentives.Operator.GetFromJsonAsync<JsonElement>($"/members/{member}/points?asOf={between.UtcDateTime:O}");
        Assert.Equal(5, then.GetProperty("balance").GetInt64());
        Assert.Equal(8, (await incentives.Points(member)).GetProperty("balance").GetInt64());
    }

    [Fact]
    public async Task A_streak_is_days_in_a_row_up_to_today_or_yesterday()
    {
        var (steady, lapsed) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var now = TimeProvider.System.GetUtcNow();
        await Say(
            [.. new[] { 1, 2, 3, 5 }.Select(days => new TopicOpened(IncentivesHost.NewId(), steady, "question", now.AddDays(-days), Imported: true)),
            new TopicOpened(IncentivesHost.NewId(), lapsed, "question", now.AddDays(-2), Imported: true)]);

        Assert.Equal(3, (await incentives.Points(steady)).GetProperty("streak").GetInt32());
        Assert.Equal(0, (await incentives.Points(lapsed)).GetProperty("streak").GetInt32());
    }

    private async Task Say(params object[] facts)
    {
        var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
        await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
        await incentives.Consumed(messages.ConvertAll(message => message.Id));
    }

    private IEnumerable<T> Heard<T>() => incentives.Neighbour.Heard.Select(heard => heard.Fact).OfType<T>();

    private static async Task<List<JsonElement>> All(string path, HttpClient client)
    {
        var (all, next) = (new List<JsonElement>(), "");

        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>(path + next);
            all.AddRange(page.GetProperty("items").EnumerateArray());
            next = page.GetProperty("next").GetString() is { } cursor ? $"&after={cursor}" : null;
        }
        while (next is not null);

        return all;
    }
}
