using System.Net;
using Community.Content.Tests.Contents;

namespace Community.Content.Tests;

public sealed class AudienceTests(ContentService service)
{
    [Fact]
    public async Task Members_take_part_in_what_is_published()
    {
        var path = (await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"))).Text("location");
        var member = service.Person();

        await member.Http.Post($"{path}/views", null, HttpStatusCode.NoContent);
        await member.Http.Post($"{path}/shares", new { channel = "wechat" }, HttpStatusCode.NoContent);
        await member.Http.Post($"{path}/reactions", new { kind = "like" }, HttpStatusCode.NoContent);
        await member.Http.Post($"{path}/reactions", new { kind = "like" }, HttpStatusCode.NoContent);
        await member.Http.Send(HttpMethod.Delete, $"{path}/reactions/like", null, HttpStatusCode.NoContent);
        await member.Http.Post($"{path}/feedback", new { rating = 5, text = "好" }, HttpStatusCode.NoContent);

        await member.Http.Post($"{path}/reactions", new { kind = "hate" }, HttpStatusCode.BadRequest);
        await member.Http.Post($"{path}/feedback", new { rating = 0, text = "" }, HttpStatusCode.BadRequest);
        await member.Http.Post($"{path}/shares", new { }, HttpStatusCode.BadRequest);
        await service.Anybody.Post($"{path}/views", null, HttpStatusCode.Unauthorized);
        await member.Http.Post($"/contents/{Guid.Empty}/views", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Nobody_takes_part_in_a_draft()
    {
        var author = service.Person("creator");
        var path = (await author.Http.Post("/contents", Workflow.NewContent(), HttpStatusCode.Created)).Text("location");
        await author.Http.Post($"{path}/views", null, HttpStatusCode.Conflict);
        await service.Person().Http.Post($"{path}/views", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Comments_are_there_at_once_page_by_page_and_are_said_aloud()
    {
        var content = await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"));
        var path = content.Text("location");
        var member = service.Person();

        for (var i = 1; i <= 3; i++)
        {
            var posted = await member.Http.Post($"{path}/comments", new { body = $"第 {i} 条" }, HttpStatusCode.Created);
            Assert.Equal($"第 {i} 条", (await service.Anybody.Read(posted.Text("location"))).Text("body"));
        }

        var first = await service.Anybody.Read($"{path}/comments?limit=2");
        var second = await service.Anybody.Read($"{path}/comments?limit=2&after={first.Text("next")}");
        Assert.Equal(
            ["第 1 条", "第 2 条", "第 3 条"],
            first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(comment => comment!.Text("body")));
        Assert.Null(second["next"]);

        await Eventually.True(
            () => Task.FromResult(service.Neighbour.Heard.Count(heard =>
                heard.Fact is Contracts.CommentPosted { SubjectKind: "content", Imported: false } c && c.SubjectId == content.Id("contentId") && c.AuthorId == member.Id) == 3), "three comments to be said aloud");
        await member.Http.Post($"{path}/comments", new { body = "\u0007" }, HttpStatusCode.BadRequest);
    }
}
