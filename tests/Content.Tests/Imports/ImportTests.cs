using System.Net;
using System.Text.Json.Nodes;

namespace Community.Content.Tests.Imports;

public sealed class ImportTests(ContentService service)
{
    private static readonly DateTimeOffset Then = new(2016, 8, 2, 15, 39, 14, 947, TimeSpan.Zero);

    [Fact]
    public async Task What_comes_in_twice_is_there_once()
    {
        var (topics, replies, comments, votes, accepted) = Community(20);
        var program = service.Program("import");

        foreach (var (path, items) in new[] { ("topics", topics), ("replies", replies), ("comments", comments), ("votes", votes), ("accepted-replies", accepted) })
        {
            Assert.Equal((20, 0, 0), Counts(await program.Post($"/imports/{path}", new { items }, HttpStatusCode.OK)));
            Assert.Equal((0, 20, 0), Counts(await program.Post($"/imports/{path}", new { items }, HttpStatusCode.OK)));
        }

        var topic = await service.Anybody.Read($"/topics/{topics[0].Text("topicId")}");
        Assert.Equal(("2016-08-02T15:39:14.947Z", "html", "<p>Q0</p>"), (topic.Text("at"), topic.Text("bodyFormat"), topic.Text("body")));
        Assert.Null(topic["authorId"]);
        Assert.Equal((1, replies[0].Text("replyId")), (topic["replyCount"]!.GetValue<int>(), topic.Text("acceptedReplyId")));
        Assert.Equal(1, topic["replies"]![0]!["votes"]!.GetValue<int>());

        var id = topics[0].Id("topicId");
        await Eventually.True(
            () => Task.FromResult(service.Neighbour.Heard.Any(heard => heard.Fact is Contracts.TopicOpened { Imported: true, AuthorId: null } t && t.TopicId == id && t.At == Then)), "the imported topic to be said aloud");
    }

    [Fact]
    public async Task Overlapping_imports_at_once_take_each_fact_once()
    {
        var (topics, replies, _, votes, _) = Community(100);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            service.Program("import").Post("/imports/topics", new { items = topics.Skip(i * 10).Take(50) }, HttpStatusCode.OK)));
        Assert.All(answers, answer => Assert.Equal(50, Counts(answer).Taken + Counts(answer).Already));
        Assert.Equal(100, answers.Sum(answer => Counts(answer).Taken));

        answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => service.Program("import").Post("/imports/replies", new { items = replies }, HttpStatusCode.OK)));
        Assert.Equal((100, 500), (answers.Sum(answer => Counts(answer).Taken), answers.Sum(answer => Counts(answer).Already)));
        answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => service.Program("import").Post("/imports/votes", new { items = votes }, HttpStatusCode.OK)));
        Assert.Equal((100, 500), (answers.Sum(answer => Counts(answer).Taken), answers.Sum(answer => Counts(answer).Already)));
    }

    [Fact]
    public async Task Each_item_has_its_own_verdict()
    {
        var program = service.Program("import");
        var (topics, replies, comments, votes, accepted) = Community(2);
        await program.Post("/imports/topics", new { items = topics }, HttpStatusCode.OK);
        var other = With(topics[0], "body", "<p>Other</p>");
        var late = With(With(topics[0], "topicId", New()), "at", "2999-01-01T00:00:00Z");
        var untitled = With(With(topics[0], "topicId", New()), "title", " ");
        var answer = await program.Post("/imports/topics", new { items = new[] { other, topics[1], late, untitled } }, HttpStatusCode.OK);
        Assert.Equal((0, 1, 3), Counts(answer));
        Assert.Equal(
            [(other.Text("topicId"), "already-different"), (late.Text("topicId"), "invalid"), (untitled.Text("topicId"), "invalid")],
            answer["refused"]!.AsArray().Select(refused => (refused!.Text("id"), refused!.Text("code"))).OrderBy(r => r.Item2 == "invalid"));
        Assert.Equal("<p>Q0</p>", (await service.Anybody.Read($"/topics/{topics[0].Text("topicId")}")).Text("body"));

        var orphan = With(With(replies[0], "replyId", New()), "topicId", New());
        answer = await program.Post("/imports/replies", new { items = new[] { orphan, replies[0], replies[0], replies[1] } }, HttpStatusCode.OK);
        Assert.Equal((2, 1, 1), Counts(answer));
        Assert.Equal((orphan.Text("replyId"), "unknown-subject"), (answer["refused"]![0]!.Text("id"), answer["refused"]![0]!.Text("code")));

        answer = await program.Post("/imports/comments", new { items = new[] { comments[0], With(comments[1], "subjectKind", "reply"), With(With(comments[1], "commentId", New()), "subjectId", New()) } }, HttpStatusCode.OK);
        Assert.Equal((1, 0, 2), Counts(answer));
        answer = await program.Post("/imports/votes", new { items = new[] { votes[0], With(votes[0], "value", -1), With(votes[1], "value", 3) } }, HttpStatusCode.OK);
        Assert.Equal((1, 0, 2), Counts(answer));
        answer = await program.Post("/imports/accepted-replies", new { items = new[] { With(accepted[0], "replyId", replies[1].Text("replyId")), accepted[0] } }, HttpStatusCode.OK);
        Assert.Equal((1, 0, 1), Counts(answer));
    }

    [Fact]
    public async Task An_id_of_zeros_is_refused_by_itself_and_a_null_item_with_its_batch()
    {
        var program = service.Program("import");
        var (topics, replies, comments, votes, accepted) = Community(2);
        var zero = $"{Guid.Empty}";

        foreach (var (path, items, ids) in new[]
        {
            ("topics", topics, new[] { "topicId", "authorId" }), ("replies", replies, ["replyId", "topicId", "authorId"]),
            ("comments", comments, ["commentId", "subjectId", "authorId"]), ("votes", votes, ["voteId", "subjectId", "voterId"]),
            ("accepted-replies", accepted, ["topicId", "replyId"])
        })
        {
            await program.Post($"/imports/{path}", new { items = new JsonNode?[] { items[0].DeepClone(), null } }, HttpStatusCode.BadRequest);
            var answer = await program.Post($"/imports/{path}", new { items = ids.Select(id => With(items[0], id, zero)).Append(items[0]).Append(items[1]) }, HttpStatusCode.OK);
            Assert.Equal((2, 0, ids.Length), Counts(answer)); // none was stored with the null
        }
    }

    [Fact]
    public async Task What_is_shown_of_an_import_can_do_no_harm()
    {
        var program = service.Program("import");
        var (topics, replies, comments, _, _) = Community(1);
        const string harm = "<p onclick=\"x()\">Safe <b>bold</b><script>steal()</script><img src=x onerror=steal()><a href=\"javascript:steal()\">link</a><svg><script>steal()</script></svg>&lt;script&gt;</p>";
        await program.Post("/imports/topics", new { items = new[] { With(topics[0], "body", harm) } }, HttpStatusCode.OK);
        await program.Post("/imports/replies", new { items = new[] { With(replies[0], "body", harm) } }, HttpStatusCode.OK);
        await program.Post("/imports/comments", new { items = new[] { With(comments[0], "body", harm) } }, HttpStatusCode.OK);
        var topic = $"/topics/{topics[0].Text("topicId")}";
        var reply = $"{topic}/replies/{replies[0].Text("replyId")}";
        string[] bodies =
        [
            (await service.Anybody.Read(topic)).Text("body"), (await service.Anybody.Read(topic))["replies"]![0]!.Text("body"),
            (await service.Anybody.Read($"{topic}/replies"))["items"]![0]!.Text("body"), (await service.Anybody.Read(reply)).Text("body"),
            (await service.Anybody.Read($"{topic}/comments"))["items"]![0]!.Text("body"),
            (await service.Anybody.Read($"/comments/{comments[0].Text("commentId")}")).Text("body")
        ];

        foreach (var body in bodies)
        {
            Assert.Contains("Safe <b>bold</b>", body, StringComparison.Ordinal);
            Assert.Contains("&lt;script&gt;", body, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", body, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("steal", body, StringComparison.Ordinal);
            Assert.DoesNotContain("onclick", body, StringComparison.Ordinal);
            Assert.DoesNotContain("javascript:", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Only_a_token_for_imports_imports_and_only_what_is_a_batch()
    {
        var (topics, _, _, _, _) = Community(1);
        await service.Anybody.Post("/imports/topics", new { items = topics }, HttpStatusCode.Unauthorized);
        await service.Person("owner").Http.Post("/imports/topics", new { items = topics }, HttpStatusCode.Forbidden);
        await service.Program("read", "write").Post("/imports/topics", new { items = topics }, HttpStatusCode.Forbidden);
        var program = service.Program("import");

        foreach (var body in new[] { "{", "{}", """{"items":null}""", """{"items":[]}""", """{"items":[null]}""", """{"items":[{}]}""", """{"items":[{"topicId":7}]}""" })
        {
            await program.Post("/imports/topics", body, HttpStatusCode.BadRequest);
        }

        await program.Post("/imports/topics", new { items = Enumerable.Repeat(topics[0], 501) }, HttpStatusCode.BadRequest);
        await program.Post("/imports/topics", $$"""{"items":[],"pad":"{{new string('x', 11_000_000)}}"}""", HttpStatusCode.RequestEntityTooLarge);
        // A batch larger than other bodies may be.
        var large = Enumerable.Range(0, 40).Select(i => With(With(topics[0], "topicId", New()), "body", new string('x', 90_000))).ToArray();
        Assert.Equal((40, 0, 0), Counts(await program.Post("/imports/topics", new { items = large }, HttpStatusCode.OK)));
    }

    private static (int Taken, int Already, int Refused) Counts(JsonObject told) =>
        (told["taken"]!.GetValue<int>(), told["already"]!.GetValue<int>(), told["refused"]!.AsArray().Count);

    /// <summary>Questions, an answer to each, a comment on each question, a vote on and the acceptance of each answer.</summary>
    private static (JsonObject[] Topics, JsonObject[] Replies, JsonObject[] Comments, JsonObject[] Votes, JsonObject[] Accepted) Community(int size)
    {
        JsonObject[] Each(Func<int, JsonObject> make) => [.. Enumerable.Range(0, size).Select(make)];
        var at = "2016-08-02T15:39:14.947Z";
        var topics = Each(i => new() { ["topicId"] = New(), ["kind"] = "question", ["authorId"] = i % 2 == 0 ? null : New(), ["title"] = $"Q{i}", ["body"] = $"<p>Q{i}</p>", ["tags"] = new JsonArray("ai"), ["at"] = at });
        var replies = Each(i => new() { ["replyId"] = New(), ["topicId"] = topics[i].Text("topicId"), ["authorId"] = New(), ["body"] = "<p>A</p>", ["at"] = at });

        return (
            topics,
            replies,
            Each(i => new() { ["commentId"] = New(), ["subjectKind"] = "topic", ["subjectId"] = topics[i].Text("topicId"), ["authorId"] = null, ["body"] = "C", ["at"] = at }),
            Each(i => new() { ["voteId"] = New(), ["subjectKind"] = "reply", ["subjectId"] = replies[i].Text("replyId"), ["voterId"] = null, ["value"] = 1, ["at"] = at }),
            Each(i => new() { ["topicId"] = topics[i].Text("topicId"), ["replyId"] = replies[i].Text("replyId"), ["at"] = at }));
    }

    private static JsonObject With(JsonObject item, string name, JsonNode value)
    {
        var copy = (JsonObject)item.DeepClone();
        copy[name] = value;

        return copy;
    }

    private static string New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();
}
