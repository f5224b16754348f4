using System.Net.Http.Json;
using Community.EventStore;
using Community.Membership.Tokens;
using Community.Testing;

namespace Community.Membership.Tests.Tokens;

public sealed class ApiTokenTests(MembershipService membership)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly TokenMade Made = new(Ann, new Sealed(Ann, "c2VhbGVk"), ["read"], ["member"], Noon.AddDays(30), Noon);

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public void A_token_is_revoked_once() => Spec.For(ApiToken.Decider)
        .Given(Made, new TokenRevoked(Ann, Noon.AddDays(30), Noon))
        .When(new RevokeToken(Noon.AddHours(1)))
        .ThenNothing();

    [Fact]
    public void A_token_tells_until_when_its_revocation_matters() => Spec.For(ApiToken.Decider)
        .Given(Made)
        .When(new RevokeToken(Noon.AddHours(1)))
        .Then(new TokenRevoked(Ann, Noon.AddDays(30), Noon.AddHours(1)));

    [Fact]
    public async Task A_token_may_what_its_scopes_say_until_it_is_revoked()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        using var answer = await client.PostAsJsonAsync("/tokens", new { name = "laptop", scopes = new[] { "read" } }, Ct);
        var token = await Task.FromResult(answer).Ok(201);
        using var program = membership.Host.Client(token.Text("token"));

        await program.GetAsync("/members/me", Ct).Ok(200);
        await program.PatchAsJsonAsync("/members/me", new { displayName = "Robot" }, Ct).Problem(403, "forbidden");
        await program.PostAsJsonAsync("/tokens", new { name = "more", scopes = new[] { "write" } }, Ct).Problem(403, "forbidden");
        var listed = (await client.GetAsync("/tokens", Ct).Ok(200))["items"]!.AsArray().Single()!;
        Assert.Equal("laptop", listed.Text("name"));
        Assert.False(listed.AsObject().ContainsKey("token"));

        await client.DeleteAsync(answer.Headers.Location, Ct).Ok(204);

        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        Assert.Empty((await client.GetAsync("/tokens", Ct).Ok(200))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_token_that_writes_makes_no_tokens()
    {
        var ann = await membership.Join();
        using var program = membership.Host.Client(await membership.ApiToken(ann, "write"));

        await program.PostAsJsonAsync("/tokens", new { name = "more", scopes = new[] { "write" } }, Ct).Problem(403, "forbidden");
        await program.DeleteAsync("/sessions/current", Ct).Problem(403, "forbidden");
    }

    [Fact]
    public async Task Nobody_touches_the_tokens_of_others()
    {
        var (ann, bob) = (await membership.Join(), await membership.Join());
        using var asAnn = membership.Host.Client(ann.AccessToken);
        using var asBob = membership.Host.Client(bob.AccessToken);
        var id = (await asAnn.PostAsJsonAsync("/tokens", new { name = "mine", scopes = new[] { "read" } }, Ct).Ok(201)).Text("tokenId");

        await asBob.DeleteAsync($"/tokens/{id}", Ct).Problem(404, "not-found");
        await asBob.DeleteAsync($"/tokens/{ann.Id}", Ct).Problem(404, "not-found");
    }

    [Theory]
    [InlineData("""{"name":"x","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":["everything"]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":[null]}""", "scopes[0]")]
    [InlineData("""{"name":"","scopes":["read"]}""", "name")]
    [InlineData("""{"name":"x","scopes":["read"],"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"x","scopes":["read"],"expiresAt":"2099-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"x","scopes":["read"],"expiresAt":"tomorrow"}""", "expiresAt")]
    public async Task Bad_requests_name_the_field(string body, string field)
    {
        using var client = membership.Host.Client(membership.Owner.AccessToken);

        var problem = await client.PostAsync("/tokens", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task A_role_taken_takes_the_tokens_that_carry_it()
    {
        var ann = await membership.Join();
        await membership.Grant(ann, "operator");
        using var owner = membership.Host.Client(membership.Owner.AccessToken);
        using var asAnn = membership.Host.Client(ann.AccessToken);
        using var program = membership.Host.Client(await membership.ApiToken(ann, "read", "import"));
        await program.GetAsync("/members", Ct).Ok(200);

        await owner.DeleteAsync($"/members/{ann.Id}/roles/operator", Ct).Ok(204);

        await program.GetAsync("/members", Ct).Problem(401, "unauthenticated");
        await asAnn.PostAsJsonAsync("/tokens", new { name = "again", scopes = new[] { "import" } }, Ct).Problem(403, "forbidden");
    }

    [Fact]
    public async Task Keys_rotate_and_old_tokens_stay_good()
    {
        var clock = new MovableClock(membership.Clock.GetUtcNow());
        await using var host = await MembershipService.StartAnother(clock);
        using var client = host.Client();
        await client.PostAsJsonAsync("/setup", MembershipService.Setup("rotating@example.org"), Ct).Ok(201);
        using var session = host.Client(await SignIn(client));
        var old = (await session.PostAsJsonAsync("/tokens", new { name = "old", scopes = new[] { "read" } }, Ct).Ok(201)).Text("token");
        using var program = host.Client(old);

        clock.Advance(TimeSpan.FromDays(91));
        var published = (await client.GetAsync("/.well-known/jwks.json", Ct).Ok(200))["keys"]!.AsArray();
        var ahead = Kid(await SignIn(client));
        clock.Advance(TimeSpan.FromMinutes(16));
        var rotated = await SignIn(client);
        await session.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");

        Assert.Equal(2, published.Count);
        Assert.Equal(Kid(old), ahead);
        Assert.NotEqual(Kid(old), Kid(rotated));
        Assert.Contains(Kid(rotated), published.Select(key => key!.Text("kid")));
        Assert.All(published, key => Assert.False(key!.AsObject().ContainsKey("d")));
        await program.GetAsync("/members/me", Ct).Ok(200);
        using var renewed = host.Client(rotated);
        await renewed.GetAsync("/members/me", Ct).Ok(200);

        // A second replica signs and checks with the same keys.
        await using var replica = await MembershipService.StartAnother(clock, host.Database);
        using var there = replica.Client(rotated);
        await there.GetAsync("/members/me", Ct).Ok(200);

        clock.Advance(TimeSpan.FromDays(366 + 2));
        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        var left = (await client.GetAsync("/.well-known/jwks.json", Ct).Ok(200))["keys"]!.AsArray();
        Assert.DoesNotContain(Kid(old), left.Select(key => key!.Text("kid")));
    }

    private static async Task<string> SignIn(HttpClient client) =>
        (await client.PostAsJsonAsync("/sessions", new { email = "rotating@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200)).Text("accessToken");

    private static string Kid(string token) => System.Text.Json.Nodes.JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0]))!.Text("kid");
}
