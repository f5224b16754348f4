using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Community.Importer.Tests;

/// <summary>The mapping of the real dump, against what its lines say when they are read as text.</summary>
public class RealDumpTests
{
    private static readonly SourceIds _ids = new("test");

    [Fact]
    public async Task Brings_in_all_that_a_plain_count_finds()
    {
        var dump = RealDump.OrSkip();
        await using var community = await RecordingCommunity.Start();

        var import = await Importing.Run(dump.Directory, community.Address, ct: TestContext.Current.CancellationToken);

        var (posts, votes) = (dump.Lines("Posts"), dump.Lines("Votes"));
        var questions = Ids(posts.Where(Is("PostTypeId", "1")));
        var answers = Ids(posts.Where(Is("PostTypeId", "2")));
        var all = Ids(posts);

        Assert.Equal(0, import.Exit);
        Assert.Equal(4930, community.Count("imports/members"));
        Assert.Equal((questions.Count, 604), (community.Count("imports/topics"), questions.Count));
        Assert.Equal((answers.Count, 1004), (community.Count("imports/replies"), answers.Count));
        Assert.Equal((dump.Lines("Comments").Count, 1700), (community.Count("imports/comments"), dump.Lines("Comments").Count));
        Assert.Equal(votes.Count(vote => RealDump.Value(vote, "VoteTypeId") is "2" or "3" && (questions.Contains(Post(vote)) || answers.Contains(Post(vote)))), community.Count("imports/votes"));
        Assert.Equal(posts.Count(post => RealDump.Value(post, "AcceptedAnswerId") is not null), community.Count("imports/accepted-replies"));
        Assert.Equal(dump.Lines("Badges").Count, community.Count("imports/badges"));
        Assert.Equal(2, community.Items("imports/replies").Count(reply => reply.GetProperty("authorId").ValueKind == JsonValueKind.Null));

        var deleted = votes.Count(vote => !all.Contains(Post(vote)));
        Assert.Equal(573, deleted);
        Assert.Contains($"{deleted,8}  votes: on posts that are not in the dump", import.Report, StringComparison.Ordinal);
        Assert.Contains("1  members: the system's own user (-1) is no member", import.Report, StringComparison.Ordinal);
        Assert.Contains("62  other posts: tag wikis", import.Report, StringComparison.Ordinal);
        Assert.Contains("2  answers without author: the account was deleted", import.Report, StringComparison.Ordinal);
        Assert.Contains("285  votes that tell when an answer was accepted", import.Report, StringComparison.Ordinal);
        foreach (var kind in votes.Where(vote => all.Contains(Post(vote))).CountBy(vote => RealDump.Value(vote, "VoteTypeId")!).Where(kind => kind.Key is not ("1" or "2" or "3")))
            Assert.Contains(import.Report.Split('\n'), line => line.StartsWith($"{kind.Value,8}  votes: neither up nor down", StringComparison.Ordinal) && line.EndsWith($"(kind {kind.Key})", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Accounts_for_each_row_once()
    {
        var dump = RealDump.OrSkip();
        await using var community = await RecordingCommunity.Start();

        var import = await Importing.Run(dump.Directory, community.Address, ct: TestContext.Current.CancellationToken);

        Assert.Equal(dump.Lines("Users").Count, Sum("members"));
        Assert.Equal(dump.Lines("Posts").Count, Sum("questions") + Sum("answers") + Sum("other posts"));
        Assert.Equal(dump.Lines("Comments").Count, Sum("comments"));
        Assert.Equal(dump.Lines("Votes").Count, Sum("votes") + 285);
        Assert.Equal(dump.Lines("Badges").Count, Sum("badges"));

        int Sum(string kind) => import.Of(kind) is var (taken, already, leftOut) ? taken + already + leftOut : 0;
    }

    [Fact]
    public async Task Every_field_is_what_its_line_says()
    {
        var dump = RealDump.OrSkip();
        await using var community = await RecordingCommunity.Start();

        await Importing.Run(dump.Directory, community.Address, ct: TestContext.Current.CancellationToken);

        var posts = dump.Lines("Posts").ToDictionary(line => Number(line, "Id"));
        var acceptedOn = dump.Lines("Votes").Where(Is("VoteTypeId", "1")).GroupBy(Post).ToDictionary(votes => votes.Key, votes => At(votes.First(), "CreationDate"));

        foreach (var user in dump.Lines("Users").Where(line => Number(line, "Id") > 0))
        {
            var member = community.Find("imports/members", _ids.Member(Number(user, "Id")));
            Assert.NotNull(member);
            Assert.Equal(RealDump.Value(user, "DisplayName"), Text(member.Value, "displayName"));
            Assert.Equal(At(user, "CreationDate"), At(member.Value, "joinedAt"));
        }

        foreach (var (id, line) in posts.Where(post => Is("PostTypeId", "1")(post.Value)))
        {
            var topic = community.Find("imports/topics", _ids.Post(id));
            Assert.NotNull(topic);
            Assert.Equal("question", Text(topic.Value, "kind"));
            Assert.Equal(RealDump.Value(line, "Title"), Text(topic.Value, "title"));
            Assert.Equal(RealDump.Value(line, "Body"), Text(topic.Value, "body"));
            Assert.Equal(RealDump.Value(line, "Tags"), string.Concat(topic.Value.GetProperty("tags").EnumerateArray().Select(tag => $"<{tag}>")));
            Assert.Equal(Member(line, "OwnerUserId"), Text(topic.Value, "authorId"));
            Assert.Equal(At(line, "CreationDate"), At(topic.Value, "at"));

            if (RealDump.Value(line, "AcceptedAnswerId") is { } accepted)
            {
                var answer = long.Parse(accepted, CultureInfo.InvariantCulture);
                var acceptance = community.Find("imports/accepted-replies", _ids.Post(id));
                Assert.NotNull(acceptance);
                Assert.Equal(_ids.Post(answer), acceptance.Value.GetProperty("replyId").GetGuid());

                var written = At(posts[answer], "CreationDate");
                var expected = acceptedOn.TryGetValue(answer, out var on) && on > written ? on : written;
                Assert.Equal(expected, At(acceptance.Value, "at"));
            }
        }

        foreach (var (id, line) in posts.Where(post => Is("PostTypeId", "2")(post.Value)))
        {
            var reply = community.Find("imports/replies", _ids.Post(id));
            Assert.NotNull(reply);
            Assert.Equal(_ids.Post(Number(line, "ParentId")), reply.Value.GetProperty("topicId").GetGuid());
            Assert.Equal(RealDump.Value(line, "Body"), Text(reply.Value, "body"));
            Assert.Equal(Member(line, "OwnerUserId"), Text(reply.Value, "authorId"));
            Assert.Equal(At(line, "CreationDate"), At(reply.Value, "at"));
        }

        foreach (var line in dump.Lines("Comments"))
        {
            var comment = community.Find("imports/comments", _ids.Comment(Number(line, "Id")));
            Assert.NotNull(comment);
            Assert.Equal(Is("PostTypeId", "1")(posts[Post(line)]) ? "topic" : "reply", Text(comment.Value, "subjectKind"));
            Assert.Equal(_ids.Post(Post(line)), comment.Value.GetProperty("subjectId").GetGuid());
            Assert.Equal(RealDump.Value(line, "Text"), Text(comment.Value, "body"));
            Assert.Equal(Member(line, "UserId"), Text(comment.Value, "authorId"));
            Assert.Equal(At(line, "CreationDate"), At(comment.Value, "at"));
        }

        // Up minus down is the score that the dump tells.
        var scores = community.Items("imports/votes").GroupBy(vote => vote.GetProperty("subjectId").GetGuid()).ToDictionary(votes => votes.Key, votes => votes.Sum(vote => vote.GetProperty("value").GetInt32()));
        foreach (var (id, line) in posts.Where(post => RealDump.Value(post.Value, "PostTypeId") is "1" or "2"))
            Assert.Equal(Number(line, "Score"), scores.GetValueOrDefault(_ids.Post(id)));

        foreach (var line in dump.Lines("Badges"))
        {
            var badge = community.Find("imports/badges", _ids.Badge(Number(line, "Id")));
            Assert.NotNull(badge);
            Assert.Equal(Member(line, "UserId"), Text(badge.Value, "memberId"));
            Assert.Equal(RealDump.Value(line, "Name"), Text(badge.Value, "name"));
            Assert.Equal(RealDump.Value(line, "Class") switch { "1" => "gold", "2" => "silver", _ => "bronze" }, Text(badge.Value, "class"));
            Assert.Equal(At(line, "Date"), At(badge.Value, "at"));
        }
    }

    private static HashSet<long> Ids(IEnumerable<string> lines) => [.. lines.Select(line => Number(line, "Id"))];

    private static Func<string, bool> Is(string attribute, string value) => line => RealDump.Value(line, attribute) == value;

    private static long Post(string line) => Number(line, "PostId");

    private static long Number(string line, string attribute) => long.Parse(RealDump.Value(line, attribute)!, CultureInfo.InvariantCulture);

    private static string? Member(string line, string attribute) => RealDump.Value(line, attribute) is { } id ? _ids.Member(long.Parse(id, CultureInfo.InvariantCulture)).ToString() : null;

    private static string? Text(JsonElement item, string field) => item.GetProperty(field).GetString();

    private static DateTimeOffset At(string line, string attribute) => DateTimeOffset.Parse(RealDump.Value(line, attribute)! + "Z", CultureInfo.InvariantCulture);

    private static DateTimeOffset At(JsonElement item, string field)
    {
        var at = item.GetProperty(field).GetDateTimeOffset();
        Assert.Equal(TimeSpan.Zero, at.Offset);

        return at;
    }
}
