using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Community.Content.Tests.Contents;
using Community.Testing;

namespace Community.Content.Tests.Updates;

public sealed class UpdateTests(ContentService service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_looks_at_a_topic_and_a_content_hears_of_them_and_of_nothing_else()
    {
        var (asker, helper) = (service.Person(), service.Person());
        var content = await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"));
        var topic = await asker.Http.Post("/topics", new { kind = "question", title = "Why?", body = "?" }, HttpStatusCode.Created);
        var other = await asker.Http.Post("/topics", new { kind = "question", title = "Why not?", body = "?" }, HttpStatusCode.Created);
        var (path, subject) = (topic.Text("location"), topic.Id("topicId"));

        using var answer = await service.Anybody.GetAsync(new Uri($"/updates?subjects={subject},{content.Id("contentId")}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        await using var updates = SseParser.Create(await answer.Content.ReadAsStreamAsync(Ct)).EnumerateAsync(Ct).GetAsyncEnumerator(Ct);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal("beat", updates.Current.EventType);

        await helper.Http.Post($"{other.Text("location")}/replies", new { body = "Elsewhere." }, HttpStatusCode.Created);
        var reply = (await helper.Http.Post($"{path}/replies", new { body = "Because." }, HttpStatusCode.Created)).Id("replyId");
        Assert.Equal((subject, "reply", reply), await Next());

        var comment = (await helper.Http.Post($"{content.Text("location")}/comments", new { body = "Fine." }, HttpStatusCode.Created)).Id("commentId");
        Assert.Equal((content.Id("contentId"), "comment", comment), await Next());

        await helper.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = reply }, HttpStatusCode.Forbidden);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = reply }, HttpStatusCode.NoContent);
        Assert.Equal((subject, "acceptedReply", null), await Next());

        async Task<(Guid, string, Guid?)> Next()
        {
            do
            {
                Assert.True(await updates.MoveNextAsync());
            }
            while (updates.Current.EventType == "beat");

            var update = JsonNode.Parse(updates.Current.Data)!;

            return (update.Id("subject"), update.Text("kind"), update["id"] is null ? null : update.Id("id"));
        }
    }

    [Fact]
    public async Task Nobody_hears_of_what_they_may_not_see_and_a_question_is_bounded()
    {
        var author = service.Person("creator");
        var content = await Workflow.Published(service, author, service.Person("reviewer"));
        await author.Http.Send(HttpMethod.Delete, $"{content.Text("location")}/publication", null, HttpStatusCode.NoContent);

        await service.Person().Http.Read($"/updates?subjects={content.Id("contentId")}", HttpStatusCode.NotFound);
        using var own = await author.Http.GetAsync(new Uri($"/updates?subjects={content.Id("contentId")}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);

        await service.Anybody.Read("/updates?subjects=", HttpStatusCode.BadRequest);
        await service.Anybody.Read("/updates?subjects=x", HttpStatusCode.BadRequest);
        await service.Anybody.Read($"/updates?subjects={string.Join(',', Enumerable.Range(0, 11).Select(_ => Guid.CreateVersion7(TimeProvider.System.GetUtcNow())))}", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Nobody_takes_the_places_of_the_others()
    {
        var (greedy, other) = (service.Person(), service.Person());
        var topic = await greedy.Http.Post("/topics", new { kind = "question", title = "Why?", body = "?" }, HttpStatusCode.Created);
        var updates = new Uri($"/updates?subjects={topic.Id("topicId")}", UriKind.Relative);
        var open = new Stack<HttpResponseMessage>();

        try
        {
            while (open.Count < 30 && (open.Count == 0 || open.Peek().StatusCode == HttpStatusCode.OK))
                open.Push(await greedy.Http.GetAsync(updates, HttpCompletionOption.ResponseHeadersRead, Ct));

            Assert.Equal((21, HttpStatusCode.TooManyRequests), (open.Count, open.Peek().StatusCode));
            open.Push(await other.Http.GetAsync(updates, HttpCompletionOption.ResponseHeadersRead, Ct));
            Assert.Equal(HttpStatusCode.OK, open.Peek().StatusCode);
        }
        finally
        {
            foreach (var answer in open)
                answer.Dispose();
        }

        // Who leaves a page makes room for the next one.
        await Eventually.True(async () =>
        {
            using var again = await greedy.Http.GetAsync(updates, HttpCompletionOption.ResponseHeadersRead, Ct);

            return again.StatusCode == HttpStatusCode.OK;
        }, "room for the next page");
    }
}
