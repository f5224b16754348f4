using System.Text;
using System.Text.Json.Nodes;
using Community.Client.Content;
using Community.Testing;

namespace Community.SystemTests;

[Collection(typeof(OnOneSystem))]
public sealed class BadInputTests(CommunitySystem system)
{
    private const string Somewhere = "0190a000-0000-7000-8000-000000000000";
    private static readonly string TwoMebibytes = $$"""{"body":"{{new string('a', 2 * 1024 * 1024)}}"}""";

    [Fact]
    public async Task Each_is_a_problem_of_the_client_and_leaves_nothing_behind()
    {
        var (member, creator) = (await system.Join(), await system.Join("creator", "reviewer"));
        var import = member with { Token = (await system.Owner.Membership.PostTokensAsync(new() { Name = "import", Scopes = ["import"] }).Gives()).Token };
        var reading = member with { Token = (await system.Owner.Membership.PostTokensAsync(new() { Name = "reading", Scopes = ["read"] }).Gives()).Token };
        var draft = await creator.Draft("Never published", null);
        var published = await creator.Publish("To be misused", 100, await system.Join("reviewer"));
        var order = await member.Order((await system.Product(published)).ProductId);
        var topic = (await member.Content.PostTopicsAsync(new() { Kind = TopicKind.Question, Title = "Why?", Body = "Why so?" }).Gives()).TopicId;
        await using var issuer = await Issuer.Start();
        var strangers = new (string Why, string Token)[]
        {
            ("no token at all", "garbage"),
            ("signed by somebody else", issuer.Token(system.Owner.Id, "owner")),
            ("signed by somebody else, expired", issuer.Token(system.Owner.Id, ["owner"], [], TimeSpan.FromMinutes(-10))),
            ("not signed", Unsigned(system.Owner.Token!)),
            ("changed after signing", Changed(member.Token!))
        };
        await system.AllIsHeard();
        var before = await system.StoredEvents();

        var wrong = new List<string>();

        foreach (var (who, method, address, body, statuses) in Requests(member, creator, import, reading, draft, published, order, topic))
            await Try(who, method, address, Json(body), "", statuses);

        foreach (var (why, token) in strangers)
            foreach (var address in new[] { "membership/members/me", "payments/orders", "incentives/rules", "analytics/activity", "content/contents?status=draft" })
                await Try(member with { Token = token }, "GET", address, null, why, 401);

        foreach (var service in CommunitySystem.Services)
            await Try(member, "GET", $"{service}/no-such-thing", null, "", 404);

        await Try(member, "POST", $"content/contents/{published}/comments", new StringContent("body=x", Encoding.UTF8, "application/x-www-form-urlencoded"), "a form", 415);
        await Try(member, "POST", $"content/topics/{topic}/comments", new ByteArrayContent([0xff, 0xfe, 0x00]) { Headers = { ContentType = new("application/json") } }, "not UTF-8", 400);

        foreach (var (header, value, status) in new[]
        {
            ("Idempotency-Key", new string('k', 300), 400), ("If-Match", "\"99\"", 412), ("If-Match", "not a version", 412)
        })
        {
            var answer = await member.Ask(HttpMethod.Post, $"payments/orders/{order}/cancellation", Json("{}"), (header, value));
            Judge(answer, $"{header}: {value[..Math.Min(20, value.Length)]}", status);
        }

        foreach (var signature in new[] { null, "", "t=1,v1=00", $"t={TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()},v1={new string('0', 64)}", "t=99999999999999999999,v1=zz" })
        {
            var message = Json($$"""{"outcome":"paid","receipt":"r-1","orderId":"{{order}}","paymentId":"{{Somewhere}}","amount":{"amount":100,"currency":"CNY"} }""");
            Judge(await system.Anybody.Ask(HttpMethod.Post, "payments/webhooks/sandbox", message, ("Sandbox-Signature", signature)), $"signature {signature}", 401);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        await system.AllIsHeard();
        Assert.Equal(before, await system.StoredEvents());

        async Task Try(Person who, string method, string address, HttpContent? body, string remark, params int[] statuses) =>
            Judge(await who.Ask(new HttpMethod(method), address, body), remark, statuses);

        void Judge(Answer answer, string remark, params int[] statuses)
        {
            var good = statuses.Contains(answer.Status) && answer.MediaType == "application/problem+json"
                && answer.Json is JsonObject problem && problem.Text("type").StartsWith("urn:community:", StringComparison.Ordinal)
                && (int?)problem["status"] == answer.Status && !string.IsNullOrEmpty((string?)problem["title"])
                && !answer.Body.Contains("   at ", StringComparison.Ordinal) && !answer.Body.Contains("Exception", StringComparison.Ordinal);

            if (!good)
                wrong.Add($"{answer.Request} ({remark}) should be {string.Join(" or ", statuses)}: {answer.Status} {answer.MediaType} {answer.Body[..Math.Min(300, answer.Body.Length)]}");
        }
    }

    private IEnumerable<(Person Who, string Method, string Address, string? Body, int[] Statuses)> Requests(
        Person member, Person creator, Person import, Person reading, Guid draft, Guid published, Guid order, Guid topic)
    {
        var (anybody, owner) = (system.Anybody, system.Owner);
        const string Content = """{"title":"T","topic":"t","format":"article","body":"b" """;

        return
        [
            (anybody, "POST", "membership/members", "{", [400]),
            (anybody, "POST", "membership/members", "null", [400]),
            (anybody, "POST", "membership/members", "[]", [400]),
            (anybody, "POST", "membership/members", "", [400, 415]),
            (anybody, "POST", "membership/members", null, [400, 415]),
            (anybody, "POST", "membership/members", """{"email":1,"password":"violet harbour 42","displayName":"X"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"nobody","password":"violet harbour 42","displayName":"X"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"x@example.org","password":"password","displayName":"X"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"x@example.org","password":"violet harbour 42","displayName":"a\u0000b"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"x@example.org","password":"violet harbour 42","displayName":"\ud800"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"x@example.org","password":"violet harbour 42"}""", [400]),
            (anybody, "POST", "membership/members", """{"email":"x@example.org","email":"y@example.org","password":"violet harbour 42","displayName":"X"}""", [400]),
            (anybody, "POST", "membership/members", TwoMebibytes, [413]),
            (anybody, "POST", "membership/members", new string('[', 100_000), [400]),
            (anybody, "POST", "membership/setup", """{"setupToken":"x","email":"x@example.org","password":"violet harbour 42","displayName":"X","communityName":"C"}""", [409]),
            (anybody, "POST", "membership/sessions", """{"email":"x@example.org","password":"violet harbour 43"}""", [401]),
            (anybody, "POST", "membership/sessions", """{"email":null,"password":null}""", [400]),
            (anybody, "POST", "membership/sessions/refresh", """{"refreshToken":"garbage"}""", [401]),
            (anybody, "GET", "membership/members", null, [401]),
            (anybody, "GET", $"membership/members/{Somewhere}", null, [404]),
            (anybody, "GET", "membership/members/not-an-id", null, [400, 404]),
            (anybody, "GET", $"membership/members/{owner.Id}?asOf=yesterday", null, [400]),
            (member, "GET", "membership/members", null, [403]),
            (owner, "GET", "membership/members?limit=0", null, [400]),
            (owner, "GET", "membership/members?limit=101", null, [400]),
            (owner, "GET", "membership/members?limit=ten", null, [400]),
            (owner, "GET", "membership/members?after=garbage", null, [400]),
            (member, "PUT", $"membership/members/{member.Id}/roles/creator", null, [403]),
            (owner, "PUT", $"membership/members/{member.Id}/roles/emperor", null, [404]),
            (owner, "PUT", $"membership/members/{Somewhere}/roles/creator", null, [404]),
            (member, "GET", $"membership/members/{creator.Id}/history", null, [403]),
            (member, "PATCH", "membership/members/me", """{"displayName":""}""", [400]),
            (member, "PATCH", "membership/members/me", """{"bio":7}""", [400]),
            (member, "POST", "membership/tokens", """{"name":"t","scopes":["everything"]}""", [400]),
            (member, "POST", "membership/tokens", """{"name":"t","scopes":["import"]}""", [403]),
            (member, "POST", "membership/tokens", """{"name":"t","scopes":["read"],"expiresAt":"2001-01-01T00:00:00Z"}""", [400]),
            (member, "DELETE", $"membership/tokens/{Somewhere}", null, [404]),
            (owner, "POST", "membership/imports/members", """{"items":[]}""", [403]),
            (import, "POST", "membership/imports/members", """{"items":7}""", [400]),
            (import, "POST", "membership/imports/members", """{"items":[{"memberId":"x","displayName":"X","joinedAt":"2016-01-01T00:00:00Z"}]}""", [400]),
            (import, "GET", "membership/members/me", null, [403]),
            (reading, "PUT", $"membership/members/{member.Id}/roles/creator", null, [403]),
            (member, "DELETE", "membership/members", null, [405]),

            (creator, "POST", "content/contents", "{", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":-1,"currency":"CNY"}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":0,"currency":"CNY"}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":1.5,"currency":"CNY"}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":99999999999999999999,"currency":"CNY"}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":100,"currency":"XXQ"}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"price":{"amount":100}}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","requires":{"level":-3}}""", [400]),
            (creator, "POST", "content/contents", Content + ""","tags":["a\u0007"]}""", [400]),
            (creator, "POST", "content/contents", Content + ""","plannedFor":"2026-02-30"}""", [400]),
            (creator, "POST", "content/contents", """{"title":"T","topic":"t","format":"scroll","body":"b"}""", [400]),
            (creator, "POST", "content/contents", """{"title":"a\u0000b","topic":"t","format":"article","body":"b"}""", [400]),
            (creator, "POST", "content/contents", """{"title":"   ","topic":"t","format":"article","body":"b"}""", [400]),
            (creator, "POST", "content/contents", TwoMebibytes, [413]),
            (member, "POST", "content/contents", Content + "}", [403]),
            (anybody, "POST", "content/contents", Content + "}", [401]),
            (reading, "POST", "content/topics", """{"kind":"question","title":"T","body":"b"}""", [403]),
            (anybody, "GET", "content/contents?status=draft", null, [401]),
            (anybody, "GET", "content/contents?status=lost", null, [400]),
            (anybody, "GET", "content/contents?after=garbage", null, [400]),
            (anybody, "GET", $"content/contents/{draft}", null, [404]),
            (anybody, "GET", $"content/contents/{Somewhere}", null, [404]),
            (anybody, "GET", "content/contents/not-an-id", null, [400, 404]),
            (member, "GET", $"content/contents/{published}?asOf=2026-01-01T00:00:00Z", null, [403, 404]),
            (creator, "POST", $"content/contents/{draft}/publication", null, [409]),
            (creator, "POST", $"content/contents/{draft}/reviews", """{"verdict":"approved","quality":4}""", [403]),
            (creator, "POST", $"content/contents/{Somewhere}/reviews", """{"verdict":"approved","quality":4}""", [404]),
            (creator, "POST", $"content/contents/{draft}/reviews", """{"verdict":"approved","quality":9}""", [400]),
            (creator, "POST", $"content/contents/{draft}/reviews", """{"verdict":"perhaps","quality":3}""", [400]),
            (member, "POST", $"content/contents/{draft}/submission", null, [403, 404]),
            (member, "POST", $"content/contents/{published}/comments", """{"body":"x"}""", [403]),
            (member, "POST", $"content/contents/{Somewhere}/comments", """{"body":"x"}""", [404]),
            (member, "POST", $"content/topics/{topic}/comments", """{"body":" "}""", [400]),
            (member, "POST", $"content/topics/{topic}/comments", """{"body":null}""", [400]),
            (member, "POST", $"content/topics/{topic}/comments", """{"body":{"text":"x"}}""", [400]),
            (member, "POST", $"content/topics/{topic}/comments", TwoMebibytes, [413]),
            (member, "POST", $"content/topics/{topic}/replies", """{}""", [400]),
            (member, "POST", $"content/topics/{Somewhere}/replies", """{"body":"x"}""", [404]),
            (member, "POST", "content/topics", """{"kind":"riddle","title":"T","body":"b"}""", [400]),
            (member, "POST", $"content/topics/{topic}/votes", """{"value":2}""", [400]),
            (creator, "POST", $"content/topics/{topic}/votes", """{"value":99999999999}""", [400]),
            (member, "POST", $"content/topics/{topic}/votes", """{"value":1}""", [403]),
            (member, "PUT", $"content/topics/{topic}/accepted-reply", $$"""{"replyId":"{{Somewhere}}"}""", [404]),
            (member, "PUT", $"content/topics/{topic}/accepted-reply", """{"replyId":17}""", [400]),
            (member, "POST", $"content/contents/{published}/reactions", """{"kind":"sneer"}""", [400]),
            (member, "POST", $"content/contents/{published}/shares", """{"channel":""}""", [400]),
            (member, "POST", $"content/contents/{published}/feedback", """{"rating":0}""", [400]),
            (member, "POST", $"content/contents/{published}/feedback", """{"rating":6}""", [400]),
            (member, "POST", "content/imports/topics", """{"items":[]}""", [403]),
            (import, "POST", "content/imports/topics", """{"items":[{]}""", [400]),
            (import, "POST", "content/imports/comments", """{"items":"all"}""", [400]),
            (member, "DELETE", "content/topics", null, [405]),

            (member, "POST", "payments/orders", """{"items":[]}""", [400]),
            (member, "POST", "payments/orders", """{"items":[null]}""", [400]),
            (member, "POST", "payments/orders", """{"items":null}""", [400]),
            (member, "POST", "payments/orders", Line(published, "0"), [400]),
            (member, "POST", "payments/orders", Line(published, "-1"), [400]),
            (member, "POST", "payments/orders", Line(published, "1001"), [400]),
            (member, "POST", "payments/orders", Line(published, "4294967297"), [400]),
            (member, "POST", "payments/orders", Line(published, "1e30"), [400]),
            (member, "POST", "payments/orders", Line(published, "1.5"), [400]),
            (member, "POST", "payments/orders", Line(published, "\"two\""), [400]),
            (member, "POST", "payments/orders", Line(Guid.Parse(Somewhere), "1"), [404, 409]),
            (member, "POST", "payments/orders", """{"items":[{"productId":"it","quantity":1}]}""", [400]),
            (member, "POST", "payments/orders", TwoMebibytes, [413]),
            (anybody, "POST", "payments/orders", Line(published, "1"), [401]),
            (creator, "GET", $"payments/orders/{order}", null, [404]),
            (creator, "POST", $"payments/orders/{order}/payments", """{"gateway":"sandbox"}""", [404]),
            (creator, "POST", $"payments/orders/{order}/cancellation", null, [404]),
            (member, "POST", $"payments/orders/{Somewhere}/payments", """{"gateway":"sandbox"}""", [404]),
            (member, "POST", $"payments/orders/{order}/payments", """{"gateway":"cowries"}""", [400]),
            (member, "POST", $"payments/orders/{order}/payments", """{"gateway":null}""", [400]),
            (member, "POST", $"payments/orders/{order}/refunds", """{"reason":"mine"}""", [403]),
            (owner, "POST", $"payments/orders/{order}/refunds", """{"reason":"unpaid"}""", [409]),
            (owner, "POST", $"payments/orders/{order}/refunds", """{"reason":"x","amount":{"amount":-5,"currency":"CNY"}}""", [400, 409]),
            (owner, "POST", $"payments/orders/{order}/refunds", """{"reason":"x","amount":{"amount":5,"currency":"???"}}""", [400, 409]),
            (anybody, "POST", "payments/webhooks/sandbox", """{"outcome":"paid"}""", [401]),
            (anybody, "POST", "payments/webhooks/nobody", "{}", [404]),
            (anybody, "POST", "payments/sandbox/garbage", null, [404]),
            (anybody, "GET", "payments/sandbox/garbage", null, [404]),
            (member, "GET", "payments/ledger/trial-balance", null, [403]),
            (anybody, "GET", "payments/products?subjectId=it", null, [400]),
            (member, "PUT", "payments/orders", null, [405]),

            (owner, "POST", "incentives/rules", """{"rules":[{"rule":"comment-posted","activity":"comment","points":0}]}""", [400]),
            (owner, "POST", "incentives/rules", """{"rules":[{"rule":"comment-posted","activity":"comment","points":-2,"dailyCap":5}]}""", [400]),
            (owner, "POST", "incentives/rules", """{"rules":[{"rule":"sleeping","activity":"sleep","points":2}]}""", [400]),
            (owner, "POST", "incentives/rules", """{"rules":[{"rule":"a","activity":"comment","points":2},{"rule":"a","activity":"view","points":2}]}""", [400]),
            (owner, "POST", "incentives/rules", """{"rules":[null]}""", [400]),
            (owner, "POST", "incentives/rules", "{}", [400]),
            (owner, "POST", "incentives/rules", TwoMebibytes, [413]),
            (member, "POST", "incentives/rules", """{"rules":[]}""", [403]),
            (member, "GET", $"incentives/members/{creator.Id}/points", null, [403]),
            (member, "GET", $"incentives/members/{member.Id}/points/entries?after=garbage", null, [400]),
            (anybody, "GET", $"incentives/members/{member.Id}/points", null, [401]),
            (member, "POST", "incentives/imports/badges", """{"items":[]}""", [403]),
            (import, "POST", "incentives/imports/badges", """{"items":[null]}""", [400]),

            (member, "POST", "analytics/activities", """{"activities":[]}""", [400]),
            (member, "POST", "analytics/activities", """{"activities":[null]}""", [400]),
            (member, "POST", "analytics/activities", """{"activities":[{"kind":"dreaming","at":"2026-01-01T00:00:00Z"}]}""", [400]),
            (member, "POST", "analytics/activities", """{"activities":[{"kind":"view","at":"9999-01-01T00:00:00Z"}]}""", [400]),
            (member, "POST", "analytics/activities", """{"activities":[{"kind":"view","at":"soon"}]}""", [400]),
            (member, "POST", "analytics/activities", TwoMebibytes, [413]),
            (anybody, "POST", "analytics/activities", """{"activities":[]}""", [401]),
            (member, "GET", "analytics/retention?period=month", null, [403]),
            (owner, "GET", "analytics/retention?period=decade", null, [400]),
            (owner, "GET", "analytics/retention?period=month&mode=perhaps", null, [400]),
            (owner, "GET", "analytics/lifecycle?period=day", null, [400]),
            (owner, "GET", "analytics/activity?period=month&from=2020-02-01&to=2020-01-01", null, [400]),
            (owner, "GET", "analytics/activity?period=month&from=0000-00-00", null, [400]),
            (owner, "GET", "analytics/activity?period=month&to=2020-13-01", null, [400]),
            (member, "DELETE", "analytics/activity", null, [405])
        ];
    }

    private static StringContent? Json(string? body) => body is null ? null : new(body, Encoding.UTF8, "application/json");

    private static string Line(Guid product, string quantity) => $$"""{"items":[{"productId":"{{product}}","quantity":{{quantity}}}]}""";

    private static string Unsigned(string token) =>
        $"{Convert.ToBase64String("""{"alg":"none","typ":"at+jwt"}"""u8).TrimEnd('=')}.{token.Split('.')[1]}.";

    // The member's own signature under the claims of somebody else's id.
    private static string Changed(string token)
    {
        var parts = token.Split('.');
        var claims = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1])).Replace("\"member\"", "\"owner\"", StringComparison.Ordinal);

        return $"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.{parts[2]}";
    }
}
