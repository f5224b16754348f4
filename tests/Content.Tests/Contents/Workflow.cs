using System.Net;
using System.Text.Json.Nodes;

namespace Community.Content.Tests.Contents;

public sealed class Workflow(ContentService service)
{
    internal const string Body = "第一段。 The first paragraph.\n\nSECRET second paragraph.";

    internal static object NewContent(object? requires = null, string body = Body) =>
        new { title = "事件溯源入门", topic = "architecture", format = "article", body, tags = new[] { "events" }, requires, plannedFor = "2026-12-01" };

    [Fact]
    public async Task From_draft_to_publication_and_back()
    {
        var (author, reviewer, reader) = (service.Person("creator"), service.Person("reviewer"), service.Person());
        var draft = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        var path = draft.Text("location");
        Assert.Equal($"/contents/{draft.Text("contentId")}", path);
        Assert.Equal(("draft", "full", "2026-12-01"), (draft.Text("status"), draft.Text("access"), draft.Text("plannedFor")));

        await reader.Http.Read(path, HttpStatusCode.NotFound);
        await service.Anybody.Read(path, HttpStatusCode.NotFound);
        Assert.Equal("draft", (await reviewer.Http.Read(path)).Text("status"));

        await author.Http.Post($"{path}/publication", null, HttpStatusCode.Conflict);
        Assert.Equal("submitted", (await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK)).Text("status"));
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "changesRequested", quality = 2, notes = "Too short." }, HttpStatusCode.OK);
        await author.Http.Send(HttpMethod.Patch, path, new { title = "事件溯源" }, HttpStatusCode.OK);
        await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK);
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "approved", quality = 5, notes = "Good." }, HttpStatusCode.OK);
        Assert.Equal("published", (await author.Http.Post($"{path}/publication", null, HttpStatusCode.OK)).Text("status"));

        var seen = await service.Anybody.Read(path);
        Assert.Equal(("事件溯源", "full", Body), (seen.Text("title"), seen.Text("access"), seen.Text("body")));
        Assert.Null(seen["reviews"]);
        Assert.Equal(["Too short.", "Good."], (await author.Http.Read(path))["reviews"]!.AsArray().Select(review => review!.Text("notes")));

        var id = draft.Id("contentId");
        var (_, fact) = await Eventually.Value(
            () => Task.FromResult(service.Neighbour.Heard.LastOrDefault(heard => heard.Fact is Contracts.ContentPublished p && p.ContentId == id)),
            heard => heard.Fact is not null, "the publication to be said aloud");
        var published = Assert.IsType<Contracts.ContentPublished>(fact);
        Assert.Equal((author.Id, "事件溯源", "architecture", "article", 5, null), (published.AuthorId, published.Title, published.Topic, published.Format, published.Quality, published.Price));

        await author.Http.Send(HttpMethod.Delete, $"{path}/publication", null, HttpStatusCode.NoContent);
        await reader.Http.Read(path, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Who_may_do_what()
    {
        var (author, reviewer, other, boss) = (service.Person("creator", "reviewer"), service.Person("reviewer"), service.Person("creator"), service.Person("operator"));
        await service.Anybody.Post("/contents", NewContent(), HttpStatusCode.Unauthorized);
        await service.Person().Http.Post("/contents", NewContent(), HttpStatusCode.Forbidden);
        var path = (await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created)).Text("location");

        await other.Http.Send(HttpMethod.Patch, path, new { title = "Mine" }, HttpStatusCode.NotFound);
        await reviewer.Http.Send(HttpMethod.Patch, path, new { title = "Mine" }, HttpStatusCode.Forbidden);
        await other.Http.Post($"{path}/submission", null, HttpStatusCode.NotFound);
        await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK);

        var review = new { verdict = "approved", quality = 5, notes = "" };
        await author.Http.Post($"{path}/reviews", review, HttpStatusCode.Forbidden);
        await other.Http.Post($"{path}/reviews", review, HttpStatusCode.Forbidden);
        await reviewer.Http.Post($"{path}/reviews", review, HttpStatusCode.OK);
        await other.Http.Post($"{path}/publication", null, HttpStatusCode.NotFound);
        await reviewer.Http.Post($"{path}/publication", null, HttpStatusCode.Forbidden);
        Assert.Equal("published", (await boss.Http.Post($"{path}/publication", null, HttpStatusCode.OK)).Text("status"));
        await other.Http.Send(HttpMethod.Delete, $"{path}/publication", null, HttpStatusCode.Forbidden);
        await other.Http.Read($"{path}/history", HttpStatusCode.Forbidden);
        await other.Http.Read($"{path}?asOf=2026-01-01T00:00:00Z", HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_stale_version_is_refused()
    {
        var author = service.Person("creator");
        var draft = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        var (path, tag) = (draft.Text("location"), draft.Text("etag"));

        var revised = await author.Http.Send(HttpMethod.Patch, path, new { title = "B" }, HttpStatusCode.OK, ifMatch: tag);
        Assert.NotEqual(tag, revised.Text("etag"));
        await author.Http.Send(HttpMethod.Patch, path, new { title = "C" }, HttpStatusCode.PreconditionFailed, ifMatch: tag);
        Assert.Equal("B", (await author.Http.Read(path)).Text("title"));
    }

    [Fact]
    public async Task A_content_as_it_was_and_how_it_came_about()
    {
        var author = service.Person("creator");
        var draft = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        var path = draft.Text("location");
        await author.Http.Send(HttpMethod.Patch, path, new { title = "B", requires = new { price = new { amount = 100, currency = "CNY" } } }, HttpStatusCode.OK);
        await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK);

        var history = (await author.Http.Read($"{path}/history"))["items"]!.AsArray();
        Assert.Equal(
            ["content-drafted.v1", "content-revised.v1", "content-requirements-set.v1", "content-submitted.v1"],
            history.Select(item => item!.Text("type")));
        Assert.All(history, item => Assert.True(author.Id.ToString() == (string?)item!["by"], item!.ToJsonString()));
        var titles = new List<string>();

        foreach (var at in history.Select(item => item!.Text("at")))
        {
            titles.Add((await author.Http.Read($"{path}?asOf={Uri.EscapeDataString(at)}")).Text("title"));
        }

        Assert.Equal(["事件溯源入门", "B", "B", "B"], titles);
        await author.Http.Read($"{path}?asOf=2020-01-01T00:00:00Z", HttpStatusCode.NotFound);
        await author.Http.Read($"{path}?asOf=yesterday", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Lists_show_what_one_may_see_page_by_page()
    {
        var (author, reviewer) = (service.Person("creator"), service.Person("reviewer"));
        var paths = new List<string>();

        for (var i = 0; i < 3; i++)
        {
            paths.Add((await Published(service, author, reviewer)).Text("location"));
        }

        var hidden = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        await Eventually.True(
            async () => (await author.Http.Read($"/contents?author={author.Id}&limit=10"))["items"]!.AsArray().Count == 3
                && (await author.Http.Read("/contents?status=draft"))["items"]!.AsArray().Count == 1, "the lists to follow");

        var first = await service.Anybody.Read($"/contents?author={author.Id}&limit=2");
        var second = await service.Anybody.Read($"/contents?author={author.Id}&limit=2&after={first.Text("next")}");
        Assert.Null(second["next"]);
        Assert.Equal(
            Enumerable.Reverse(paths),
            first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(item => $"/contents/{item!.Text("contentId")}"));
        Assert.Equal("第一段。 The first paragraph.", first["items"]![0]!.Text("excerpt"));

        // Narrowed by what it is and what it is about.
        var topic = first["items"]![0]!.Text("topic");
        Assert.Equal(3, (await service.Anybody.Read($"/contents?author={author.Id}&format=article&topic={Uri.EscapeDataString(topic)}"))["items"]!.AsArray().Count);
        Assert.Empty((await service.Anybody.Read($"/contents?author={author.Id}&format=video"))["items"]!.AsArray());
        Assert.Empty((await service.Anybody.Read($"/contents?author={author.Id}&topic=another"))["items"]!.AsArray());

        Assert.Empty((await service.Person().Http.Read("/contents?status=draft"))["items"]!.AsArray());
        Assert.Contains(
            hidden.Text("contentId"),
            (await reviewer.Http.Read($"/contents?status=draft&author={author.Id}"))["items"]!.AsArray().Select(item => item!.Text("contentId")));
        await service.Anybody.Read("/contents?status=draft", HttpStatusCode.Unauthorized);
        await service.Anybody.Read("/contents?limit=101", HttpStatusCode.BadRequest);
        await service.Anybody.Read("/contents?after=nonsense", HttpStatusCode.BadRequest);
        await service.Anybody.Read("/contents?status=nonsense", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_repeated_request_drafts_once()
    {
        var author = service.Person("creator");
        author.Http.DefaultRequestHeaders.Add("Idempotency-Key", "draft-1");
        var first = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        var second = await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created);
        Assert.Equal(first.Text("contentId"), second.Text("contentId"));
        await author.Http.Post("/contents", NewContent(body: "Other"), HttpStatusCode.Conflict);
    }

    public static TheoryData<string> Malformed => new(
        "{",
        "[]",
        "null",
        """{"title":"T","topic":"t","format":"article"}""",
        """{"title":7,"topic":"t","format":"article","body":"b"}""",
        """{"title":" ","topic":"t","format":"article","body":"b"}""",
        """{"title":"T","topic":"t","format":"scroll","body":"b"}""",
        """{"title":"T","topic":"t","format":1,"body":"b"}""",
        """{"title":"T\u0000","topic":"t","format":"article","body":"b"}""",
        """{"title":"T","topic":"t","format":"article","body":"b\u0000"}""",
        """{"title":"T","topic":"t","format":"article","body":"\ud800"}""",
        """{"title":"T","topic":"t","format":"article","body":"b","tags":[null]}""",
        """{"title":"T","topic":"t","format":"article","body":"b","tags":["a","b","c","d","e","f","g","h","i","j","k"]}""",
        """{"title":"T","topic":"t","format":"article","body":"b","plannedFor":"soon"}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":-1,"currency":"CNY"}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":0,"currency":"CNY"}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":99999999999999999999,"currency":"CNY"}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":1.5,"currency":"CNY"}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":100,"currency":"ZZZ"}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"price":{"amount":100}}}""",
        """{"title":"T","topic":"t","format":"article","body":"b","requires":{"level":-3}}""");

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_no_draft_is_refused(string body) =>
        await service.Person("creator").Http.Post("/contents", body, HttpStatusCode.BadRequest);

    [Fact]
    public async Task Other_bad_input_is_refused()
    {
        var author = service.Person("creator");
        await author.Http.Post("/contents", NewContent(body: new string('x', 100_001)), HttpStatusCode.BadRequest);
        await author.Http.Post("/contents", NewContent(body: new string('x', 1_200_000)), HttpStatusCode.RequestEntityTooLarge);
        await author.Http.Read("/contents/7", HttpStatusCode.NotFound);
        await author.Http.Read($"/contents/{Guid.Empty}", HttpStatusCode.NotFound);
        await author.Http.Post($"/contents/{Guid.Empty}/submission", null, HttpStatusCode.NotFound);
        var path = (await author.Http.Post("/contents", NewContent(), HttpStatusCode.Created)).Text("location");
        await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK);
        var reviewer = service.Person("reviewer");
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "fine", quality = 5 }, HttpStatusCode.BadRequest);
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "approved", quality = 6 }, HttpStatusCode.BadRequest);
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "approved" }, HttpStatusCode.BadRequest);
        await author.Http.Send(HttpMethod.Patch, path, new { title = "" }, HttpStatusCode.BadRequest);
    }

    /// <summary>A content that went the whole way.</summary>
    internal static async Task<JsonObject> Published(ContentService service, Person author, Person reviewer, object? requires = null)
    {
        var draft = await author.Http.Post("/contents", NewContent(requires), HttpStatusCode.Created);
        var path = draft.Text("location");
        await author.Http.Post($"{path}/submission", null, HttpStatusCode.OK);
        await reviewer.Http.Post($"{path}/reviews", new { verdict = "approved", quality = 4, notes = "" }, HttpStatusCode.OK);
        await author.Http.Post($"{path}/publication", null, HttpStatusCode.OK);

        return draft;
    }
}
