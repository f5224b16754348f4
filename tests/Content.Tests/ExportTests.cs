using System.Net;
using Community.Content.Tests.Contents;
using Npgsql;

namespace Community.Content.Tests;

/// <summary>What a member is handed out is the member's own part, by fields and not by what a text contains.</summary>
public sealed class ExportTests(ContentService service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_text_that_names_somebody_is_not_theirs()
    {
        var (author, named) = (service.Person("creator"), service.Person("creator"));
        await author.Http.Post("/contents", Workflow.NewContent(body: $"HIDDEN draft about {named.Id}."), HttpStatusCode.Created);
        var own = await named.Http.Post("/contents", Workflow.NewContent(body: "OWN draft."), HttpStatusCode.Created);
        await named.Http.Send(HttpMethod.Patch, own.Text("location"), new { body = "OWN draft, revised." }, HttpStatusCode.OK);

        var items = await Export(named, until: "content-revised.v1");

        Assert.DoesNotContain("HIDDEN", items, StringComparison.Ordinal);
        Assert.Contains("OWN draft.", items, StringComparison.Ordinal);
        Assert.Contains("OWN draft, revised.", items, StringComparison.Ordinal);
        Assert.Contains("HIDDEN", await Export(author, until: "content-drafted.v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_what_two_have_a_part_in_each_gets_the_own_one()
    {
        var (asker, helper) = (service.Person(), service.Person());
        var path = (await asker.Http.Post("/topics", new { kind = "question", title = "Which?", body = "?" }, HttpStatusCode.Created)).Text("location");
        var reply = await helper.Http.Post($"{path}/replies", new { body = "This one." }, HttpStatusCode.Created);
        await asker.Http.Send(HttpMethod.Put, $"{path}/accepted-reply", new { replyId = reply.Text("replyId") }, HttpStatusCode.NoContent);

        var helpers = await Export(helper, until: "reply-accepted.v1");
        Assert.DoesNotContain($"{asker.Id}", helpers, StringComparison.Ordinal);
        Assert.Contains("This one.", helpers, StringComparison.Ordinal);
        var askers = await Export(asker, until: "reply-accepted.v1");
        Assert.DoesNotContain($"{helper.Id}", askers, StringComparison.Ordinal);
        Assert.DoesNotContain("This one.", askers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_brought_in_is_its_authors_and_not_the_importers()
    {
        var author = service.Person();
        var importer = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        using var program = service.Host.Client(service.Issuer.Token(importer, ["member", "operator"], ["import", "read"], TimeSpan.FromMinutes(15)));
        var topic = new { topicId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), kind = "question", authorId = author.Id, title = "Old", body = "<p>BROUGHT</p>", tags = Array.Empty<string>(), at = "2016-08-02T15:39:14Z" };
        await program.Post("/imports/topics", new { items = new[] { topic } }, HttpStatusCode.OK);

        var authors = await Export(author, until: "topic-opened.v1");
        Assert.Contains("BROUGHT", authors, StringComparison.Ordinal);
        Assert.DoesNotContain($"{importer}", authors, StringComparison.Ordinal);
        Assert.Empty((await program.Read("/members/me/export"))["items"]!.AsArray());
    }

    [Fact]
    public async Task It_is_found_by_an_index_and_told_page_by_page()
    {
        var member = service.Person();

        for (var i = 0; i < 5; i++)
        {
            await member.Http.Post("/topics", new { kind = "discussion", title = $"Topic {i}", body = "." }, HttpStatusCode.Created);
        }

        await Export(member, until: "Topic 4");
        var (titles, after) = (new List<string>(), "");

        do
        {
            var page = await member.Http.Read($"/members/me/export?limit=2{after}");
            titles.AddRange(page["items"]!.AsArray().Select(item => item!["data"]!.Text("title")));
            after = page["next"] is { } next ? $"&after={next}" : null;
        }
        while (after is not null);

        Assert.Equal(["Topic 0", "Topic 1", "Topic 2", "Topic 3", "Topic 4"], titles);
        await using var database = NpgsqlDataSource.Create(service.Host.Database);
        await using var indexes = database.CreateCommand("select count(*) from pg_indexes where tablename = 'member_events' and indexdef like '%(member_id, sequence)%'");
        Assert.Equal(1L, await indexes.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public void Of_each_kind_of_event_it_is_said_whose_it_is()
    {
        var stored = typeof(Program).Assembly.GetTypes().Where(type => type.IsDefined(typeof(EventStore.EventTypeAttribute), inherit: false));

        Assert.Equal(stored.Select(type => type.Name).Order(), Exports.All.Select(disclosure => disclosure.EventType.Name).Order());
    }

    private static async Task<string> Export(Person person, string until) => await Eventually.Value(
        async () => (await person.Http.Read("/members/me/export?limit=100"))["items"]!.ToJsonString(),
        items => items.Contains(until, StringComparison.Ordinal), $"the export to hold {until}");
}
