using System.Net;
using System.Text;
using Community.Content.Tests.Contents;

namespace Community.Content.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(ContentService service)
{
    private static readonly string[] Nobody = [];
    private static readonly string[] Creators = ["creator"];
    private static readonly string[] Reviewers = ["reviewer"];
    private static readonly string[] Operators = ["operator", "owner"];
    private static readonly string[] Members = ["member", .. Creators, "expert", .. Reviewers, "moderator", .. Operators];
    private static readonly string[] Anybody = ["anonymous", .. Members];

    /// <summary>Who else than its author knows of a content that is not published.</summary>
    private static readonly string[] Insiders = [.. Reviewers, .. Operators];

    /// <summary>Who may, where it is their own, and where it is another's; a content is published.</summary>
    private static readonly Dictionary<string, (string[] Own, string[] Foreign)> Table = new()
    {
        ["GET /status"] = (Operators, Operators),
        ["GET /projections"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds"] = (Operators, Operators),
        ["GET /projections/{name}/rebuilds/{id}"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds/{id}/cancellation"] = (Operators, Operators),
        ["GET /members/me/export"] = (Members, Members),
        ["POST /imports/topics"] = (Nobody, Nobody), // a session has no scope: only a token has
        ["POST /imports/replies"] = (Nobody, Nobody),
        ["POST /imports/comments"] = (Nobody, Nobody),
        ["POST /imports/votes"] = (Nobody, Nobody),
        ["POST /imports/accepted-replies"] = (Nobody, Nobody),
        ["POST /contents"] = (Creators, Creators),
        ["GET /contents"] = (Anybody, Anybody),
        ["GET /contents/{id}"] = (Anybody, Anybody),
        ["GET /contents/{id}/history"] = (Members, Operators),
        ["PATCH /contents/{id}"] = (Members, Nobody),
        ["POST /contents/{id}/submission"] = (Members, Nobody),
        ["POST /contents/{id}/reviews"] = (Nobody, Reviewers),
        ["POST /contents/{id}/publication"] = (Members, Operators),
        ["DELETE /contents/{id}/publication"] = (Members, Operators),
        ["POST /contents/{id}/views"] = (Members, Members),
        ["POST /contents/{id}/shares"] = (Members, Members),
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
        ["GET /topics/{id}/replies/{replyId}/comments"] = (Anybody, Anybody)
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        var document = await service.Anybody.Read("/openapi/v1.json");
        var operations = document["paths"]!.AsObject().SelectMany(path =>
            path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(Table.Keys.Order(StringComparer.Ordinal), operations.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (me, other) = (New(), New());
        Things[] all =
        [
            await Things.Of(service, me, published: true), await Things.Of(service, me, published: false),
            await Things.Of(service, other, published: true), await Things.Of(service, other, published: false)
        ];
        using var client = role == "anonymous" ? service.Anybody : service.Host.Client(service.Issuer.Token(me, role));
        var wrong = new List<string>();

        // What changes who knows of a content comes last.
        foreach (var (operation, (own, foreign)) in Table.OrderBy(row => row.Key.EndsWith("/publication", StringComparison.Ordinal)))
        {
            foreach (var things in all)
            {
                var (method, path) = (new HttpMethod(operation.Split(' ')[0]), operation.Split(' ')[1]);
                var isOwn = things.Member == me && role != "anonymous";
                var allowed = isOwn ? own : things.Hides(operation, path) ? [.. foreign.Intersect(Insiders)] : foreign;
                using var request = new HttpRequestMessage(method, things.Fill(path));

                if (method == HttpMethod.Post || method == HttpMethod.Put || method == HttpMethod.Patch)
                {
                    request.Content = new StringContent(things.Body(path), Encoding.UTF8, "application/json");
                }

                using var answer = await client.SendAsync(request, Ct);
                var (status, reason) = ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));

                // What is hidden is not there; what is allowed may fail for other reasons, and all but the projections are there.
                var done = status is not (401 or 403 or 404) || (status == 404 && path.StartsWith("/projections/", StringComparison.Ordinal));

                if (done != allowed.Contains(role) || status >= 500)
                {
                    var whose = $"{(isOwn ? "own" : "another's")}{(things.Published ? "" : ", taken back")}";
                    wrong.Add($"{role} {operation} ({whose}): {status} {reason}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
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

        /// <summary>Whether outsiders are to be told that it is not there. A reaction one may take back all the same.</summary>
        public bool Hides(string operation, string path) => !Published
            && (path == "/comments/{id}" || path.StartsWith("/contents/{id}", StringComparison.Ordinal))
            && operation != "DELETE /contents/{id}/reactions/{kind}";

        /// <summary>Where what is sent is looked at before whose it is, it has to be right.</summary>
        public string Body(string path) => path switch
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

        public string Fill(string path)
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
