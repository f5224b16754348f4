using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using Community.Analytics.Recommendations;
using Community.Analytics.Tests.Activity;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Testing;
using Npgsql;

namespace Community.Analytics.Tests.Recommendations;

public sealed class RecommendationTests(AnalyticsHost analytics, ITestOutputHelper output) : IClassFixture<AnalyticsHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_is_recommended_what_readers_of_the_same_read_and_nothing_of_ones_own_read_or_dismissed()
    {
        var now = TimeProvider.System.GetUtcNow();
        var (reader, author) = (AnalyticsHost.NewId(), AnalyticsHost.NewId());
        var others = Enumerable.Range(0, 6).Select(_ => AnalyticsHost.NewId()).ToList();
        var contents = Enumerable.Range(0, 8).Select(_ => AnalyticsHost.NewId()).ToList();
        var facts = contents.Select((id, i) => (object)new ContentPublished(id, i == 3 ? reader : author, $"Piece {i}", i < 7 ? "databases" : "compilers", "article", 4, null, now.AddDays(-9))).ToList();
        void Read(Guid member, params int[] pieces) => facts.AddRange(pieces.Select(piece => (object)new ContentViewed(contents[piece], member, now.AddHours(-1))));
        Read(reader, 0);
        others.Take(3).ToList().ForEach(member => Read(member, 0, 1, 3, 4, 5));
        Read(others[3], 0, 2, 6);
        others.Skip(4).ToList().ForEach(member => Read(member, 7));
        await analytics.Publish(facts.Select(fact => (AnalyticsHost.NewId(), fact)));
        using var client = analytics.Member(reader);
        var items = await Eventually.Value(
            () => Items(client, reader), list => list.Count == 4 && list.Contains((contents[7], "popular", null)), "the neighbours to be found");

        // Of one topic three at most, the nearest first; what is not near is popular.
        Assert.Equal(contents.Take(6).Where((_, i) => i is 1 or 4 or 5).Select(id => (id, (string?)"because-you-read", (Guid?)contents[0])).ToHashSet(), items.Take(3).ToHashSet());
        Assert.Equal((contents[7], "popular", null), items[3]);

        using var dismissed = await client.PutAsync($"/recommendations/dismissals/{contents[1]}", null, Ct);
        Assert.Equal(HttpStatusCode.NoContent, dismissed.StatusCode);
        var without = await Items(client, reader);
        Assert.DoesNotContain(without, item => item.Content == contents[1]);
        Assert.Equal(4, without.Count); // another one has its place
        using var undismissed = await client.DeleteAsync($"/recommendations/dismissals/{contents[1]}", Ct);
        Assert.Contains(await Items(client, reader), item => item.Content == contents[1]);

        // Who has read nothing gets what is popular; and nobody is told another's.
        using var stranger = analytics.Member(author);
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync($"/recommendations/members/{reader}", Ct)).StatusCode);
        using var newcomer = analytics.Member(AnalyticsHost.NewId());
        using var all = analytics.Operator;
        Assert.All(await Items(all, AnalyticsHost.NewId()), item => Assert.Equal("popular", item.Reason));
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync($"/recommendations/members/{reader}?limit=0", Ct)).StatusCode);

        // Dismissals are of contents that there are, and go with who is erased.
        using var again = await client.PutAsync($"/recommendations/dismissals/{contents[1]}", null, Ct);
        using var nothing = await client.PutAsync($"/recommendations/dismissals/{AnalyticsHost.NewId()}", null, Ct);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (again.StatusCode, nothing.StatusCode));
        Assert.Equal(1, await Dismissals(reader));
        var erased = AnalyticsHost.NewId();
        await analytics.Publish([(erased, new MemberErased(reader, 1, now))]);
        await analytics.Consumed([erased]);
        await Eventually.True(async () => await Dismissals(reader) == 0, "the dismissals to be forgotten");
    }

    private Task<long> Dismissals(Guid member) => analytics.Scalar<long>("select count(*) from content_dismissals where member_id = $1", member);

    /// <summary>Two tastes: the next item of each member is one of the own taste, which popularity cannot know.</summary>
    [Fact]
    public async Task The_evaluation_finds_a_taste_where_there_is_one()
    {
        var random = new Random(15);
        var log = from member in Enumerable.Range(0, 200)
                  from i in Enumerable.Range(0, 8)
                  select ($"m{member}", $"{member % 10}-{random.Next(12)}", DateTimeOffset.UnixEpoch.AddDays(i));
        var result = await Evaluate(log);

        Assert.Equal(200, result.Members);
        Assert.True(result.Mixed.Precision > 3 * result.Popularity.Precision, $"{result}");
        Assert.True(result.Mixed.Ndcg > 3 * result.Popularity.Ndcg, $"{result}");
        Assert.InRange(result.Mixed.Precision, 0.05, 0.1);
    }

    /// <summary>Topics as items, questions, replies and comments as interactions.</summary>
    [Fact]
    public async Task The_mix_beats_popularity_for_the_members_of_a_real_community()
    {
        var data = FigureTests.Data("stackexchange-ai");
        Assert.SkipWhen(data is null, "shared/data/stackexchange-ai is in no directory above this one.");
        var posts = Rows(data, "Posts").ToList();
        var topics = posts.ToDictionary(post => (string)post.Attribute("Id")!, post => (string?)post.Attribute("ParentId") ?? (string)post.Attribute("Id")!);
        var log = posts.Select(post => ((string?)post.Attribute("OwnerUserId"), topics[(string)post.Attribute("Id")!], At(post)))
            .Concat(Rows(data, "Comments").Where(comment => topics.ContainsKey((string)comment.Attribute("PostId")!))
                .Select(comment => ((string?)comment.Attribute("UserId"), topics[(string)comment.Attribute("PostId")!], At(comment))))
            .Where(row => row.Item1 is not null and not "-1").Select(row => (row.Item1!, row.Item2, row.Item3));
        var result = await Evaluate(log);
        output.WriteLine($"{result}");

        Assert.True(result.Members > 200, $"{result}");
        Assert.True(result.Mixed.Precision > 2 * result.Popularity.Precision, $"{result}");
        Assert.True(result.Mixed.Ndcg > 2 * result.Popularity.Ndcg, $"{result}");

        static DateTimeOffset At(XElement row) => DateTimeOffset.Parse((string)row.Attribute("CreationDate")! + "Z", CultureInfo.InvariantCulture);
    }

    private async Task<EvaluationResult> Evaluate(IEnumerable<(string, string, DateTimeOffset)> log)
    {
        await using var database = NpgsqlDataSource.Create(analytics.Host.Database);

        return await Evaluation.Of(database, log, Ct);
    }

    private static async Task<List<(Guid Content, string? Reason, Guid? Because)>> Items(HttpClient client, Guid member) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/recommendations/members/{member}", Ct)).GetProperty("items").EnumerateArray().Select(item => (
            item.GetProperty("contentId").GetGuid(), item.GetProperty("reason").GetString(),
            item.GetProperty("because") is { ValueKind: JsonValueKind.String } because ? because.GetGuid() : (Guid?)null))];

    private static IEnumerable<XElement> Rows(string directory, string part)
    {
        using var text = new GZipStream(File.OpenRead(Path.Combine(directory, $"{part}.xml.gz")), CompressionMode.Decompress);

        return [.. XDocument.Load(text).Root!.Elements("row")];
    }
}
