using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.SystemTests.OpenApi;

/// <summary>
/// Calls every operation that the services describe. That the answers are as described is checked on their way
/// (<see cref="Descriptions"/>), here as in all other tests.
/// </summary>
[Collection(typeof(OnOneSystem))]
public sealed class OpenApiTests(CommunitySystem system, ITestOutputHelper output)
{
    private const string Somewhere = "0190a000-0000-7000-8000-000000000000";
    private const int NewVoters = 12;
    private const string LongAgo = "2019-05-04T03:02:01.5Z"; // after all that the import tests look at
    private static readonly string LargeBody = $"{new string(' ', 1024 * 1024)}{{}}";

    private readonly Descriptions _descriptions = system.Descriptions.Anew();

    [Fact]
    public async Task Every_operation_does_and_refuses_as_its_document_says()
    {
        var (anybody, owner) = (system.Anybody with { Descriptions = _descriptions }, system.Owner with { Descriptions = _descriptions });
        var (creator, reviewer, member) = (
            await system.Join("creator") with { Descriptions = _descriptions }, await system.Join("reviewer") with { Descriptions = _descriptions }, await system.Join() with { Descriptions = _descriptions });
        var before = await system.Activities();

        await Members(anybody, owner, member);
        var moderator = await system.Join("moderator") with { Descriptions = _descriptions };
        await Arrangements(anybody, owner, moderator);
        await Accounts(anybody, owner, await system.Join() with { Descriptions = _descriptions }, await system.Join() with { Descriptions = _descriptions });
        await Providers(anybody, await system.Join() with { Descriptions = _descriptions });
        var tokens = await Tokens(owner);
        var content = await Contents(anybody, owner, creator, reviewer, member);
        await Payments(anybody, owner, member, content);
        await Plans(anybody, owner, member, creator, moderator);
        await Topics(anybody, creator, member);
        await Imports(owner, tokens.Import, member);
        await Incentives(owner, member);
        await Abuse(owner, creator, member, await Task.WhenAll(Enumerable.Range(0, NewVoters).Select(async _ => await system.Join() with { Descriptions = _descriptions })));
        await Figures(owner, member);
        var rebuildable = await Projections(owner);
        foreach (var (service, operation) in _descriptions.Operations)
            await CallWrongly(service, operation, anybody, owner, member, tokens.Read);

        // What comes of it must not reach the figures of another test.
        await system.AllIsHeard();
        await system.Counts(before,
            ("content", 3), ("view", 2), ("share", 2), ("reaction", 3), ("feedback", 2), ("comment", 5), ("order", 5),
            ("topic", 3), ("reply", 2), ("vote", 3 + NewVoters));
        Covered(rebuildable);
    }

    /// <summary>The typed clients are generated from these files, so a change of an API is a change of a file.</summary>
    [Theory]
    [InlineData("membership")]
    [InlineData("payments")]
    [InlineData("content")]
    [InlineData("incentives")]
    [InlineData("analytics")]
    public async Task The_document_in_docs_is_the_one_that_is_served(string service)
    {
        var file = CommunitySystem.InRepository("docs", "openapi", $"{service}.json");
        var served = system.Descriptions.All.Single(described => described.Service == service).Description.Text.TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            await File.WriteAllTextAsync(file, served, TestContext.Current.CancellationToken);

        Assert.True(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) == served, $"docs/openapi/{service}.json is not what {service} serves: UPDATE_SNAPSHOTS=1 writes it anew.");
    }

    private void Covered(HashSet<string> rebuildable)
    {
        var heard = _descriptions.Heard.ToLookup(heard => (heard.Service, heard.Operation));
        // It can be done once only: by the system that all tests share.
        Assert.Equal([201, 409], system.Foundings.Select(answer => answer.Status).Order());
        var gaps = new List<string>();

        foreach (var (service, operation) in _descriptions.Operations)
        {
            // The community was founded before this test began.
            var impossible = (operation.Path.StartsWith("/projections/", StringComparison.Ordinal) && !rebuildable.Contains(service))
                || (operation.Path == "/setup" && operation.Method == "POST");
            var examples = new Examples(service, operation, [.. heard[(service, operation)].Select(call => (call.Status, call.EmptyList))], !impossible);
            gaps.AddRange(examples.Gaps());
            var statuses = examples.Calls.Select(call => call.Status).Distinct().Order().ToList();
            output.WriteLine($"{service} {operation.Method} {operation.Path}: {string.Join(' ', statuses)}; declared, without an example: {string.Join(' ', operation.Statuses.Except(statuses.Select(status => $"{status}")))}");
        }

        Assert.True(gaps.Count == 0, string.Join('\n', gaps));
    }

    /// <summary>In all ways in which its document says that it can be called wrongly; none of them changes anything.</summary>
    private static async Task CallWrongly(string service, Operation operation, Person anybody, Person owner, Person member, Person reading)
    {
        var method = new HttpMethod(operation.Method);
        var path = string.Join('/', operation.Path.Split('/').Select(segment => segment is ['{', ..] ? Somewhere : segment));
        var address = $"{service}{path}";
        var statuses = operation.Statuses.Select(status => int.Parse(status, CultureInfo.InvariantCulture)).ToHashSet();
        var empty = operation.Body is null ? null : "{}";

        if (operation.NeedsToken)
        {
            await Ask(anybody, empty).Gives(401);
            await Ask(anybody with { Token = "garbage" }, empty).Gives(401);
        }

        // It would be done: no parameter and no body is there that could be wrong.
        if (operation.Path.Contains('{', StringComparison.Ordinal) || operation.Body is not null || method == HttpMethod.Get)
        {
            foreach (var person in new[] { member, owner, reading })
                await Ask(person, empty);
        }

        foreach (var parameter in (operation.Node["parameters"]?.AsArray() ?? []).Where(parameter => (string?)parameter!["in"] == "query"))
        {
            var schema = parameter!["schema"]!;
            var isFree = (string?)schema["type"] == "string" && schema["format"] is null && schema["enum"] is null;
            var answer = Ask(owner, empty, $"?{parameter["name"]}=garbage");
            if (isFree)
                await answer;
            else
                await answer.Gives(400);
        }

        if (operation.Body is not null)
        {
            // Whether the token or the body is looked at first is not for the document to say.
            foreach (var (body, mediaType) in new[] { ("{", "application/json"), ("[]", "application/json"), ("x", "text/plain") })
                await Ask(owner, body, mediaType: mediaType);
            if (statuses.Contains(413) && !operation.Path.StartsWith("/imports/", StringComparison.Ordinal) && !operation.Path.Contains("/reports/", StringComparison.Ordinal))
                await Ask(owner, LargeBody).Gives(413);
        }

        if (method == HttpMethod.Post)
            await Ask(owner, empty, headers: ("Idempotency-Key", new string('k', 300)));

        Task<Answer> Ask(Person person, string? body, string query = "", string mediaType = "application/json", params (string, string?)[] headers) =>
            person.Ask(method, $"{address}{query}", body is null ? null : new StringContent(body, Encoding.UTF8, mediaType), headers);
    }

    private static async Task Members(Person anybody, Person owner, Person member)
    {
        await anybody.Get("membership/setup").Gives(200);
        await anybody.Get("membership/settings").Gives(200);
        await anybody.Get("membership/.well-known/openid-configuration").Gives(200);
        await anybody.Get("membership/.well-known/jwks.json").Gives(200);

        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        var newcomer = new { email = $"{CommunitySystem.FamilyName.ToLowerInvariant()}.{mark}@example.org", password = $"violet harbour {mark}", displayName = $"{CommunitySystem.FamilyName} {mark}" };
        var id = (await anybody.Post("membership/members", newcomer, $"join {mark}").Gives(201)).Id("memberId");
        Assert.Equal(id, (await anybody.Post("membership/members", newcomer, $"join {mark}").Gives(201)).Id("memberId"));
        await anybody.Post("membership/members", newcomer).Gives(409);
        await anybody.Post("membership/members", newcomer with { displayName = "Another" }, $"join {mark}").Gives(409);
        await anybody.Post("membership/sessions", new { newcomer.email, password = "another" }).Gives(401);
        var session = await anybody.Post("membership/sessions", new { newcomer.email, newcomer.password }).Gives(200);
        session = await anybody.Post("membership/sessions/refresh", new { refreshToken = session.Text("refreshToken") }).Gives(200);
        await anybody.Post("membership/sessions/refresh", new { refreshToken = "garbage" }).Gives(401);
        await (anybody with { Token = session.Text("accessToken") }).Ask(HttpMethod.Delete, "membership/sessions/current").Gives(204);

        await anybody.Get($"membership/members?ids={id},{member.Id}").Gives(200);
        await anybody.Get("membership/members").Gives(401);
        await member.Get("membership/members").Gives(403);
        await owner.Get("membership/members?limit=2").Gives(200);
        var me = await member.Get("membership/members/me");
        await member.Get("membership/members/me?asOf=2001-01-01T00:00:00Z").Gives(404);
        await Patch(member, new { bio = "I read." }, me.Version).Gives(200);
        await Patch(member, new { bio = "I write." }, me.Version).Gives(412);
        await anybody.Get($"membership/members/{member.Id}").Gives(200);
        await member.Get($"membership/members/{member.Id}/history").Gives(200);
        await member.Get($"membership/members/{id}/history").Gives(403);
        await owner.Put($"membership/members/{id}/roles/expert").Gives(204);
        await owner.Ask(HttpMethod.Delete, $"membership/members/{id}/roles/expert").Gives(204);
        await owner.Put($"membership/members/{id}/roles/member").Gives(409);
        await owner.Ask(HttpMethod.Delete, $"membership/members/{id}/roles/member").Gives(409);

        static Task<Answer> Patch(Person person, object change, string? version) => person.Ask(
            HttpMethod.Patch, "membership/members/me", new StringContent(JsonSerializer.Serialize(change), Encoding.UTF8, "application/json"), ("If-Match", version));
    }

    /// <summary>Settings, who may join, who may stay, and what an operator gives.</summary>
    private static async Task Arrangements(Person anybody, Person owner, Person moderator)
    {
        var settings = await owner.Get("membership/settings");
        await Arrange(owner, new { points = true, languages = new[] { "zh", "en" } }, settings.Version).Gives(200);
        await Arrange(owner, new { timeZone = "Mars/Olympus" }, null).Gives(400);
        await Arrange(owner, new { points = true }, "\"99\"").Gives(412);
        await anybody.Get("membership/settings?asOf=2001-01-01T00:00:00Z").Gives(200);

        var invitation = await moderator.Post("membership/invitations", new { uses = 2, expiresAt = TimeProvider.System.GetUtcNow().AddDays(1) }).Gives(201);
        await moderator.Get("membership/invitations").Gives(200);
        await moderator.Get($"membership/invitations/{invitation.Id("invitationId")}").Gives(200);
        var brought = (await Register(invitation.Text("code")).Gives(201)).Id("memberId");
        await Register("WRONG").Gives(409);
        await moderator.Ask(HttpMethod.Delete, $"membership/invitations/{invitation.Id("invitationId")}").Gives(204);
        await Arrange(owner, new { registration = "approval" }, null).Gives(200);
        var (let, declined) = ((await Register(null).Gives(202)).Id("memberId"), (await Register(null).Gives(202)).Id("memberId"));
        await Arrange(owner, new { registration = "open" }, null).Gives(200);
        await moderator.Get("membership/applications?limit=100").Gives(200);
        await moderator.Post($"membership/applications/{let}/approval").Gives(204);
        await moderator.Post($"membership/applications/{declined}/refusal").Gives(204);
        await moderator.Post($"membership/applications/{let}/refusal").Gives(409);

        await moderator.Post($"membership/members/{brought}/suspension", new { reason = "Spam.", until = TimeProvider.System.GetUtcNow().AddDays(1) }).Gives(204);
        await anybody.Get($"membership/members/{brought}").Gives(200);
        await moderator.Post($"membership/members/{owner.Id}/suspension", new { reason = "Spam." }).Gives(403);
        await moderator.Post($"membership/members/{moderator.Id}/suspension", new { reason = "Spam." }).Gives(409);
        await moderator.Ask(HttpMethod.Delete, $"membership/members/{brought}/suspension").Gives(204);
        await owner.Put($"membership/members/{brought}/tier", new { tier = "gold", until = TimeProvider.System.GetUtcNow().AddDays(1) }).Gives(204);
        await anybody.Get($"membership/members/{brought}").Gives(200);
        await owner.Ask(HttpMethod.Delete, $"membership/members/{brought}/tier").Gives(204);
        await owner.Get("membership/outbox?limit=5").Gives(200);

        Task<Answer> Register(string? invitationCode)
        {
            var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

            return anybody.Post("membership/members", new { email = $"arranged.{mark}@example.org", password = $"violet harbour {mark}", displayName = mark, invitationCode });
        }

        static Task<Answer> Arrange(Person person, object change, string? version) => person.Ask(
            HttpMethod.Patch, "membership/settings", new StringContent(JsonSerializer.Serialize(change), Encoding.UTF8, "application/json"), ("If-Match", version));
    }

    /// <summary>What members do with their own accounts, up to their end.</summary>
    private async Task Accounts(Person anybody, Person owner, Person member, Person leaving)
    {
        const string Password = "violet harbour 42";
        await member.Ask(HttpMethod.Put, "membership/members/me/avatar", Picture("image/png")).Gives(204);
        await member.Ask(HttpMethod.Put, "membership/members/me/avatar", Picture("text/html")).Gives(415);
        await anybody.Get($"membership/members/{member.Id}/avatar").Gives(200);
        await member.Ask(HttpMethod.Delete, "membership/members/me/avatar").Gives(204);

        await member.Post("membership/members/me/email-confirmation").Gives(202);
        await anybody.Post("membership/email-confirmations", new { token = await Token("confirmAddress") }).Gives(204);
        await member.Post("membership/members/me/email-confirmation").Gives(409);
        await member.Ask(HttpMethod.Put, "membership/members/me/email", JsonBody(new { email = owner.Email, currentPassword = Password })).Gives(409);
        await member.Ask(HttpMethod.Put, "membership/members/me/email", JsonBody(new { email = "moved.away@example.org", currentPassword = Password })).Gives(202);
        await member.Ask(HttpMethod.Put, "membership/members/me/password", JsonBody(new { currentPassword = Password, newPassword = "orange lighthouse 7" })).Gives(204);
        await anybody.Post("membership/password-resets", new { email = member.Email }).Gives(202);
        await anybody.Post("membership/password-resets/completion", new { token = await Token("resetPassword"), password = Password }).Gives(204);
        member = member with { Token = (await anybody.Post("membership/sessions", new { email = member.Email, password = Password }).Gives(200)).Text("accessToken") };

        await member.Get("membership/members/me/two-factor").Gives(200);
        await member.Post("membership/members/me/two-factor", new { password = "wrong" }).Gives(403);
        var secret = (await member.Post("membership/members/me/two-factor", new { password = Password }).Gives(200)).Text("secret");
        await member.Post("membership/members/me/two-factor/confirmation", new { oneTimeCode = Code(secret, steps: 0) }).Gives(200);
        await anybody.Post("membership/sessions", new { email = member.Email, password = Password }).Gives(401);
        await member.Post("membership/members/me/two-factor/recovery-codes", new { oneTimeCode = Code(secret, steps: 1) }).Gives(200);
        await member.Post("membership/members/me/two-factor/removal", new { password = Password }).Gives(204);
        await member.Get("membership/members/me/sign-ins").Gives(200);

        var other = await anybody.Post("membership/sessions", new { email = member.Email, password = Password }).Gives(200);
        var sessions = (await member.Get("membership/sessions").Gives(200))["items"]!.AsArray();
        await member.Ask(HttpMethod.Delete, $"membership/sessions/{sessions.First(session => !(bool)session!["current"]!)!.Id("sessionId")}").Gives(204);
        await (member with { Token = other.Text("accessToken") }).Get("membership/members/me").Gives(401);
        await member.Ask(HttpMethod.Delete, "membership/sessions").Gives(204);

        await member.Get("membership/members/me/export").Gives(200);
        await leaving.Post("membership/members/me/departure").Gives(204);
        await anybody.Post("membership/sessions", new { email = leaving.Email, password = Password }).Gives(403);
        var back = await anybody.Post("membership/sessions/return", new { email = leaving.Email, password = Password }).Gives(200);
        await (leaving with { Token = back.Text("accessToken") }).Post("membership/members/me/erasure").Gives(204);
        await owner.Post("membership/members/me/departure").Gives(409);
        await owner.Post("membership/members/me/erasure").Gives(409);
        await owner.Get("membership/erasures").Gives(200);
        await owner.Post("membership/erasures", new { items = new[] { new { memberId = leaving.Id }, new { memberId = owner.Id } } }).Gives(200);

        // Links are shown to who has just signed in.
        async Task<string> Token(string kind) => (await (owner with { Token = system.Owner.Token }).Get("membership/outbox?limit=100").Gives(200))["items"]!.AsArray()
            .First(mail => mail!.Id("memberId") == member.Id && mail!.Text("kind") == kind)!.Text("text").Split("token=")[1].Split('\n')[0].Trim();

        static StringContent JsonBody(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

        // A PNG of one pixel.
        static ByteArrayContent Picture(string type) => new(Convert.FromBase64String(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
        { Headers = { ContentType = new(type) } };
    }

    private async Task Providers(Person anybody, Person member)
    {
        const string Provider = CommunitySystem.Provider;
        var who = new Somebody($"subject {member.Id}", $"{member.Id:N}@club.example.org");
        await anybody.Get("membership/sign-in-providers").Gives(200);
        await anybody.Post("membership/sign-ins", new { provider = "nobody", redirectUri = CommunitySystem.SignedIn }).Gives(404);
        await anybody.Post("membership/sign-ins", new { provider = Provider, redirectUri = "http://elsewhere.example.org/" }).Gives(400);

        var tokens = await anybody.Post("membership/sessions/by-provider", await Agree(anybody)).Gives(200);
        await anybody.Post("membership/sessions/by-provider", new { state = "none", code = "none" }).Gives(404);
        var (state, _) = await Begin(anybody);
        await anybody.Post("membership/sessions/by-provider", new { state, code = "of nobody" }).Gives(404);
        var newcomer = member with { Token = tokens.Text("accessToken") };
        await newcomer.Ask(HttpMethod.Delete, $"membership/members/me/sign-ins/{Provider}").Gives(409);

        who = who with { Subject = "another" };
        await member.Post("membership/members/me/sign-ins", await Agree(member)).Gives(204);
        await newcomer.Post("membership/members/me/sign-ins", await Agree(newcomer)).Gives(409);
        await member.Post("membership/members/me/sign-ins", new { state = "none", code = "none" }).Gives(404);
        await member.Get("membership/members/me/sign-ins").Gives(200);
        await member.Ask(HttpMethod.Delete, $"membership/members/me/sign-ins/{Provider}").Gives(204);

        async Task<(string State, string Address)> Begin(Person person)
        {
            var begun = await person.Post("membership/sign-ins", new { provider = Provider, redirectUri = CommunitySystem.SignedIn }).Gives(200);

            return (begun.Text("state"), begun.Text("address"));
        }

        async Task<object> Agree(Person person)
        {
            var (state, address) = await Begin(person);

            return new { state, code = system.Club.Agree(address, who) };
        }
    }

    /// <summary>A one-time code (RFC 6238) of now, or of some half-minutes later.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The RFC's own function; authenticators know no other.")]
    private static string Code(string secret, int steps)
    {
        var bits = string.Concat(secret.TrimEnd('=').Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        var key = bits.Chunk(8).Where(octet => octet.Length == 8).Select(octet => Convert.ToByte(new string(octet), 2)).ToArray();
        var counter = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(counter, (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30) + steps);
        var hash = HMACSHA1.HashData(key, counter);
        var number = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 0xF)) & int.MaxValue;

        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static async Task<(Person Import, Person Read)> Tokens(Person owner)
    {
        var import = await owner.Post("membership/tokens", new { name = "import", scopes = new[] { "import" } }).Gives(201);
        var read = await owner.Post("membership/tokens", new { name = "read", scopes = new[] { "read" }, expiresAt = TimeProvider.System.GetUtcNow().AddDays(1) }).Gives(201);
        var gone = await owner.Post("membership/tokens", new { name = "gone", scopes = new[] { "write" } }).Gives(201);
        await owner.Get("membership/tokens").Gives(200);
        await owner.Ask(HttpMethod.Delete, $"membership/tokens/{gone.Id("tokenId")}").Gives(204);

        return (owner with { Token = import.Text("token") }, owner with { Token = read.Text("token") });
    }

    /// <returns>One with a price, published.</returns>
    private static async Task<Guid> Contents(Person anybody, Person owner, Person creator, Person reviewer, Person member)
    {
        var priced = await creator.Publish("What it costs", 1_200, reviewer);
        var free = await creator.Draft("What it is worth", null);
        var draft = await creator.Get($"content/contents/{free}");
        await Revise(new { title = "What it is worth to us", format = "slides", plannedFor = "2031-02-28", requires = new { tier = "gold", level = 3 } }, draft.Version).Gives(200);
        await Revise(new { title = "Too late" }, draft.Version).Gives(412);
        await Revise(new { requires = new { } }, null).Gives(200);
        await Eventually.True(
            async () => (await creator.Get($"content/contents?status=draft&author={creator.Id}&topic=event%20sourcing&limit=5").Gives(200))["items"]!.AsArray().Count == 1, "a list of drafts");
        await anybody.Get("content/contents?status=draft").Gives(401);
        await creator.Post($"content/contents/{free}/publication").Gives(409);
        await reviewer.Review(free).IsRefused(409);
        await creator.Post($"content/contents/{free}/submission").Gives(200);
        await reviewer.Review(free);
        await creator.Post($"content/contents/{free}/publication").Gives(200);
        await creator.Get($"content/contents/{free}?asOf={Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture))}").Gives(200);
        await member.Get($"content/contents/{free}?asOf=2031-01-01T00:00:00Z").Gives(403);
        await creator.Get($"content/contents/{free}/history").Gives(200);
        await member.Get($"content/contents/{free}/history").Gives(403);
        await Eventually.True(async () => (await anybody.Get("content/contents").Gives(200))["items"]!.AsArray().Count > 0, "a list of contents");

        await member.Post($"content/contents/{free}/views").Gives(204);
        await member.Post($"content/contents/{free}/shares", new { channel = "mail" }).Gives(204);
        await member.Post($"content/contents/{free}/reactions", new { kind = "like" }).Gives(204);
        await owner.Post($"content/contents/{free}/reactions", new { kind = "like" }).Gives(204);
        await anybody.Get($"content/contents/{free}/reactions").Gives(200);
        await anybody.Get($"content/contents/{Guid.Empty}/reactions").Gives(404);
        await anybody.Get("content/contents/topics").Gives(200);
        await anybody.Get("content/contents?format=article").Gives(200);
        await member.Ask(HttpMethod.Delete, $"content/contents/{free}/reactions/like").Gives(204);
        await member.Post($"content/contents/{free}/feedback", new { rating = 5, text = "Clear." }).Gives(204);
        await member.Post($"content/contents/{priced}/feedback", new { rating = 1 }).Gives(403);
        var comment = await member.Comment(free);
        await anybody.Get($"content/comments/{comment}").Gives(200);
        await Eventually.True(async () => (await anybody.Get($"content/contents/{free}/comments").Gives(200))["items"]!.AsArray().Count == 1, "a list of comments");
        await creator.Ask(HttpMethod.Delete, $"content/contents/{free}/publication").Gives(204);
        await creator.Ask(HttpMethod.Delete, $"content/contents/{free}/publication");
        await creator.Post($"content/contents/{free}/views").Gives(409);

        return priced;

        Task<Answer> Revise(object revision, string? version) => creator.Ask(
            HttpMethod.Patch, $"content/contents/{free}", new StringContent(JsonSerializer.Serialize(revision), Encoding.UTF8, "application/json"), ("If-Match", version));
    }

    private async Task Payments(Person anybody, Person owner, Person member, Guid content)
    {
        var product = (await system.Product(content)).ProductId;
        await anybody.Get($"payments/products?subjectId={content}").Gives(200);
        await anybody.Get($"payments/products/{product}").Gives(200);
        var order = await member.Order(product, $"order {product}");
        await member.Pay(order);
        await member.Post($"payments/orders/{order}/payments", new { gateway = "sandbox" }).Gives(409);
        await member.Get($"payments/orders/{order}?asOf={Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture))}").Gives(200);
        await member.Get($"payments/orders/{order}/history").Gives(200);
        await Eventually.True(async () => (await member.Get("payments/orders").Gives(200))["items"]!.AsArray().Count == 1, "a list of orders");
        await member.Post($"payments/orders/{order}/cancellation").Gives(409);
        var refund = (await owner.Post($"payments/orders/{order}/refunds", new { reason = "half of it", amount = new { amount = 500, currency = "CNY" } }).Gives(201)).Id("refundId");
        await owner.Post($"payments/orders/{order}/refunds", new { reason = "too much", amount = new { amount = 5_000, currency = "CNY" } }).Gives(409);
        await member.Get($"payments/orders/{order}").Gives(200);

        var other = await owner.Order(product);
        await owner.Ask(HttpMethod.Post, $"payments/orders/{other}/cancellation", null, ("If-Match", "\"99\"")).Gives(412);
        await owner.Post($"payments/orders/{other}/cancellation").Gives(204);

        // Money for an order that nobody knows is owed back.
        await Notify($$"""{"outcome":"paid","receipt":"{{content}}","orderId":"{{content}}","paymentId":"{{content}}","amount":{"amount":100,"currency":"CNY"} }""").Gives(204);
        await Notify("[]").Gives(400);
        await Eventually.True(async () => (await owner.Get("payments/refunds-owed").Gives(200))["items"]!.AsArray().Count > 0, "money to be owed back");
        await Eventually.True(async () => (await owner.Get("payments/ledger/trial-balance").Gives(200))["accounts"]!.AsArray().Count > 0, "a balance");

        await owner.Get("payments/gateways").Gives(200);
        await owner.Get("payments/payment-methods").Gives(200);
        var payment = (await member.Get($"payments/orders/{order}").Gives(200))["payments"]![0]!.Id("paymentId");
        await member.Post($"payments/orders/{order}/payments/{payment}/inquiry").Gives(200);
        await member.Post($"payments/orders/{order}/payments/{Somewhere}/inquiry").Gives(404);

        // A refund reaches its gateway, comes back, and goes again.
        await Sent(refund);
        await owner.Get($"payments/refunds/{refund}/history").Gives(200);
        await owner.Post($"payments/refunds/{refund}/attempts").Gives(409);
        await Notify($$"""{"outcome":"refundFailed","receipt":"{{refund}}","orderId":"{{order}}","paymentId":"{{payment}}","amount":{"amount":500,"currency":"CNY"},"refundId":"{{refund}}"}""").Gives(204);
        await owner.Get("payments/refunds?status=failed").Gives(200);
        await owner.Post($"payments/refunds/{refund}/attempts").Gives(200);
        await Sent(refund);

        var owed = await Eventually.Value(
            async () => (await owner.Get("payments/refunds-owed?limit=100").Gives(200))["items"]!.AsArray()
                .FirstOrDefault(item => item!.Id("orderId") == content)?.Id("refundOwedId"),
            id => id is not null, "what is owed");
        await owner.Post($"payments/refunds-owed/{owed}/refund").Gives(201);
        await owner.Post($"payments/refunds-owed/{Somewhere}/refund").Gives(404);
        await Sent(owed!.Value);

        await Notify($$"""{"outcome":"chargeback","receipt":"{{content}}","orderId":"{{order}}","paymentId":"{{payment}}","amount":{"amount":100,"currency":"CNY"} }""").Gives(204);
        await owner.Get("payments/chargebacks").Gives(200);

        async Task Sent(Guid id) => await Eventually.True(
            async () => (await owner.Get($"payments/refunds/{id}").Gives(200)).Text("status") == "sent", "a refund to be sent");

        Task<Answer> Notify(string body)
        {
            var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(CommunitySystem.SandboxSecret), Encoding.UTF8.GetBytes($"{time}.{body}"));

            return anybody.Ask(
                HttpMethod.Post, "payments/webhooks/sandbox", new StringContent(body, Encoding.UTF8, "application/json"),
                ("Sandbox-Signature", $"t={time},v1={Convert.ToHexStringLower(signature)}"));
        }
    }

    /// <summary>Plans and what becomes of them, coupons, invoices, money without a gateway, creators' shares, and that all of it agrees.</summary>
    private static async Task Plans(Person anybody, Person owner, Person member, Person creator, Person referrer)
    {
        var gold = await Plan("Gold", "gold", 2_000, 14);
        var platinum = await Plan("Platinum", "platinum", 5_000, 0);
        await anybody.Get("payments/plans").Gives(200);
        await anybody.Get($"payments/plans/{gold}").Gives(200);

        var code = $"HALF{Convert.ToHexString(RandomNumberGenerator.GetBytes(4))}";
        await owner.Post("payments/coupons", new { code, percentOff = 50, duration = "once", maxUses = 1 }).Gives(201);
        await owner.Post("payments/coupons", new { code, percentOff = 60, duration = "once" }).Gives(409);
        await owner.Get($"payments/coupons/{code}").Gives(200);
        await Eventually.True(async () => (await owner.Get("payments/coupons").Gives(200))["items"]!.AsArray().Count > 0, "a list of coupons");

        var wish = new { items = new[] { new { productId = gold, quantity = 1 } }, couponCode = code };
        Assert.Equal(1_000, (long)(await member.Post("payments/orders/previews", wish).Gives(200))["total"]!["amount"]!);
        await member.Post("payments/orders/previews", wish with { couponCode = "NONE" }).Gives(409);
        var subscription = (await member.Post("payments/orders", wish).Gives(201)).Id("orderId");
        await member.Post("payments/orders", wish).Gives(409);
        await member.Pay(subscription);
        await Eventually.True(async () => (await member.Get("payments/subscriptions").Gives(200))["items"]!.AsArray().Count == 1, "a list of subscriptions");
        await Eventually.True(async () => (await member.Get("membership/members/me").Gives(200))["tier"] is { } tier && (string?)tier == "gold", "the tier that was paid for");

        await member.Get($"payments/subscriptions/{subscription}?asOf={Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture))}").Gives(200);
        await member.Get($"payments/subscriptions/{subscription}/history").Gives(200);
        await member.Get($"payments/subscriptions/{subscription}/next-invoice").Gives(200);
        await member.Post($"payments/subscriptions/{subscription}/plan/previews", new { planId = platinum }).Gives(200);
        await member.Post($"payments/subscriptions/{subscription}/plan/previews", new { planId = Somewhere }).Gives(409);
        await member.Post($"payments/subscriptions/{subscription}/plan", new { planId = Somewhere }).Gives(409);
        await member.Post($"payments/subscriptions/{subscription}/plan", new { planId = platinum }).Gives(200);
        await Eventually.True(async () => (await member.Get($"payments/subscriptions/{subscription}").Gives(200)).Text("tier") == "platinum", "the dearer plan to be paid by its mandate");

        await member.Post($"payments/subscriptions/{subscription}/cancellation").Gives(204);
        await member.Get($"payments/subscriptions/{subscription}/next-invoice").Gives(409);
        await member.Post($"payments/subscriptions/{subscription}/pause").Gives(409);
        await member.Ask(HttpMethod.Delete, $"payments/subscriptions/{subscription}/cancellation").Gives(204);
        await member.Ask(HttpMethod.Post, $"payments/subscriptions/{subscription}/pause", null, ("If-Match", "\"99\"")).Gives(412);
        await member.Post($"payments/subscriptions/{subscription}/pause").Gives(204);
        await member.Post($"payments/subscriptions/{subscription}/cancellation").Gives(409);
        await member.Ask(HttpMethod.Delete, $"payments/subscriptions/{subscription}/pause").Gives(204);
        var trial = (await creator.Post("payments/subscriptions", new { planId = gold }).Gives(201)).Id("subscriptionId");
        await creator.Post("payments/subscriptions", new { planId = gold }).Gives(409);
        await creator.Post($"payments/subscriptions/{trial}/pause").Gives(409);
        var given = (await owner.Post("payments/subscriptions/complimentary", new { memberId = creator.Id, planId = gold, until = TimeProvider.System.GetUtcNow().AddDays(1) }).Gives(201)).Id("subscriptionId");
        await creator.Post($"payments/subscriptions/{trial}/refusal").Gives(409);
        await creator.Post($"payments/subscriptions/{given}/refusal").Gives(204);
        await owner.Ask(HttpMethod.Delete, $"payments/subscriptions/{given}").Gives(204);
        await owner.Ask(HttpMethod.Delete, $"payments/plans/{gold}").Gives(204);
        await member.Post("payments/orders", new { wish.items }).Gives(409);

        await member.Put("payments/billing-details", new { name = $"{CommunitySystem.FamilyName} Ltd", address = "1 Log Lane\nEventville" }).Gives(204);
        await member.Get("payments/billing-details").Gives(200);
        var byTransfer = await member.Order(await Plan("Silver", "silver", 1_000, 0));
        await owner.Post($"payments/orders/{byTransfer}/offline-payments", new { reference = $"transfer {byTransfer}" }).Gives(201);
        await owner.Post($"payments/orders/{Somewhere}/offline-payments", new { reference = "nothing" }).Gives(404);
        var back = (await owner.Post($"payments/orders/{byTransfer}/refunds", new { reason = "by hand", amount = new { amount = 1, currency = "CNY" } }).Gives(201)).Id("refundId");
        await Eventually.True(async () => (await owner.Get($"payments/refunds/{back}").Gives(200)).Text("status") == "failed", "a refund that no gateway can send");
        await owner.Post($"payments/refunds/{back}/confirmation", new { reference = "cash" }).Gives(200);
        await owner.Post($"payments/refunds/{back}/confirmation", new { reference = "cash again" }).Gives(409);

        var invoice = (await Eventually.Value(
            async () => (await member.Get("payments/invoices").Gives(200))["items"]!.AsArray().FirstOrDefault(item => item!.Id("orderId") == byTransfer),
            found => found is not null, "an invoice"))!.Id("invoiceId");
        await member.Get($"payments/invoices/{invoice}").Gives(200);
        Assert.Contains("1 Log Lane", (await member.Get($"payments/invoices/{invoice}/document")).Body, StringComparison.Ordinal);

        var pdf = await member.Get($"payments/invoices/{invoice}/pdf"); // of latin text alone
        Assert.True(pdf is { Status: 200, MediaType: "application/pdf" } or { Status: 409 }, $"{pdf.Status} {pdf.MediaType}");

        await Eventually.True(async () => (await creator.Get("payments/payouts/balance").Gives(200))["items"]!.AsArray().Count > 0, "a creator's share");
        await owner.Post("payments/payouts").Gives(200);
        var payout = (await Eventually.Value(
            async () => (await creator.Get("payments/payouts").Gives(200))["items"]!.AsArray().FirstOrDefault(), found => found is not null, "a payout"))!.Id("payoutId");
        await owner.Post($"payments/payouts/{payout}/payment", new { reference = "transfer" }).Gives(204);
        await owner.Get("payments/payouts/export").Gives(200);

        await Report("receipt,amount,currency,at,fee\nunknown,100,CNY,2026-01-01T00:00:00Z,6\n").Gives(204);
        await Report("garbage").Gives(400);
        await owner.Get("payments/reconciliation?from=2026-01-01&to=2031-01-01").Gives(200);
        await Eventually.True(async () => (await referrer.Get("payments/referrals").Gives(200))["items"]!.AsArray().Count > 0, "whom somebody has brought");

        foreach (var service in CommunitySystem.Services.Where(service => service != "membership"))
            await Eventually.True(async () => (await member.Get($"{service}/members/me/export").Gives(200))["items"]!.AsArray().Count > 0, $"what {service} knows of a member");

        Task<Answer> Report(string csv) =>
            owner.Ask(HttpMethod.Post, "payments/reconciliation/reports/sandbox", new StringContent(csv, Encoding.UTF8, "text/csv"));

        async Task<Guid> Plan(string name, string tier, long amount, int trialDays) => (await owner.Post(
            "payments/plans", new { name, tier, price = new { amount, currency = "CNY" }, interval = "month", trialDays }).Gives(201)).Id("planId");
    }

    private static async Task Topics(Person anybody, Person asker, Person member)
    {
        var topic = (await asker.Post("content/topics", new { kind = "question", title = "Which one?", body = "This or that?", tags = new[] { "choice" } }).Gives(201)).Id("topicId");
        var replies = new List<Guid>();
        foreach (var body in new[] { "This.", "That." })
            replies.Add((await member.Post($"content/topics/{topic}/replies", new { body }).Gives(201)).Id("replyId"));
        await member.Post($"content/topics/{topic}/votes", new { value = 1 }).Gives(204);
        await asker.Post($"content/topics/{topic}/votes", new { value = 1 }).Gives(403);
        await asker.Post($"content/topics/{topic}/replies/{replies[0]}/votes", new { value = -1 }).Gives(204);
        await member.Post($"content/topics/{topic}/replies/{replies[0]}/votes", new { value = 1 }).Gives(403);
        await member.Content.PostTopicsByIdCommentsAsync(topic, new() { Body = "That helped me." });
        await member.Content.PostTopicsByIdRepliesByReplyIdCommentsAsync(topic, replies[0], new() { Body = "That helped me." });
        await Accept(member, null).Gives(403);
        await Accept(asker, "\"99\"").Gives(412);
        await Accept(asker, null).Gives(204);
        await Eventually.True(async () => (await anybody.Get("content/topics?kind=question&tag=choice&unanswered=false").Gives(200))["items"]!.AsArray().Count == 1, "a list of topics");
        await Eventually.True(
            async () => (await anybody.Get($"content/topics/{topic}").Gives(200))["replies"]!.AsArray().Count == 2 && await Listed("") && await Listed("/replies?limit=1") && await Listed("/comments") && await Listed($"/replies/{replies[0]}/comments"), "replies and comments");
        var next = (await anybody.Get($"content/topics/{topic}/replies?limit=1").Gives(200)).Text("next");
        await anybody.Get($"content/topics/{topic}/replies?after={next}").Gives(200);
        await anybody.Get($"content/topics/{topic}/replies/{replies[0]}").Gives(200);
        await asker.Ask(HttpMethod.Delete, $"content/topics/{topic}/accepted-reply").Gives(204);
        var discussion = (await asker.Post("content/topics", new { kind = "discussion", title = "This and that", body = "Both." }).Gives(201)).Id("topicId");
        await asker.Ask(HttpMethod.Delete, $"content/topics/{discussion}/accepted-reply").Gives(409);

        // Last of all, for what is deleted is gone.
        await asker.Ask(HttpMethod.Delete, $"content/topics/{topic}/replies/{replies[0]}/votes").Gives(204);
        await asker.Ask(HttpMethod.Delete, $"content/topics/{Somewhere}/replies/{replies[0]}/votes").Gives(404);
        await member.Ask(HttpMethod.Delete, $"content/topics/{Somewhere}/votes").Gives(404);
        var comment = (await member.Content.PostTopicsByIdCommentsAsync(topic, new() { Body = "That helped me." }).Gives()).CommentId;
        await member.Ask(HttpMethod.Delete, $"content/comments/{comment}").Gives(204);
        await member.Ask(HttpMethod.Delete, $"content/comments/{comment}").Gives(404);
        await member.Ask(HttpMethod.Delete, $"content/topics/{topic}/votes").Gives(204);
        await asker.Ask(HttpMethod.Delete, $"content/topics/{topic}/replies/{replies[0]}").Gives(403);
        await member.Ask(HttpMethod.Delete, $"content/topics/{topic}/replies/{replies[0]}").Gives(204);
        await asker.Ask(HttpMethod.Delete, $"content/topics/{discussion}").Gives(204);
        await asker.Ask(HttpMethod.Delete, $"content/topics/{discussion}").Gives(404);

        Task<Answer> Accept(Person person, string? version) => person.Ask(
            HttpMethod.Put, $"content/topics/{topic}/accepted-reply", new StringContent($$"""{"replyId":"{{replies[0]}}"}""", Encoding.UTF8, "application/json"), ("If-Match", version));

        async Task<bool> Listed(string list) => (await anybody.Get($"content/topics/{topic}{list}").Gives(200))["items"] is null or JsonArray { Count: > 0 };
    }

    private static async Task Imports(Person owner, Person import, Person member)
    {
        var (topic, reply, comment, vote, award) = (Id(), Id(), Id(), Id(), Id());
        var (author, at, body) = ((Guid?)null, LongAgo, "<p>Of old.</p>");
        await Take("membership/imports/members", new { memberId = Id(), displayName = "Of old", joinedAt = at, email = (string?)"of-old@example.org" }, new { memberId = Guid.Empty, displayName = "Nobody", joinedAt = at, email = (string?)null });
        await Take("content/imports/topics", new { topicId = topic, kind = "question", authorId = author, title = "Of old", body, tags = new[] { "old" }, at });
        await Take("content/imports/replies", new { replyId = reply, topicId = topic, authorId = author, body, at });
        await Take("content/imports/comments",
            new { commentId = comment, subjectKind = "topic", subjectId = topic, authorId = (Guid?)member.Id, body, at },
            new { commentId = Id(), subjectKind = "reply", subjectId = topic, authorId = author, body, at });
        await Take("content/imports/votes", new { voteId = vote, subjectKind = "reply", subjectId = reply, voterId = (Guid?)member.Id, value = 1, at });
        await Take("content/imports/accepted-replies", new { topicId = topic, replyId = reply, at });
        var (content, reader, order) = (Id(), Id(), Id());
        var plan = (await owner.Post("payments/plans", new { name = "Copper", tier = "copper", price = new { amount = 500, currency = "CNY" }, interval = "month", trialDays = 0 }).Gives(201)).Id("planId");
        await Take("content/imports/contents", new { contentId = content, authorId = Id(), title = "Of old", topic = "history", format = "article", body = "As it was.", tags = new[] { "old" }, status = "published", at });
        await Take("content/imports/views", new { id = Id(), contentId = content, memberId = reader, at });
        await Take("content/imports/shares", new { id = Id(), contentId = content, memberId = reader, channel = "link", at });
        await Take("content/imports/reactions", new { id = Id(), contentId = content, memberId = reader, kind = "insightful", at });
        await Take("content/imports/feedback", new { id = Id(), contentId = content, memberId = reader, rating = 4, at });
        await Take("payments/imports/orders", new
        {
            orderId = order,
            memberId = reader,
            item = new { kind = "plan", id = plan, name = "Copper" },
            amount = new { amount = 500, currency = "CNY" },
            paid = new { gateway = "elsewhere", receipt = "r-1" },
            at
        });
        await Take("payments/imports/subscriptions", new { subscriptionId = order, memberId = reader, orders = new[] { order }, renewal = "never" });
        await Take("incentives/imports/badges", new { awardId = award, memberId = member.Id, name = "Of old", @class = "gold", at });

        async Task Take(string address, params object[] items)
        {
            var told = await import.Post(address, new { items }).Gives(200);
            Assert.Equal((1, items.Length - 1), ((int)told["taken"]!, told["refused"]!.AsArray().Count));
        }

        static Guid Id() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
    }

    private static async Task Incentives(Person owner, Person member)
    {
        var rules = await owner.Get("incentives/rules");
        await owner.Ask(
            HttpMethod.Post, "incentives/rules", new StringContent(new JsonObject { ["rules"] = rules.Json["rules"]!.DeepClone() }.ToJsonString(), Encoding.UTF8, "application/json"),
            ("If-Match", "\"99\"")).Gives(412);
        await owner.Post("incentives/rules", new { rules = rules.Json["rules"]!.DeepClone() }).Gives(201);
        await owner.Get($"incentives/rules?asOf={LongAgo}").Gives(200);
        await Replays(owner, member, rules.Json["rules"]!);
        var levels = await member.Get("incentives/levels").Gives(200);
        await owner.Ask(HttpMethod.Put, "incentives/levels", Content(new { levels = levels["items"]!.DeepClone() })).Gives(200);
        await owner.Ask(HttpMethod.Put, "incentives/levels", Content(new { levels = new[] { new { level = 1, name = "new", points = 5 } } })).Gives(400);
        await owner.Ask(HttpMethod.Put, "incentives/levels", Content(new { levels = levels["items"]!.DeepClone() }), ("If-Match", "\"99\"")).Gives(412);
        await Rewards(owner, member);
        await member.Ask(HttpMethod.Put, "incentives/members/me/leaderboard", Content(new { shown = true })).Gives(204);
        await member.Ask(HttpMethod.Put, "incentives/members/me/leaderboard", Content(new { })).Gives(400);
        await owner.Get("incentives/rules/versions").Gives(200);
        await owner.Get("incentives/rules/versions?limit=0").Gives(400);
        await owner.Post("incentives/rules/checks", new { rules = rules.Json["rules"]!.DeepClone() }).Gives(200);
        await member.Post("incentives/rules/checks", new { rules = Array.Empty<object>() }).Gives(403);
        var badge = (await owner.Post("incentives/badges", new { name = "Opened a topic", activity = "topic", tiers = new[] { new { @class = "bronze", count = 1 } } }).Gives(201)).Id("badgeId");
        await owner.Post("incentives/badges", new { name = "Opened a topic", activity = "topic", tiers = new[] { new { @class = "bronze", count = 1 } } }).Gives(409);
        await member.Get("incentives/badges/rules").Gives(200);
        await Eventually.True(async () => (await member.Get($"incentives/members/{member.Id}/badges").Gives(200))["items"]!.AsArray().Count > 0, "a badge with what it was for");
        await owner.Ask(HttpMethod.Delete, $"incentives/badges/{Somewhere}").Gives(404);
        await owner.Ask(HttpMethod.Delete, $"incentives/badges/{badge}").Gives(204);
        await Eventually.True(async () => (await member.Get("incentives/badges?limit=100").Gives(200))["items"]!.AsArray().Count > 0, "a badge");
        await Eventually.True(async () => (await member.Get($"incentives/members/{member.Id}/points/entries").Gives(200))["items"]!.AsArray().Count > 0, "points");
        await Eventually.True(async () => (await member.Get($"incentives/members/{member.Id}/points").Gives(200))["badges"]!.AsArray().Count > 0, "a badge of one's own");
    }

    private static StringContent Content(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private static async Task Replays(Person owner, Person member, JsonNode rules)
    {
        var replay = (await owner.Post("incentives/rules/replays", new { rules = rules.DeepClone(), since = "2020-01-01" }).Gives(202)).Id("replayId");
        await owner.Get("incentives/rules/replays").Gives(200);
        await member.Get("incentives/rules/replays").Gives(403);
        await owner.Post("incentives/rules/replays", new { rules = new[] { new { rule = "a", activity = "comment", points = 0 } } }).Gives(400);
        // One that has ended cannot be cancelled, and some end at once.
        await Eventually.True(async () =>
        {
            var another = (await owner.Post("incentives/rules/replays", new { rules = rules.DeepClone() }).Gives(202)).Id("replayId");

            return (await owner.Post($"incentives/rules/replays/{another}/cancellation")).Status == 204;
        }, "a replay that is cancelled while it runs");
        await Eventually.True(async () => (await owner.Get($"incentives/rules/replays/{replay}").Gives(200)).Text("status") == "finished", "the replay to finish");
        await owner.Get($"incentives/rules/replays/{replay}/members/{member.Id}").Gives(200);
        await owner.Get($"incentives/rules/replays/{Somewhere}/members/{member.Id}").Gives(404);
        await owner.Post($"incentives/rules/replays/{replay}/cancellation").Gives(409);
        await owner.Post($"incentives/rules/replays/{replay}/application", new { from = "tomorrow" }).Gives(400);
        await owner.Post($"incentives/rules/replays/{replay}/application", new { from = "now" }).Gives(201);
        await owner.Post($"incentives/rules/replays/{replay}/application", new { from = "now" }).Gives(409);
        await owner.Get($"incentives/rules/replays/{member.Id}").Gives(404);
    }

    private static async Task Rewards(Person owner, Person member)
    {
        await owner.Post($"incentives/members/{member.Id}/points/adjustments", new { points = 100, reason = "A gift" }).Gives(201);
        await owner.Post($"incentives/members/{member.Id}/points/adjustments", new { points = -1_000_000, reason = "Too much" }).Gives(409);
        await Eventually.True(async () => (await member.Get("incentives/leaderboard?period=all").Gives(200))["items"]!.AsArray().Count > 0, "somebody on the board");
        await member.Get("incentives/leaderboard?period=decade").Gives(400);
        var entry = await Eventually.Value(async () => (await member.Get($"incentives/members/{member.Id}/points/entries").Gives(200))["items"]!.AsArray().FirstOrDefault(), one => one is not null, "points");
        await member.Get($"incentives/members/{member.Id}/points/entries/{entry!.Id("entryId")}/why").Gives(200);
        await member.Get($"incentives/members/{member.Id}/points/entries/{Somewhere}/why").Gives(404);
        var licence = (await owner.Post("incentives/rewards", new { name = "Licence", kind = "digital", points = 10, codes = new[] { "A" } }).Gives(201)).Id("rewardId");
        var shirt = (await owner.Post("incentives/rewards", new { name = "T-shirt", kind = "physical", points = 10, stock = 5 }).Gives(201)).Id("rewardId");
        await owner.Post("incentives/rewards", new { name = "Nothing", kind = "digital", points = 10 }).Gives(400);
        await member.Get("incentives/rewards").Gives(200);
        await member.Get("incentives/rewards?limit=0").Gives(400);
        await member.Get("incentives/redemptions?limit=0").Gives(400);
        await member.Get($"incentives/redemptions/{Somewhere}").Gives(404);
        await owner.Post($"incentives/redemptions/{Somewhere}/fulfilment", new { }).Gives(404);
        var code = (await member.Post("incentives/redemptions", new { rewardId = licence }).Gives(201)).Id("redemptionId");
        await member.Post("incentives/redemptions", new { rewardId = licence }).Gives(409);
        await member.Get($"incentives/redemptions/{code}").Gives(200);
        await member.Post($"incentives/redemptions/{code}/cancellation", new { }).Gives(409);

        foreach (var way in new[] { "fulfilment", "cancellation" })
        {
            var sent = (await member.Post("incentives/redemptions", new { rewardId = shirt, address = "Somewhere 1" }).Gives(201)).Id("redemptionId");
            await owner.Post($"incentives/redemptions/{sent}/{way}", new { }).Gives(204);
        }

        // Payments makes the coupon.
        await owner.Ask(HttpMethod.Put, "incentives/rewards/budget", Content(new { pointsPerMonth = -1 })).Gives(400);
        await owner.Ask(HttpMethod.Put, "incentives/rewards/budget", Content(new { pointsPerMonth = 1_000_000 })).Gives(204);
        var offer = (await owner.Post("incentives/rewards", new { name = "A quarter off", kind = "coupon", points = 10, percentOff = 25, validDays = 30 }).Gives(201)).Id("rewardId");
        var coupon = (await member.Post("incentives/redemptions", new { rewardId = offer }).Gives(201)).Id("redemptionId");
        var had = await Eventually.Value(async () => await member.Get($"incentives/redemptions/{coupon}").Gives(200), one => one.Text("status") == "fulfilled", "payments to give the coupon");
        await owner.Get($"payments/coupons/{had.Text("code")}").Gives(200);
        await owner.Post($"incentives/redemptions/{coupon}/cancellation", new { }).Gives(204);
        await Eventually.True(async () => (await member.Get($"incentives/redemptions/{coupon}").Gives(200)).Text("status") == "cancelled", "payments to take the coupon back");
        await member.Get("incentives/redemptions").Gives(200);
        await owner.Get("incentives/redemptions?everybodys=true&status=fulfilled").Gives(200);
        await owner.Get("incentives/rewards/liability").Gives(200);
        await member.Get("incentives/rewards/liability").Gives(403);
        await owner.Ask(HttpMethod.Delete, $"incentives/rewards/{Somewhere}").Gives(404);
        await owner.Ask(HttpMethod.Delete, $"incentives/rewards/{shirt}").Gives(204);
    }

    /// <summary>More new accounts than one member is likely to please within a day.</summary>
    private static async Task Abuse(Person owner, Person author, Person member, IEnumerable<Person> voters)
    {
        var topic = (await author.Post("content/topics", new { kind = "discussion", title = "Vote for me", body = "Please." }).Gives(201)).Id("topicId");

        foreach (var voter in voters)
        {
            await voter.Post($"content/topics/{topic}/votes", new { value = 1 }).Gives(204);
        }

        var held = await Eventually.Value(
            async () => (await owner.Get("incentives/held-causes").Gives(200))["items"]!.AsArray().FirstOrDefault(), one => one is not null, "what new accounts did to be held");
        await owner.Post("incentives/held-causes/releases", new { cause = held!.Text("cause"), reason = "They are a class." }).Gives(204);
        var kept = await Eventually.Value(
            async () => (await owner.Get("incentives/held-causes").Gives(200))["items"]!.AsArray().FirstOrDefault(one => one!.Text("cause") != held!.Text("cause")), one => one is not null, "others to wait");
        await owner.Post("incentives/held-causes/confirmations", new { cause = kept!.Text("cause"), reason = "They are none." }).Gives(204);
        await owner.Post("incentives/held-causes/confirmations", new { cause = "vote/unknown", reason = "They are none." }).Gives(404);
        await owner.Post("incentives/held-causes/releases", new { cause = "vote/unknown", reason = "They are a class." }).Gives(404);
        await member.Get("incentives/held-causes").Gives(403);
    }

    private static async Task Figures(Person owner, Person member)
    {
        await member.Post("analytics/activities", new { activities = new[] { new { kind = StoryScenarios.ToldByClients, at = TimeProvider.System.GetUtcNow(), subjectId = (Guid?)null } } }).Gives(202);
        await Eventually.True(
            async () => (await owner.Get("analytics/activity?period=month").Gives(200))["periods"]!.AsArray().Any(period => (long?)period!["counts"]![StoryScenarios.ToldByClients] == 1), "analytics to count what a client told it");
        await Eventually.True(async () => (await owner.Get("analytics/activity?period=day").Gives(200))["periods"]!.AsArray().Count > 0, "activity");
        await owner.Get("analytics/activity?from=2020-01-01&to=2031-01-01").Gives(200);
        await owner.Get("analytics/retention?period=week&mode=onOrAfter").Gives(200);
        await owner.Get("analytics/lifecycle").Gives(200);
        await owner.Get("analytics/lifecycle?period=day").Gives(400);
        await Eventually.True(
            async () => (await owner.Get("analytics/revenue").Gives(200))["currencies"]!.AsArray() is [var cny] && (long?)cny!["months"]!.AsArray()[^1]!["new"]!["amount"] > 0, "analytics to hear what a subscription is worth");
        await owner.Get("analytics/revenue?from=tomorrow").Gives(400);
        await owner.Get($"analytics/members?figure=active&start={TimeProvider.System.GetUtcNow():yyyy-MM-dd}").Gives(200);
        await owner.Get("analytics/members?figure=new&period=day&start=2026-01-01").Gives(400);
        await owner.Get("analytics/growth").Gives(200);
        await owner.Get("analytics/forecasts/growth?members=100&joins=20&periods=3").Gives(200);
        await owner.Get("analytics/forecasts/retention?members=1000&churnRate=0.05&periods=3").Gives(200);
        await owner.Get("analytics/forecasts/members").Gives(200);
        await owner.Post("analytics/what-if", new { churnRate = 0.03, periods = 6 }).Gives(200);
        await owner.Get("analytics/survival").Gives(200);
        await owner.Post("analytics/survival/fits", new { counts = new[] { 1000, 631, 468, 382, 326 } }).Gives(200);
        await owner.Post("analytics/survival/fits", new { counts = new[] { 10, 10 } }).Gives(409);
        await owner.Get("analytics/repeat-behaviour").Gives(200);
        (int Frequency, int Recency, int Age)[] bought = [(0, 0, 39), (0, 0, 37), (0, 0, 35), (0, 0, 33), (1, 2, 38), (1, 20, 36), (2, 30, 38), (3, 5, 37), (6, 36, 38), (12, 38, 39)];
        await owner.Post("analytics/repeat-behaviour/fits", new { customers = bought.Select(c => new { frequency = c.Frequency, recency = c.Recency, age = c.Age }) }).Gives(200);
        await owner.Get("analytics/funnel?steps=joining,view&window=7").Gives(200);
        await Eventually.True(async () => (await owner.Get("analytics/contents/statistics").Gives(200))["items"]!.AsArray().Count > 0, "analytics to know of a content");
        var content = (await owner.Get("analytics/contents/statistics").Gives(200))["items"]!.AsArray()[0]!.Text("contentId");
        await owner.Get($"analytics/contents/{content}/statistics").Gives(200);
        await owner.Put($"analytics/recommendations/dismissals/{content}").Gives(204);
        await owner.Ask(HttpMethod.Delete, $"analytics/recommendations/dismissals/{content}").Gives(204);
        await Eventually.True(async () => (await owner.Get($"analytics/recommendations/members/{owner.Id}").Gives(200))["items"]!.AsArray().Count > 0, "something to recommend");
        await Eventually.True(async () => (await owner.Get("analytics/decisions").Gives(200))["items"]!.AsArray().Count > 0, "analytics to open a decision");
        var decision = (await owner.Get("analytics/decisions?open=true").Gives(200))["items"]!.AsArray()[0]!.Text("decisionId");
        await owner.Get($"analytics/decisions/{decision}").Gives(200);
        await owner.Get($"analytics/decisions/{decision}/history").Gives(200);
        await owner.Post($"analytics/decisions/{decision}/resolution", new { action = "dismissed", note = "Too early to tell." }).Gives(204);
        await owner.Post($"analytics/decisions/{decision}/resolution", new { action = "applied" }).Gives(409);
    }

    /// <returns>The services that have something to rebuild.</returns>
    private static async Task<HashSet<string>> Projections(Person owner)
    {
        var rebuildable = new HashSet<string>();
        foreach (var service in CommunitySystem.Services)
        {
            var all = (await owner.Get($"{service}/projections").Gives(200))["items"]!.AsArray();
            if (all.FirstOrDefault(projection => (bool)projection!["rebuildable"]!) is not { } projection)
                continue;

            rebuildable.Add(service);
            // Some are done before they can be given up.
            await Eventually.True(
                async () =>
                {
                    var asked = await owner.Post($"{service}/projections/{projection.Text("name")}/rebuilds");
                    if (asked.Status == 409)
                        return false;

                    var rebuild = $"{service}/projections/{projection.Text("name")}/rebuilds/{asked.Json.Id("rebuildId")}";
                    var givenUp = await owner.Post($"{rebuild}/cancellation");
                    await owner.Get(rebuild).Gives(200);
                    await owner.Get($"{service}/projections").Gives(200);

                    return givenUp.Status == 204;
                }, $"{service} to give up a rebuild");
        }

        return rebuildable;
    }
}
