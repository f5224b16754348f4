using System.Net;
using Community.Content.Tests.Contents;
using Npgsql;

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
        await member.Http.Post($"{path}/reactions", new { kind = "thanks" }, HttpStatusCode.NoContent);
        await service.Person().Http.Post($"{path}/reactions", new { kind = "thanks" }, HttpStatusCode.NoContent);
        await member.Http.Send(HttpMethod.Delete, $"{path}/reactions/like", null, HttpStatusCode.NoContent);
        Assert.Equal([(0, false), (0, false), (2, true), (0, false), (0, false)], await Reactions(member.Http));
        Assert.Equal([(0, false), (0, false), (2, false), (0, false), (0, false)], await Reactions(service.Anybody));
        await service.Anybody.Send(HttpMethod.Get, $"/contents/{Guid.Empty}/reactions", null, HttpStatusCode.NotFound);
        await member.Http.Post($"{path}/feedback", new { rating = 5, text = "好" }, HttpStatusCode.NoContent);

        await member.Http.Post($"{path}/reactions", new { kind = "hate" }, HttpStatusCode.BadRequest);
        await member.Http.Post($"{path}/feedback", new { rating = 0, text = "" }, HttpStatusCode.BadRequest);
        await member.Http.Post($"{path}/shares", new { }, HttpStatusCode.BadRequest);
        await service.Anybody.Post($"{path}/views", null, HttpStatusCode.Unauthorized);
        await member.Http.Post($"/contents/{Guid.Empty}/views", null, HttpStatusCode.NotFound);

        async Task<IEnumerable<(int, bool)>> Reactions(HttpClient reader) =>
            (await reader.Read($"{path}/reactions"))["items"]!.AsArray().Select(item => (item!["count"]!.GetValue<int>(), item["mine"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task What_is_published_is_found_by_topic_and_format()
    {
        var path = (await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"))).Text("location");
        var content = await service.Anybody.Read(path);
        var topic = Uri.EscapeDataString(content.Text("topic"));
        await Eventually.True(
            async () => (await service.Anybody.Read("/contents/topics"))["items"]!.AsArray().Any(item => item!.Text("topic") == content.Text("topic") && item!["count"]!.GetValue<int>() > 0),
            "the topic to be listed");
        Assert.NotEmpty((await service.Anybody.Read($"/contents?topic={topic}&format={content.Text("format")}"))["items"]!.AsArray());
        Assert.Empty((await service.Anybody.Read($"/contents?topic={topic}&format=course"))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_look_counts_once_in_half_an_hour_and_not_by_the_author_nor_before_it_is_looked_at()
    {
        var author = service.Person("creator");
        var path = (await Workflow.Published(service, author, service.Person("reviewer"))).Text("location");
        var (reader, browser) = (service.Person(), service.Person());
        var began = TimeProvider.System.GetUtcNow();

        foreach (var key in new string?[] { null, null, "one", "two" })
        {
            await View(reader.Http, path, ("Idempotency-Key", key));
        }

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => View(reader.Http, path)));
        // A stretch may end meanwhile.
        var stretches = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 1800) - (began.ToUnixTimeSeconds() / 1800) + 1;
        Assert.InRange(await Count("content-viewed.v1", reader), 1, stretches);

        await View(browser.Http, path, ("Sec-Purpose", "prefetch"));
        await View(browser.Http, path, ("Sec-Purpose", "prefetch;prerender"));
        await View(browser.Http, path, ("Purpose", "prefetch"));
        await View(browser.Http, path, ("X-Moz", "prefetch"));
        Assert.Equal(0, await Count("content-viewed.v1", browser));
        await View(author.Http, path);
        Assert.Equal(0, await Count("content-viewed.v1", author));
        await View(browser.Http, path);
        Assert.Equal(1, await Count("content-viewed.v1", browser));
    }

    [Fact]
    public async Task Going_to_and_fro_comes_to_an_end_and_what_was_said_can_still_be_taken_back()
    {
        var path = (await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"))).Text("location");
        var member = service.Person();
        var refused = 0;

        for (var i = 0; i < 150 && refused == 0; i++)
        {
            using var answer = await member.Http.PostAsync(new Uri($"{path}/reactions", UriKind.Relative), System.Net.Http.Json.JsonContent.Create(new { kind = "like" }), TestContext.Current.CancellationToken);
            refused += answer.StatusCode == HttpStatusCode.Conflict ? 1 : 0;
            await member.Http.Send(HttpMethod.Delete, $"{path}/reactions/like", null, HttpStatusCode.NoContent);
        }

        var problem = await member.Http.Post($"{path}/reactions", new { kind = "like" }, HttpStatusCode.Conflict);
        Assert.Equal("urn:community:too-many-changes", problem.Text("type"));
        await member.Http.Post($"{path}/feedback", new { rating = 1 }, HttpStatusCode.Conflict);
        Assert.InRange(await Count("reaction-added.v1", member), 1, 101);
    }

    [Fact]
    public async Task A_share_keeps_the_kind_of_its_way_and_nobodys_name()
    {
        var path = (await Workflow.Published(service, service.Person("creator"), service.Person("reviewer"))).Text("location");
        var member = service.Person();

        foreach (var channel in new[] { "WeChat ", "wechat", "Zoe Personal, zoe@example.org", "给张三的信" })
        {
            await member.Http.Post($"{path}/shares", new { channel }, HttpStatusCode.NoContent);
        }

        await using var database = NpgsqlDataSource.Create(service.Host.Database);
        await using var channels = database.CreateCommand("select string_agg(distinct data->>'channel', ' ' order by data->>'channel') from mt_events where type = 'content-shared.v1' and data->>'memberId' = $1");
        channels.Parameters.Add(new() { Value = $"{member.Id}" });
        Assert.Equal("other wechat", await channels.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        await member.Http.Post($"{path}/shares", new { channel = " " }, HttpStatusCode.BadRequest);
    }

    private static async Task View(HttpClient http, string path, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{path}/views", UriKind.Relative));

        foreach (var (name, value) in headers.Where(header => header.Value is not null))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private async Task<long> Count(string type, Person member)
    {
        await using var database = NpgsqlDataSource.Create(service.Host.Database);
        await using var count = database.CreateCommand("select count(*) from mt_events where type = $1 and data->>'memberId' = $2");
        count.Parameters.Add(new() { Value = type });
        count.Parameters.Add(new() { Value = $"{member.Id}" });

        return (long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
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
