using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Community.Analytics.Ingestion;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Payments.Contracts;
using Community.Testing;
using JasperFx.Events.Daemon;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Analytics.Tests.Ingestion;

public sealed class IngestionTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private const string Kinds =
        "select coalesce(string_agg(kind || '=' || n, ' ' order by kind collate \"C\"), '') from (select kind, sum(count) as n from member_days where member_id = $1 group by kind) k";

    private static readonly DateTimeOffset Past = new(2019, 3, 4, 23, 59, 59, TimeSpan.Zero);

    [Fact]
    public void What_was_told_already_is_nothing_new()
    {
        var view = new ActivityRecorded(Guid.Empty, ActivityKinds.View, null, Past);

        Spec.For(ActivityLog.Decider).When(new RecordHeard([view, view])).Then(view, view);
        Spec.For(ActivityLog.Decider).Given(view, view).When(new RecordHeard([view, view])).ThenNothing();
    }

    [Fact]
    public async Task What_other_services_tell_is_counted_once_by_kind()
    {
        var (member, author) = (AnalyticsHost.NewId(), AnalyticsHost.NewId());
        var id = AnalyticsHost.NewId();
        object[] facts =
        [
            new ContentPublished(id, member, "Title", "topic", "article", 4, null, Past),
            new ContentViewed(id, member, Past),
            new CommentPosted(id, "content", id, member, Past, Imported: false),
            new ReactionAdded(id, member, "like", Past),
            new ContentShared(id, member, "link", Past),
            new FeedbackGiven(id, member, 5, Past),
            new TopicOpened(id, member, "question", Past, Imported: false),
            new ReplyPosted(id, id, member, Past, Imported: false),
            new VoteCast(id, "topic", id, author, member, 1, Past, Imported: false),
            new OrderPaid(id, member, [], 9900, "CNY", Past),
            // No activity: joining; nor is what nobody known did.
            new MemberJoined(member, Past, Imported: false)
        ];
        object[] doerless =
        [
            new OrderPaid(AnalyticsHost.NewId(), member, [new OrderLine(id, "renewal", id, 1, 9900, "CNY")], 9900, "CNY", Past), // the clock did it
            new VoteCast(id, "topic", id, author, null, 1, Past, Imported: true),
            new CommentPosted(id, "topic", id, null, Past, Imported: true),
            new TopicOpened(id, null, "question", Past, Imported: true),
            new ReplyPosted(id, id, null, Past, Imported: true)
        ];
        var messages = facts.Select(fact => (Id: AnalyticsHost.NewId(), fact)).ToList();
        await analytics.Publish([.. doerless.Select(fact => (AnalyticsHost.NewId(), fact)), .. messages, .. messages, .. messages]);
        await analytics.Consumed(messages.ConvertAll(message => message.Id));
        await analytics.Projected();

        Assert.Equal(
            "comment=1 content=1 feedback=1 order=1 reaction=1 reply=1 share=1 topic=1 view=1 vote=1", await analytics.Scalar<string>(Kinds, member));
        Assert.Equal("", await analytics.Scalar<string>(Kinds, author));
    }

    [Fact]
    public async Task One_message_a_hundred_times_is_one_activity()
    {
        var member = AnalyticsHost.NewId();
        var message = AnalyticsHost.NewId();
        await analytics.Publish(Enumerable.Repeat((message, (object)new ContentViewed(member, member, Past)), 100));
        await analytics.Consumed([message]);
        await analytics.Projected();

        Assert.Equal("view=1", await analytics.Scalar<string>(Kinds, member));
        Assert.Equal(1, await analytics.Scalar<long>("select count(*) from mt_events where (data->>'memberId')::uuid = $1", member));
    }

    [Fact]
    public async Task A_batch_of_a_client_counts_once_for_its_key()
    {
        var member = AnalyticsHost.NewId();
        using var client = analytics.Member(member);
        var now = TimeProvider.System.GetUtcNow();
        var batch = new
        {
            activities = Enumerable.Range(0, 500).Select(i => new { kind = i < 300 ? "view" : "share", subjectId = i % 2 == 0 ? member : (Guid?)null, at = now.AddSeconds(-i) })
        };

        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/activities") { Content = JsonContent.Create(batch) };
            request.Headers.Add("Idempotency-Key", "batch-1");
            using var answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        await analytics.Projected();
        Assert.Equal("share=200 view=300", await analytics.Scalar<string>(Kinds, member));
    }

    [Theory]
    [InlineData("""{"activities":[]}""")]
    [InlineData("""{"activities":null}""")]
    [InlineData("""{"activities":[null]}""")]
    [InlineData("""{"activities":[{"kind":"view"}]}""")]
    [InlineData("""{"activities":[{"kind":"sleeping","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"badge","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":null,"at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"order","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"registration","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"checkIn","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"lesson","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"booking","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"redemption","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"content","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"topic","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"reply","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"comment","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"reaction","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"vote","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"feedback","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"$now"},{"kind":"order","at":"$now"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"$now"},null]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"$now","subjectId":"00000000-0000-0000-0000-000000000000"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"yesterday"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"2999-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"2001-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"0001-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"activities":[{"kind":"view","at":"$now","subjectId":"7"}]}""")]
    [InlineData("""{"activities":{}}""")]
    [InlineData("""[1,2""")]
    public async Task What_is_no_batch_of_activities_is_refused(string body)
    {
        using var client = analytics.Member(AnalyticsHost.NewId());
        using var content = new StringContent(
            body.Replace("$now", TimeProvider.System.GetUtcNow().UtcDateTime.ToString("O"), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/activities", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_client_tells_what_happens_in_a_client_and_a_search_is_no_activity()
    {
        var member = AnalyticsHost.NewId();
        using var client = analytics.Member(member);
        var at = TimeProvider.System.GetUtcNow();
        using var answer = await client.PostAsJsonAsync("/activities", new { activities = new[] { "view", "click", "share", "search" }.Select(kind => new { kind, at }) });
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);

        await analytics.Projected();
        Assert.Equal("click=1 share=1 view=1", await analytics.Scalar<string>(Kinds, member));
    }

    [Fact]
    public async Task More_than_five_hundred_and_strangers_are_refused()
    {
        using var client = analytics.Member(AnalyticsHost.NewId());
        using var stranger = analytics.Host.Client();
        var one = new { kind = "view", at = TimeProvider.System.GetUtcNow() };
        using var many = await client.PostAsJsonAsync("/activities", new { activities = Enumerable.Repeat(one, 501) });
        using var unknown = await stranger.PostAsJsonAsync("/activities", new { activities = new[] { one } });

        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
    }
}
