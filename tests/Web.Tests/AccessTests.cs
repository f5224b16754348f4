using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.IdentityModel.Tokens;

namespace Community.Web.Tests;

public sealed class AccessTests(SampleService service) : IClassFixture<SampleService>
{
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");

    [Fact]
    public async Task A_token_names_its_member()
    {
        var answer = await (await service.Send(HttpMethod.Get, "/mine", service.Token(Ann))).ShouldBeOk();

        Assert.Equal(Ann, answer.GetProperty("id").GetGuid());
        Assert.Equal("Ann", answer.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("a.b.c")]
    public async Task No_token_no_entry(string? token)
    {
        var answer = await service.Send(HttpMethod.Get, "/mine", token);

        await answer.ShouldBeProblem(401, "unauthenticated");
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.First().Scheme);
    }

    [Fact]
    public async Task Tokens_of_others_are_refused()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var spki = service.Key.ExportSubjectPublicKeyInfo();
        var genuine = service.Token(Ann);
        string[] forged =
        [
            service.Token(Ann, credentials: new(new ECDsaSecurityKey(stranger) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256)),
            service.Token(Ann, credentials: new(new RsaSecurityKey(rsa) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256)),
            service.Token(Ann, credentials: new(new SymmetricSecurityKey(spki) { KeyId = "k1" }, SecurityAlgorithms.HmacSha256)),
            service.Token(Ann, issuer: "urn:elsewhere"),
            service.Token(Ann, audience: "urn:elsewhere"),
            service.Token(Ann, type: "JWT"),
            service.Token(Ann, life: TimeSpan.FromSeconds(-1)),
            Base64UrlEncoder.Encode("""{"alg":"none","typ":"at+jwt"}""") + "." + genuine.Split('.')[1] + ".",
            genuine[..^4] + (genuine.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA")
        ];

        foreach (var token in forged)
            await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeProblem(401, "unauthenticated");
    }

    [Fact]
    public async Task A_token_ends_when_its_time_is_over()
    {
        var token = service.Token(Ann, life: TimeSpan.FromMinutes(15));
        await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeOk();

        service.Clock.Advance(TimeSpan.FromMinutes(15));

        await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeProblem(401, "unauthenticated");
    }

    [Fact]
    public async Task A_revoked_token_is_refused_at_once()
    {
        var token = service.Token(Ann, scope: "read", id: "t1");
        await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeOk();

        service.Revoked.Add("t1");

        await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeProblem(401, "unauthenticated");
    }

    [Theory]
    [InlineData("member", HttpStatusCode.Forbidden)]
    [InlineData("moderator", HttpStatusCode.Forbidden)]
    [InlineData("operator", HttpStatusCode.NoContent)]
    [InlineData("owner", HttpStatusCode.NoContent)]
    public async Task An_owner_may_what_an_operator_may(string role, HttpStatusCode status) =>
        Assert.Equal(status, (await service.Send(HttpMethod.Get, "/operators", service.Token(Ann, [role]))).StatusCode);

    [Theory]
    [InlineData("read", "GET", "/mine", 200)]
    [InlineData("read", "POST", "/mine", 403)]
    [InlineData("write", "POST", "/mine", 204)]
    [InlineData("write", "GET", "/mine", 403)]
    [InlineData("read write", "GET", "/mine", 200)]
    [InlineData("import", "POST", "/mine", 403)]
    [InlineData("import", "POST", "/imports", 200)]
    [InlineData("write", "POST", "/imports", 403)]
    [InlineData(null, "POST", "/imports", 403)]
    [InlineData("", "GET", "/mine", 403)]
    public async Task Scopes_bound_what_a_token_may(string? scope, string method, string path, int status)
    {
        using var body = path == "/imports" ? Answers.Body("[]") : null;

        Assert.Equal(status, (int)(await service.Send(new HttpMethod(method), path, service.Token(Ann, scope: scope), body)).StatusCode);
    }

    [Fact]
    public async Task Health_tells_each_part_and_fails_only_when_work_cannot_be_done()
    {
        service.Broker = HealthStatus.Degraded;
        var degraded = await (await service.Send(HttpMethod.Get, "/health")).ShouldBeOk();
        service.Broker = HealthStatus.Unhealthy;
        var unhealthy = await service.Send(HttpMethod.Get, "/health");

        Assert.Equal("degraded", degraded.GetProperty("status").GetString());
        Assert.Equal(3, degraded.GetProperty("parts").GetProperty("broker").GetProperty("data").GetProperty("lag").GetInt32());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unhealthy.StatusCode);
        await (await service.Send(HttpMethod.Get, "/alive")).ShouldBeOk();
    }

    [Fact]
    public async Task Health_is_not_for_the_world()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { { "X-Forwarded-For", "203.0.113.7" } } };

        await (await service.Http.SendAsync(request, TestContext.Current.CancellationToken)).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task The_api_describes_itself()
    {
        var document = await (await service.Send(HttpMethod.Get, "/openapi/v1.json")).ShouldBeOk();
        var page = await service.Send(HttpMethod.Get, "/swagger");

        var mine = document.GetProperty("paths").GetProperty("/mine").GetProperty("get");
        Assert.Equal(["200", "401", "403", "429", "500", "503"], mine.GetProperty("responses").EnumerateObject().Select(response => response.Name));
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("scheme").GetString());
        Assert.Equal(1, mine.GetProperty("security").GetArrayLength());
        Assert.Equal("[{}]", document.GetProperty("paths").GetProperty("/refused").GetProperty("get").GetProperty("security").GetRawText().Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_role_that_was_withdrawn_counts_no_more_and_what_else_the_token_says_does()
    {
        var member = Guid.CreateVersion7(SampleService.Noon);
        var token = service.Token(member, ["member", "operator"]);
        await (await service.Send(HttpMethod.Get, "/operators", token)).ShouldBeOk();

        service.WithdrawnRoles[$"{member}"] = ["operator"];
        await (await service.Send(HttpMethod.Get, "/operators", token)).ShouldBeProblem(403, "forbidden");
        await (await service.Send(HttpMethod.Get, "/operators", service.Token(member, ["member", "operator"]))).ShouldBeProblem(403, "forbidden"); // seen the first time
        var who = await (await service.Send(HttpMethod.Get, "/whoever", token)).ShouldBeOk();
        Assert.Equal(($"{member}", false), (who.GetProperty("id").GetString(), who.GetProperty("isOperator").GetBoolean()));
        Assert.Equal("Ann", (await (await service.Send(HttpMethod.Get, "/mine", token)).ShouldBeOk()).GetProperty("name").GetString());

        service.WithdrawnRoles.Clear();
        await (await service.Send(HttpMethod.Get, "/operators", token)).ShouldBeOk();
    }

    [Fact]
    public async Task Where_anybody_may_a_token_without_the_scope_is_nobody()
    {
        var member = Guid.CreateVersion7(SampleService.Noon);

        Assert.Equal($"{member}", await Who(HttpMethod.Get, null));
        Assert.Equal($"{member}", await Who(HttpMethod.Get, "read"));
        Assert.Equal($"{member}", await Who(HttpMethod.Post, "read write"));
        Assert.Null(await Who(HttpMethod.Get, "import"));
        Assert.Null(await Who(HttpMethod.Get, "write"));
        Assert.Null(await Who(HttpMethod.Post, "read"));
        Assert.Null(await Who(HttpMethod.Post, "import"));
        Assert.Null(await Who(HttpMethod.Get, ""));

        async Task<string?> Who(HttpMethod method, string? scope) =>
            (await (await service.Send(method, "/whoever", service.Token(member, ["operator"], scope: scope))).ShouldBeOk()).GetProperty("id").GetString();
    }
}

public sealed class RateLimitTests
{
    [Fact]
    public async Task Too_many_requests_are_told_to_wait_but_imports_are_spared()
    {
        await using var service = new SampleService { Settings = { ["RateLimits:PerMinute"] = "2", ["RateLimits:CredentialsPerMinute"] = "1", ["RateLimits:CredentialsBurst"] = "2" } };
        await service.InitializeAsync();
        var (ann, program) = (service.Token(), service.Token(scope: "import"));

        for (var i = 0; i < 2; i++)
        {
            await (await service.Send(HttpMethod.Get, "/mine", ann)).ShouldBeOk();
            await (await service.Send(HttpMethod.Post, "/passwords")).ShouldBeOk();
        }

        foreach (var refused in new[] { await service.Send(HttpMethod.Get, "/mine", ann), await service.Send(HttpMethod.Post, "/passwords") })
        {
            await refused.ShouldBeProblem(429, "too-many-requests");
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        }

        for (var i = 0; i < 5; i++)
            await (await service.Send(HttpMethod.Post, "/imports", program, Answers.Body("[]"))).ShouldBeOk();
        await (await service.Send(HttpMethod.Get, "/mine", service.Token())).ShouldBeOk();
    }

    [Fact]
    public async Task Sixty_from_one_network_register_and_sign_in_within_a_minute()
    {
        await using var service = new SampleService();
        await service.InitializeAsync();

        // In two steps each.
        foreach (var _ in Enumerable.Range(0, 120))
            await (await service.Send(HttpMethod.Post, "/passwords")).ShouldBeOk();
    }
}
