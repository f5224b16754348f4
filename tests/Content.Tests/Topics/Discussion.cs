using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Community.Content.Tests.Topics;

public sealed class Discussion(ContentService service)
{
    [Fact]
    public async Task A_question_finds_its_answer()
    {
        var (asker, helper, voter) = (service.Person(), service.Person(), service.Person());
        var path = (await asker.Http.Post("/topics", new { kind = "question", title = "为什么?", body = "Why?", tags = new[] { "why" } }, HttpStatusCode.Created)).Text("location");
        var reply = await helper.Http.Post($"{path}/replies", new { body = "Because." }, HttpStatusCode.Created);
        var other = await voter.Http.Post($"{path}/replies", new { body = "No idea." }, HttpStatusCode.Created);
        Assert.Equal("Because.", (await service.Anybody.Read(reply.Text("location"))).Text("body"));

        await voter.Http.Post($"{path}/votes", new { value = 1 }, HttpStatusCode.NoContent);
        await helper.Http.Post($"{path}/votes", new { value = -1 }, HttpStatusCode.NoContent);
        await helper.Http.Post($"{path}/votes", new { value = 1 }, HttpStatusCode.NoContent);
        await voter.Http.Post($"{reply.Text("location")}/votes", new { value = 1 }, HttpStatusCode.NoContent);
        await voter.Http.Post($"{reply.Text("location")}/votes", new { value = 1 }, HttpStatusCode.NoContent);
        await asker.Http.Post($"{path}/votes", new { value = 1 }, HttpStatusCode.Forbidden);
        await helper.Http.Post($"{reply.Text("location")}/votes", new { value = 1 }, HttpStatusCode.Forbidden);
        await voter.Http.Post($"{path}/votes", new { value = 2 }, HttpStatusCode.BadRequest);
        await voter.Http.Post($"{path}/votes", new { value = 0 }, HttpStatusCode.BadRequest);

        var accept = new { replyId = reply.Text("replyId") };
        await helper.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", accept, HttpStatusCode.Forbidden);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = Guid.Empty }, HttpStatusCode.NotFound);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = other.Text("replyId") }, HttpStatusCode.NoContent);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", accept, HttpStatusCode.NoContent);
        await asker.Http.Post($"{reply.Text("location")}/comments", new { body = "Thanks." }, HttpStatusCode.Created);
        await asker.Http.Post($"{path}/comments", new { body = "Solved." }, HttpStatusCode.Created);

        var topic = await service.Anybody.Read(path);
        Assert.Equal((2, 2, reply.Text("replyId"), "markdown"), (topic["votes"]!.GetValue<int>(), topic["replyCount"]!.GetValue<int>(), topic.Text("acceptedReplyId"), topic.Text("bodyFormat")));
        Assert.Equal(
            [("Because.", 1, true), ("No idea.", 0, false)],
            topic["replies"]!.AsArray().Select(r => (r!.Text("body"), r!["votes"]!.GetValue<int>(), r["accepted"]!.GetValue<bool>())));
        Assert.Equal("Thanks.", Assert.Single((await service.Anybody.Read($"{reply.Text("location")}/comments"))["items"]!.AsArray())!.Text("body"));
        Assert.Equal("Solved.", Assert.Single((await service.Anybody.Read($"{path}/comments"))["items"]!.AsArray())!.Text("body"));

        await asker.Http.Send(HttpMethod.Delete, $"{path}/accepted-reply", null, HttpStatusCode.NoContent);
        Assert.Null((await service.Anybody.Read(path))["acceptedReplyId"]);
        Assert.Equal("No idea.", (await service.Anybody.Read($"{path}/replies?limit=1&after={(await service.Anybody.Read($"{path}/replies?limit=1")).Text("next")}"))["items"]![0]!.Text("body"));
    }

    [Fact]
    public async Task A_reply_that_is_deleted_while_it_is_accepted_is_no_answer()
    {
        var (asker, helper) = (service.Person(), service.Person());

        for (var round = 0; round < 40; round++)
        {
            var path = (await asker.Http.Post("/topics", new { kind = "question", title = "Which first?", body = "?" }, HttpStatusCode.Created)).Text("location");
            var reply = await helper.Http.Post($"{path}/replies", new { body = "Because." }, HttpStatusCode.Created);
            var accept = asker.Http.PutAsJsonAsync($"{path}/accepted-reply", new { replyId = reply.Text("replyId") }, TestContext.Current.CancellationToken);
            var delete = helper.Http.DeleteAsync(new Uri(reply.Text("location"), UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NoContent, (await delete).StatusCode);
            Assert.Contains((await accept).StatusCode, new[] { HttpStatusCode.NoContent, HttpStatusCode.NotFound });
            Assert.Null((await service.Anybody.Read(path))["acceptedReplyId"]);
        }
    }

    [Fact]
    public async Task What_is_deleted_is_gone_with_what_hangs_on_it()
    {
        var (asker, helper, moderator) = (service.Person(), service.Person(), service.Person("moderator"));
        var path = (await asker.Http.Post("/topics", new { kind = "question", title = "Gone?", body = "?" }, HttpStatusCode.Created)).Text("location");
        var reply = await helper.Http.Post($"{path}/replies", new { body = "Because." }, HttpStatusCode.Created);
        var comment = await asker.Http.Post($"{reply.Text("location")}/comments", new { body = "Thanks." }, HttpStatusCode.Created);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = reply.Text("replyId") }, HttpStatusCode.NoContent);
        await asker.Http.Post($"{reply.Text("location")}/votes", new { value = 1 }, HttpStatusCode.NoContent);
        await asker.Http.Send(HttpMethod.Delete, $"{reply.Text("location")}/votes", null, HttpStatusCode.NoContent);
        Assert.Equal(0, (await service.Anybody.Read(reply.Text("location")))["votes"]!.GetValue<int>());

        await helper.Http.Send(HttpMethod.Delete, comment.Text("location"), null, HttpStatusCode.Forbidden);
        await helper.Http.Send(HttpMethod.Delete, path, null, HttpStatusCode.Forbidden);
        await asker.Http.Send(HttpMethod.Delete, comment.Text("location"), null, HttpStatusCode.NoContent);
        await asker.Http.Send(HttpMethod.Delete, comment.Text("location"), null, HttpStatusCode.NotFound);
        Assert.Empty((await service.Anybody.Read($"{reply.Text("location")}/comments"))["items"]!.AsArray());

        await helper.Http.Send(HttpMethod.Delete, reply.Text("location"), null, HttpStatusCode.NoContent);
        var topic = await service.Anybody.Read(path);
        Assert.Equal((0, true), (topic["replyCount"]!.GetValue<int>(), topic["acceptedReplyId"] is null));
        await asker.Http.Post($"{reply.Text("location")}/comments", new { body = "Late." }, HttpStatusCode.NotFound);

        var left = (await helper.Http.Post($"{path}/replies", new { body = "Still here." }, HttpStatusCode.Created)).Text("location");
        var said = (await asker.Http.Post($"{left}/comments", new { body = "So is this." }, HttpStatusCode.Created)).Text("location");
        await moderator.Http.Send(HttpMethod.Delete, path, null, HttpStatusCode.NoContent);
        await asker.Http.Send(HttpMethod.Delete, path, null, HttpStatusCode.NotFound);
        await asker.Http.Send(HttpMethod.Get, $"{left}/comments", null, HttpStatusCode.NotFound);
        await asker.Http.Send(HttpMethod.Get, said, null, HttpStatusCode.NotFound);
        await asker.Http.Post($"{left}/votes", new { value = 1 }, HttpStatusCode.NotFound);
        await helper.Http.Post($"{path}/replies", new { body = "Late." }, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Who_voted_is_told_to_the_voter_and_not_to_the_author()
    {
        var (asker, voter) = (service.Person(), service.Person());
        var path = (await asker.Http.Post("/topics", new { kind = "question", title = "One", body = "?" }, HttpStatusCode.Created)).Text("location");
        await voter.Http.Post($"{path}/votes", new { value = -1 }, HttpStatusCode.NoContent);

        var authors = await Export(asker);
        var seen = Assert.Single(authors, item => item!.Text("type") == "vote-cast.v1")!;
        Assert.Equal(-1, seen["data"]!["value"]!.GetValue<int>());
        Assert.DoesNotContain($"{voter.Id}", authors.ToJsonString());
        var voters = Assert.Single(await Export(voter), item => item!.Text("type") == "vote-cast.v1")!;
        Assert.Equal($"{voter.Id}", voters["data"]!.Text("voterId"));
        Assert.DoesNotContain($"{asker.Id}", voters.ToJsonString());

        static async Task<JsonArray> Export(Person person) => await Eventually.Value(
            async () => (await person.Http.Read("/members/me/export"))["items"]!.AsArray(),
            items => items.Any(item => item!.Text("type") == "vote-cast.v1"), "the vote to be in the export");
    }

    [Fact]
    public async Task A_reply_belongs_to_its_topic()
    {
        var asker = service.Person();
        var one = (await asker.Http.Post("/topics", new { kind = "question", title = "One", body = "?" }, HttpStatusCode.Created)).Text("location");
        var two = (await asker.Http.Post("/topics", new { kind = "discussion", title = "Two", body = "!" }, HttpStatusCode.Created)).Text("location");
        var reply = await asker.Http.Post($"{two}/replies", new { body = "Mine." }, HttpStatusCode.Created);
        await asker.Http.Send(HttpMethod.Put, $"{one}/accepted-reply", new { replyId = reply.Text("replyId") }, HttpStatusCode.NotFound);
        await asker.Http.Send(HttpMethod.Put, $"{two}/accepted-reply", new { replyId = reply.Text("replyId") }, HttpStatusCode.Conflict);
        await service.Person().Http.Post($"{one}/replies/{reply.Text("replyId")}/votes", new { value = 1 }, HttpStatusCode.NotFound);
        await asker.Http.Post($"{reply.Text("location")}/replies", new { body = "?" }, HttpStatusCode.NotFound);
        await asker.Http.Post($"/topics/{Guid.Empty}/replies", new { body = "?" }, HttpStatusCode.NotFound);
        await service.Anybody.Post("/topics", new { kind = "question", title = "One", body = "?" }, HttpStatusCode.Unauthorized);
        await asker.Http.Post("/topics", new { kind = "sermon", title = "One", body = "?" }, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_id_of_something_else_is_no_topic_and_no_content()
    {
        var asker = service.Person("creator");
        var topic = await asker.Http.Post("/topics", new { kind = "question", title = "Q", body = "?" }, HttpStatusCode.Created);
        var reply = await asker.Http.Post($"{topic.Text("location")}/replies", new { body = "!" }, HttpStatusCode.Created);
        await asker.Http.Read($"/contents/{topic.Text("topicId")}", HttpStatusCode.NotFound);
        await asker.Http.Post($"/contents/{reply.Text("replyId")}/submission", null, HttpStatusCode.NotFound);
        await asker.Http.Read($"/topics/{reply.Text("replyId")}", HttpStatusCode.NotFound);
        await asker.Http.Post($"/topics/{reply.Text("replyId")}/replies", new { body = "!" }, HttpStatusCode.NotFound);
        await asker.Http.Read($"/comments/{reply.Text("replyId")}", HttpStatusCode.NotFound);
        await asker.Http.Send(HttpMethod.Put, $"{topic.Text("location")}/accepted-reply", new { replyId = topic.Text("topicId") }, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Topics_are_listed_by_kind_and_tag()
    {
        var asker = service.Person();
        var tag = $"tag-{asker.Id:N}";

        foreach (var kind in new[] { "question", "discussion", "question" })
        {
            await asker.Http.Post("/topics", new { kind, title = kind, body = "?", tags = new[] { tag } }, HttpStatusCode.Created);
        }

        await Eventually.True(
            async () => (await service.Anybody.Read($"/topics?tag={tag}"))["items"]!.AsArray().Count == 3, "the topics to be listed");
        Assert.Equal(2, (await service.Anybody.Read($"/topics?tag={tag}&kind=question"))["items"]!.AsArray().Count);
        Assert.Equal(2, (await service.Anybody.Read($"/topics?tag={tag}&unanswered=true"))["items"]!.AsArray().Count);
        var first = await service.Anybody.Read($"/topics?tag={tag}&limit=2");
        var second = await service.Anybody.Read($"/topics?tag={tag}&limit=2&after={first.Text("next")}");
        Assert.Equal(3, first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(topic => topic!.Text("topicId")).Distinct().Count());
    }

    [Fact]
    public async Task Votes_of_many_at_once_all_count()
    {
        var path = (await service.Person().Http.Post("/topics", new { kind = "question", title = "Q", body = "?" }, HttpStatusCode.Created)).Text("location");
        var voters = Enumerable.Range(0, 20).Select(_ => service.Person()).ToList();
        await Task.WhenAll(voters.SelectMany(voter => new[] { 1, 1 }.Select(value => voter.Http.Post($"{path}/votes", new { value }, HttpStatusCode.NoContent))));
        Assert.Equal(20, (await service.Anybody.Read(path))["votes"]!.GetValue<int>());
    }
}
