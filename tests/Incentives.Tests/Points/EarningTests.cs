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
    public async Task Each_activity_pays_who_did_it_and_whose_work_it_values_and_says_why()
    {
        var (member, other, owner) = (IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId());
        var (id, foreign) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var now = TimeProvider.System.GetUtcNow();
        await incentives.Neighbour.Publish(
            IncentivesHost.NewId(), new OrderPaid(IncentivesHost.NewId(), member, [new OrderLine(id, "renewal", id, 1, 9900, "CNY")], 9900, "CNY", now)); // earns nothing
        await Say(
            new ContentPublished(id, member, "Title", "topic", "article", 4, null, now),
            new ContentPublished(foreign, owner, "Title", "topic", "article", 4, null, now),
            new ContentViewed(foreign, member, now),
            new CommentPosted(id, "content", id, member, now, Imported: false),
            new ReactionAdded(foreign, member, "like", now),
            new ReactionAdded(id, member, "like", now), // one's own
            new ContentShared(foreign, member, "link", now),
            new FeedbackGiven(foreign, member, 5, now),
            new TopicOpened(id, member, "question", now, Imported: false),
            new ReplyPosted(id, id, member, now, Imported: false),
            new ReplyAccepted(id, id, member, other, now, Imported: false),
            new VoteCast(id, "reply", id, member, other, 1, now, Imported: false),
            new VoteCast(foreign, "topic", id, member, other, -1, now, Imported: false),
            new OrderPaid(id, member, [], 9900, "CNY", now));

        var points = await incentives.Points(member);
        Assert.Equal(20 + 1 + 1 + 1 + 1 + 2 + 1 + 2 + 15 + 10 - 2 + 10, points.GetProperty("balance").GetInt64());
        Assert.Equal(62, points.GetProperty("lifetime").GetInt64());
        Assert.Equal(2, points.GetProperty("level").GetInt32());
        Assert.Equal(38, points.GetProperty("nextLevel").GetProperty("missing").GetInt64());
        Assert.Equal(1, points.GetProperty("streak").GetInt32());
        Assert.Empty(points.GetProperty("badges").EnumerateArray());
        Assert.Equal(20 + 5, (await incentives.Points(owner)).GetProperty("balance").GetInt64());
        Assert.Equal(2, (await incentives.Points(other)).GetProperty("balance").GetInt64());

        // The author is paid for what others valued, and is not told who they are.
        using var author = incentives.Member(owner);
        Assert.Equal($"reaction/{foreign}/like", Assert.Single(
            await All($"/members/{owner}/points/entries?limit=3", author), entry => entry.GetProperty("rule").GetString() == "reaction-received").GetProperty("cause").GetString());
        var export = await Eventually.Value(
            () => author.GetStringAsync("/members/me/export?limit=100"), all => all.Contains("reaction-received", StringComparison.Ordinal), "the author's export");
        Assert.DoesNotContain($"{member}", export, StringComparison.Ordinal);
        Assert.Contains($"{member}", await incentives.Member(member).GetStringAsync($"/members/{member}/points/entries"), StringComparison.Ordinal);

        var entries = await All($"/members/{member}/points/entries?limit=3", incentives.Member(member));
        // A reaction to one's own piece may come before the piece: it is paid, and taken back.
        Assert.Equal(12, entries.GroupBy(entry => (entry.GetProperty("cause").GetString(), entry.GetProperty("rule").GetString()))
            .Count(paid => paid.Sum(entry => entry.GetProperty("points").GetInt32()) != 0));
        var comment = Assert.Single(entries, entry => entry.GetProperty("cause").GetString() == $"comment/{id}");
        Assert.Equal(("comment-posted", 1, "earned"), (comment.GetProperty("rule").GetString(), comment.GetProperty("points").GetInt32(), comment.GetProperty("kind").GetString()));
        Assert.True(comment.GetProperty("ruleVersion").GetInt32() >= 1);
        Assert.InRange(now - comment.GetProperty("at").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));

        var why = await Why(comment.GetProperty("entryId").GetGuid(), "zh-CN,zh;q=0.9");
        Assert.Equal(["content/comment", "incentives/rule", "incentives/earned"], why.Select(step => $"{step.GetProperty("service").GetString()}/{step.GetProperty("type").GetString()}"));
        Assert.Equal("发表了一条评论。", why[0].GetProperty("text").GetString());
        Assert.NotEqual(Guid.Empty, why[0].GetProperty("eventId").GetGuid());
        Assert.Equal("The rule comment-posted of version 1 gives 1 points for it.", (await Why(comment.GetProperty("entryId").GetGuid(), "en"))[1].GetProperty("text").GetString());

        async Task<List<JsonElement>> Why(Guid entry, string language)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/members/{member}/points/entries/{entry}/why");
            request.Headers.Add("Accept-Language", language);
            using var answer = await incentives.Member(member).SendAsync(request);

            return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("steps").EnumerateArray()];
        }

        await Eventually.Value(
            () => Task.FromResult(
                Heard<Contracts.PointsEarned>().Where(e => e.MemberId == member).DistinctBy(e => e.EntryId).Sum(e => e.Points)
                + Heard<Contracts.PointsReversed>().Where(e => e.MemberId == member).DistinctBy(e => e.EntryId).Sum(e => e.Points)),
            sum => sum == 62, "all points to be published");
    }

    [Fact]
    public async Task What_is_taken_back_takes_its_points_back_and_comes_again_when_it_does()
    {
        var (member, voter, asker) = (IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId());
        var (content, topic, reply, vote) = (IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId());
        // Taken back before it is told, and the reaction before the content.
        await Say(new ReactionWithdrawn(content, voter, "like", Past.AddMinutes(2)), new ReactionAdded(content, voter, "thanks", Past));
        await Say(
            new ReactionAdded(content, voter, "like", Past.AddMinutes(1)),
            new ContentPublished(content, member, "Title", "topic", "article", 4, null, Past),
            new ReplyPosted(reply, topic, member, Past, Imported: true),
            new VoteCast(vote, "reply", reply, member, voter, 1, Past, Imported: false),
            new ReplyAccepted(topic, reply, member, asker, Past, Imported: false));
        Assert.Equal((20 + 5 + 2 + 10 + 15, 1, 2), (await Balance(member), await Balance(voter), await Balance(asker)));

        await Say(new ReplyAcceptanceWithdrawn(topic, reply, member, Past.AddMinutes(5)), new VoteCast(vote, "reply", reply, member, voter, -1, Past.AddMinutes(5), Imported: false));
        Assert.Equal((20 + 5 + 2 - 2, 0), (await Balance(member), await Balance(asker)));

        await Say(
            new ReplyAccepted(topic, reply, member, asker, Past.AddMinutes(6), Imported: false), new VoteWithdrawn(vote, "reply", reply, Past.AddMinutes(6)),
            new ReactionAdded(content, voter, "like", Past.AddMinutes(6)));
        Assert.Equal((20 + 5 + 5 + 2 + 15, 2, 2), (await Balance(member), await Balance(voter), await Balance(asker)));

        // With the reply goes what it was valued by.
        await Say(new ReplyDeleted(topic, reply, Past.AddMinutes(9)));
        Assert.Equal((20 + 5 + 5, 0), (await Balance(member), await Balance(asker)));
        var entries = await All($"/members/{member}/points/entries?limit=50", incentives.Member(member));
        Assert.Equal(30, entries.Sum(entry => entry.GetProperty("points").GetInt32()));
        Assert.Contains(entries, entry => (entry.GetProperty("kind").GetString(), entry.GetProperty("reason").GetString(), entry.GetProperty("points").GetInt32()) == ("reversed", "withdrawn", -15));
    }

    [Fact]
    public async Task What_was_spent_is_taken_back_all_the_same_and_nobody_spends_what_is_not_there()
    {
        var (member, reply) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        using var staff = incentives.Operator;
        await Say(new ReplyAccepted(reply, reply, member, null, Past, Imported: true));
        Assert.Equal(HttpStatusCode.Conflict, (await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = -16, reason = "Too much" })).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = -10, reason = "A gift to the fund" })).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = -6, reason = "Too much" })).StatusCode);
        Assert.Equal(5, await Balance(member));

        await Say(new ReplyAcceptanceWithdrawn(reply, reply, member, Past.AddDays(1)));
        Assert.Equal(-10, await Balance(member));
        Assert.Contains(await All($"/members/{member}/points/entries?limit=50", incentives.Member(member)), entry =>
            (entry.GetProperty("kind").GetString(), entry.GetProperty("reason").GetString()) == ("adjusted", "A gift to the fund"));
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

        Assert.Equal(1, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(1, await incentives.Scalar<long>("select count(*) from points_entries where member_id = $1", member));
    }

    [Fact]
    public async Task Of_many_looks_on_a_day_as_many_earn_as_the_cap_says_and_every_one_of_them_is_kept()
    {
        var (member, content) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var day = Past.Date;
        var views = Enumerable.Range(0, 300).Select(i => (object)new ContentViewed(content, member, new DateTimeOffset(day, TimeSpan.Zero).AddSeconds(i))).ToArray();
        await Say(views);
        await Say(views); // told again, under other ids

        Assert.Equal(3, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(300, await incentives.Scalar<long>("select count(*) from points_causes where actor_id = $1", member));
        Assert.Equal(300, await incentives.Scalar<long>("select count(*) from mt_events where type = 'cause-recorded.v1' and data->>'actorId' = $1", $"{member}"));
        // In the order in which they were done, whatever the order in which they came.
        Assert.Equal(3, await incentives.Scalar<long>("select sum(points) from points_entries where member_id = $1 and at <= $2", member, new DateTimeOffset(day, TimeSpan.Zero).AddSeconds(2).UtcDateTime));
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

        Assert.Equal(2, (await incentives.Points(member)).GetProperty("balance").GetInt64());
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
        Assert.Equal(2, then.GetProperty("balance").GetInt64());
        Assert.Equal(3, (await incentives.Points(member)).GetProperty("balance").GetInt64());
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

    private async Task<long> Balance(Guid member) => (await incentives.Points(member)).GetProperty("balance").GetInt64();

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
