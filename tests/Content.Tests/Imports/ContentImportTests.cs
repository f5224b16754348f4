using System.Net;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.Content.Tests.Imports;

public sealed class ContentImportTests(ContentService service)
{
    private static readonly DateTimeOffset Then = new(2025, 3, 4, 8, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task Contents_come_in_as_they_were_published_and_a_second_time_change_nothing()
    {
        var (author, program) = (service.Person("creator"), service.Program("import"));
        JsonObject[] items =
        [
            Content(author.Id, "published", "title", "Pools"), Content(author.Id, "published", "requires", new JsonObject { ["price"] = new JsonObject { ["amount"] = 900, ["currency"] = "CNY" } }),
            Content(author.Id, "submitted"), Content(author.Id, "draft")
        ];
        Assert.Equal((4, 0, ""), Told(await program.Post("/imports/contents", new { items }, HttpStatusCode.OK)));
        Assert.Equal((0, 4, ""), Told(await program.Post("/imports/contents", new { items }, HttpStatusCode.OK)));

        var published = await service.Anybody.Read($"/contents/{items[0].Text("contentId")}");
        Assert.Equal(("Pools", "published", "2025-03-04T08:30:00Z"), (published.Text("title"), published.Text("status"), published.Text("publishedAt")));
        Assert.Equal("preview", (await service.Anybody.Read($"/contents/{items[1].Text("contentId")}")).Text("access"));
        Assert.Equal("submitted", (await service.Person("reviewer").Http.Read($"/contents/{items[2].Text("contentId")}")).Text("status"));
        Assert.Equal("draft", (await author.Http.Read($"/contents/{items[3].Text("contentId")}")).Text("status"));
        await service.Anybody.Read($"/contents/{items[2].Text("contentId")}", HttpStatusCode.NotFound);

        var id = items[1].Id("contentId");
        await Eventually.True(() => Task.FromResult(service.Neighbour.Heard.Any(heard =>
            heard.Fact is Contracts.ContentPublished { Price: { Amount: 900, Currency: "CNY" } } told && told.ContentId == id && told.At == Then)), "the imported content to be said aloud");

        // What its author has done with it since stays.
        await author.Http.Send(HttpMethod.Delete, $"/contents/{id}/publication", null, HttpStatusCode.NoContent);
        Assert.Equal((0, 4, ""), Told(await program.Post("/imports/contents", new { items }, HttpStatusCode.OK)));
        Assert.Equal("unpublished", (await author.Http.Read($"/contents/{id}")).Text("status"));
    }

    [Fact]
    public async Task What_readers_did_comes_in_once_and_what_they_took_back_stays_taken_back()
    {
        var (program, reader) = (service.Program("import"), service.Person("member"));
        var content = Content(New(), "published");
        await program.Post("/imports/contents", new { items = new[] { content } }, HttpStatusCode.OK);
        var id = content.Id("contentId");
        var (view, share) = (Did(id, reader.Id), Did(id, reader.Id, ("channel", "wechat")));
        var (reaction, feedback) = (Did(id, reader.Id, ("kind", "insightful")), Did(id, reader.Id, ("rating", 4), ("text", "Clear.")));

        foreach (var (what, item) in new[] { ("views", view), ("shares", share), ("reactions", reaction), ("feedback", feedback) })
        {
            Assert.Equal((1, 0, ""), Told(await program.Post($"/imports/{what}", new { items = new[] { item } }, HttpStatusCode.OK)));
            Assert.Equal((0, 1, ""), Told(await program.Post($"/imports/{what}", new { items = new[] { item } }, HttpStatusCode.OK)));
        }

        var heard = new Func<object, bool>[]
        {
            fact => fact is Contracts.ContentViewed v && v == new Contracts.ContentViewed(id, reader.Id, Then.AddHours(1)),
            fact => fact is Contracts.ReactionAdded r && r == new Contracts.ReactionAdded(id, reader.Id, "insightful", Then.AddHours(1)),
            fact => fact is Contracts.FeedbackGiven f && f == new Contracts.FeedbackGiven(id, reader.Id, 4, Then.AddHours(1))
        };
        await Eventually.True(() => Task.FromResult(heard.All(wanted => service.Neighbour.Heard.Count(told => wanted(told.Fact)) == 1)), "each to be said aloud once, with its instant");
        Assert.Equal(1, await Insightful());
        await reader.Http.Send(HttpMethod.Delete, $"/contents/{id}/reactions/insightful", null, HttpStatusCode.NoContent);
        await reader.Http.Post($"/contents/{id}/feedback", new { rating = 2 }, HttpStatusCode.NoContent);
        Assert.Equal((0, 1, ""), Told(await program.Post("/imports/reactions", new { items = new[] { reaction } }, HttpStatusCode.OK)));
        Assert.Equal((0, 1, ""), Told(await program.Post("/imports/feedback", new { items = new[] { feedback } }, HttpStatusCode.OK)));
        Assert.Equal(0, await Insightful());

        async Task<int> Insightful() => (await service.Anybody.Read($"/contents/{id}/reactions"))["items"]!.AsArray()
            .Single(kind => kind!.Text("kind") == "insightful")!["count"]!.GetValue<int>();
    }

    [Fact]
    public async Task Each_item_has_its_own_verdict()
    {
        var (program, author) = (service.Program("import"), New());
        var good = Content(author, "published");
        Assert.Equal((1, 0, "invalid invalid invalid invalid own-content text-too-complex already-different"), Told(await program.Post("/imports/contents", new
        {
            items = new[]
            {
                good, Content(author, "published", "at", "2999-01-01T00:00:00Z"), Content(author, "published", "title", " "), Content(author, "published", "quality", 9),
                Content(author, "published", "requires", new JsonObject { ["price"] = new JsonObject { ["amount"] = 0, ["currency"] = "CNY" } }),
                Content(author, "published", "reviewerId", author), Content(author, "published", "body", new string('>', 200)), Content(New(), "published", "contentId", good.Text("contentId"))
            }
        }, HttpStatusCode.OK)));

        var id = good.Id("contentId");
        Assert.Equal((1, 0, "unknown-subject own-content"), Told(await program.Post("/imports/views", new { items = new[] { Did(id, Guid.Parse(New())), Did(Guid.Parse(New()), Guid.Parse(New())), Did(id, Guid.Parse(author)) } }, HttpStatusCode.OK)));
        Assert.Equal((0, 0, "invalid"), Told(await program.Post("/imports/feedback", new { items = new[] { Did(id, Guid.Parse(New()), ("rating", 6)) } }, HttpStatusCode.OK)));
        await service.Person("owner").Http.Post("/imports/contents", new { items = new[] { good } }, HttpStatusCode.Forbidden);
    }

    private static JsonObject Content(object author, string status, string? name = null, JsonNode? value = null)
    {
        var content = new JsonObject
        {
            ["contentId"] = New(),
            ["authorId"] = author.ToString(),
            ["title"] = "Connection pools",
            ["topic"] = "PostgreSQL",
            ["format"] = "article",
            ["body"] = "A pool is a queue.\n\nIt is small.",
            ["tags"] = new JsonArray("postgres"),
            ["status"] = status,
            ["at"] = "2025-03-04T08:30:00Z"
        };

        if (name is not null)
        {
            content[name] = value;
        }

        return content;
    }

    private static JsonObject Did(Guid content, Guid member, params (string Name, JsonNode Value)[] more)
    {
        var did = new JsonObject { ["id"] = New(), ["contentId"] = content.ToString(), ["memberId"] = member.ToString(), ["at"] = "2025-03-04T09:30:00Z" };

        foreach (var (name, value) in more)
        {
            did[name] = value;
        }

        return did;
    }

    private static (int Taken, int Already, string Refused) Told(JsonObject told) => (
        told["taken"]!.GetValue<int>(), told["already"]!.GetValue<int>(), string.Join(' ', told["refused"]!.AsArray().Select(refused => refused!.Text("code"))));

    private static string New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();
}
