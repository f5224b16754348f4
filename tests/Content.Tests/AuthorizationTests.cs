using System.Net;
using Community.Content.Tests.Contents;
using Community.Testing;
using static Community.Testing.AccessTable;

namespace Community.Content.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(ContentService service)
{
    private static readonly string[] Creators = ["creator"];
    private static readonly string[] Reviewers = ["reviewer"];
    private static readonly string[] Moderators = ["moderator", .. Operators];

    /// <summary>Who else than its author knows of a content that is not published.</summary>
    private static readonly string[] Insiders = [.. Reviewers, .. Operators];

    /// <summary>Who may, where it is their own, and where it is another's; a content is published.</summary>
    private static readonly AccessTable Table = new(new Dictionary<string, (string[], string[])>
    {
        // In this order, and after all others: what is deleted is gone.
        ["DELETE /comments/{id}"] = (Members, Moderators),
        ["DELETE /topics/{id}/replies/{replyId}"] = (Members, Moderators),
        ["DELETE /topics/{id}"] = (Members, Moderators),
        ["POST /imports/topics"] = (Nobody, Nobody), // a session has no scope: only a token has
        ["POST /imports/contents"] = (Nobody, Nobody),
        ["POST /imports/views"] = (Nobody, Nobody),
        ["POST /imports/shares"] = (Nobody, Nobody),
        ["POST /imports/reactions"] = (Nobody, Nobody),
        ["POST /imports/feedback"] = (Nobody, Nobody),
        ["POST /imports/replies"] = (Nobody, Nobody),
        ["POST /imports/comments"] = (Nobody, Nobody),
        ["POST /imports/votes"] = (Nobody, Nobody),
        ["POST /imports/accepted-replies"] = (Nobody, Nobody),
        ["POST /contents"] = (Creators, Creators),
        ["GET /contents"] = (Anybody, Anybody),
        ["GET /contents/topics"] = (Anybody, Anybody),
        ["GET /contents/{id}"] = (Anybody, Anybody),
        ["GET /contents/{id}/history"] = (Members, Operators),
        ["PATCH /contents/{id}"] = (Members, Nobody),
        ["POST /contents/{id}/submission"] = (Members, Nobody),
        ["POST /contents/{id}/reviews"] = (Nobody, Reviewers),
        ["POST /contents/{id}/publication"] = (Members, Operators),
        ["DELETE /contents/{id}/publication"] = (Members, Operators),
        ["POST /contents/{id}/views"] = (Members, Members),
        ["POST /contents/{id}/shares"] = (Members, Members),
        ["GET /contents/{id}/reactions"] = (Anybody, Anybody),
        ["POST /contents/{id}/reactions"] = (Members, Members),
        ["DELETE /contents/{id}/reactions/{kind}"] = (Members, Members),
        ["POST /contents/{id}/feedback"] = (Members, Members),
        ["POST /contents/{id}/comments"] = (Members, Members),
        ["GET /contents/{id}/comments"] = (Anybody, Anybody),
        ["GET /comments/{id}"] = (Anybody, Anybody),
        ["POST /topics"] = (Members, Members),
        ["GET /topics"] = (Anybody, Anybody),
        ["GET /topics/{id}"] = (Anybody, Anybody),
        ["POST /topics/{id}/votes"] = (Nobody, Members),
        ["PUT /topics/{id}/accepted-reply"] = (Members, Nobody),
        ["DELETE /topics/{id}/accepted-reply"] = (Members, Nobody),
        ["POST /topics/{id}/comments"] = (Members, Members),
        ["GET /topics/{id}/comments"] = (Anybody, Anybody),
        ["POST /topics/{id}/replies"] = (Members, Members),
        ["GET /topics/{id}/replies"] = (Anybody, Anybody),
        ["GET /topics/{id}/replies/{replyId}"] = (Anybody, Anybody),
        ["POST /topics/{id}/replies/{replyId}/votes"] = (Nobody, Members),
        ["POST /topics/{id}/replies/{replyId}/comments"] = (Members, Members),
        ["GET /topics/{id}/replies/{replyId}/comments"] = (Anybody, Anybody),
        ["DELETE /topics/{id}/votes"] = (Members, Members),
        ["DELETE /topics/{id}/replies/{replyId}/votes"] = (Members, Members)
    });

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table() => Assert.Empty(await Table.Gaps(service.Anybody));

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (me, other) = (New(), New());
        Belongings[] all =
        [
            (await Things.Of(service, me, published: true)).As("own", isOwn: true),
            (await Things.Of(service, me, published: false)).As("own, taken back", isOwn: true),
            (await Things.Of(service, other, published: true)).As("another's", isOwn: false),
            (await Things.Of(service, other, published: false)).As("another's, taken back", isOwn: false)
        ];
        using var client = role == "anonymous" ? service.Anybody : service.Host.Client(service.Issuer.Token(me, role));

        // What changes who knows of a content comes last.
        Assert.Empty(await Table.Faults(role, client, all, last: IsLast));

        static bool IsLast(string operation) => operation.EndsWith("/publication", StringComparison.Ordinal)
            || operation is "DELETE /comments/{id}" or "DELETE /topics/{id}/replies/{replyId}" or "DELETE /topics/{id}";
    }

    private static Guid New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private sealed record Things(Guid Member, bool Published, Guid Content, Guid Comment, Guid Topic, Guid Reply)
    {
        /// <param name="published">False: the content was published, and taken back when it had a comment.</param>
        public static async Task<Things> Of(ContentService service, Guid member, bool published)
        {
            // Whoever is no creator now was one then.
            var author = new Person(member, service.Host.Client(service.Issuer.Token(member, "creator")));
            var content = await Workflow.Published(service, author, service.Person("reviewer"));
            var comment = await author.Http.Post($"{content.Text("location")}/comments", new { body = "First." }, HttpStatusCode.Created);
            var topic = await author.Http.Post("/topics", new { kind = "question", title = "Why?", body = "?" }, HttpStatusCode.Created);
            var reply = await author.Http.Post($"{topic.Text("location")}/replies", new { body = "Because." }, HttpStatusCode.Created);

            if (!published)
            {
                await author.Http.Send(HttpMethod.Delete, $"{content.Text("location")}/publication", null, HttpStatusCode.NoContent);
            }

            return new(member, published, content.Id("contentId"), comment.Id("commentId"), topic.Id("topicId"), reply.Id("replyId"));
        }

        public Belongings As(string whose, bool isOwn) => new(whose, isOwn, Fill, IsThere: path => !path.StartsWith("/projections/", StringComparison.Ordinal))
        {
            Body = Body,
            KnownTo = (operation, path, roles) => Hides(operation, path) ? [.. roles.Intersect(Insiders)] : roles
        };

        /// <summary>Whether outsiders are to be told that it is not there. A reaction one may take back all the same.</summary>
        private bool Hides(string operation, string path) => !Published
            && (path == "/comments/{id}" || path.StartsWith("/contents/{id}", StringComparison.Ordinal))
            && operation != "DELETE /contents/{id}/reactions/{kind}";

        private string Body(string path) => path switch
        {
            "/contents/{id}/reviews" => """{"verdict":"approved","quality":4}""",
            "/contents/{id}/shares" => """{"channel":"wechat"}""",
            "/contents/{id}/reactions" => """{"kind":"like"}""",
            "/contents/{id}/feedback" => """{"rating":5}""",
            "/contents/{id}/comments" => """{"body":"Second."}""",
            "/topics/{id}/accepted-reply" => $$"""{"replyId":"{{Reply}}"}""",
            "/topics/{id}/votes" or "/topics/{id}/replies/{replyId}/votes" => """{"value":1}""",
            _ => "{}"
        };

        private string Fill(string path)
        {
            var id = path.Split('/')[1] switch
            {
                "contents" => Content,
                "comments" => Comment,
                "topics" => Topic,
                _ => New()
            };

            return path.Replace("{id}", id.ToString(), StringComparison.Ordinal).Replace("{replyId}", Reply.ToString(), StringComparison.Ordinal)
                .Replace("{kind}", "like", StringComparison.Ordinal).Replace("{name}", "nothing", StringComparison.Ordinal);
        }
    }
}
