using System.ComponentModel.DataAnnotations;
using System.Data.Common;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Community.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Community.Web.Tests;

public enum Colour
{
    DarkRed,
    White
}

public sealed record Piece(
    [property: Text(20)] string Name,
    [property: Range(1, 100)] int Count,
    Colour Colour,
    [property: Text(100, MultiLine = true, MayBeBlank = true)] string? Notes = null,
    DateTimeOffset? At = null,
    IReadOnlyList<Part>? Parts = null,
    IReadOnlyDictionary<string, Part>? ByName = null,
    IReadOnlyList<IReadOnlyList<string>>? Words = null,
    IReadOnlyList<string?>? Gaps = null);

public sealed record Span(DateOnly? From = null, DateOnly? To = null);

public sealed record Part([property: Text(5)] string Label);

internal sealed record Hidden([Text(5)] string Label);

/// <summary>A small service on a real port, with everything that the defaults give and nothing else.</summary>
public sealed class SampleService : IAsyncLifetime, ITokenRevocation
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private WebApplication? _app;

    public Dictionary<string, string?> Settings { get; } = [];

    public FakeTimeProvider Clock { get; } = new(Noon);

    public HashSet<string> Revoked { get; } = [];

    public Dictionary<string, string[]> WithdrawnRoles { get; } = [];

    public HealthStatus Broker { get; set; } = HealthStatus.Healthy;

    public HttpClient Http { get; private set; } = new();

    public ECDsa Key => _key;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.AddWebApi();
        builder.Services.AddSingleton<ITokenRevocation>(this);
        builder.Services.AddHealthChecks().AddCheck("broker", () => new HealthCheckResult(Broker, "as told", data: new Dictionary<string, object> { ["lag"] = 3 }));
        var keys = new OpenIdConnectConfiguration();
        keys.SigningKeys.Add(new ECDsaSecurityKey(_key) { KeyId = "k1" });
        builder.Services.AddSingleton<IConfigurationManager<OpenIdConnectConfiguration>>(new StaticConfigurationManager<OpenIdConnectConfiguration>(keys));

        _app = builder.Build();
        _app.MapWebApi();
        Map(_app);
        await _app.StartAsync();
        Http = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    private static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/pieces", (Piece piece) => TypedResults.Ok(piece)).AllowAnonymous();
        app.MapPost("/hidden", (Hidden piece) => TypedResults.Ok(piece)).AllowAnonymous();
        app.MapGet("/pieces/{id}", (Guid id, Instant? asOf) => TypedResults.Ok(new { id, asOf = asOf?.Value })).AllowAnonymous();
        app.MapGet("/pieces", ([AsParameters] Paging paging) =>
        {
            var first = paging.Key<int>(out var after) ? after + 1 : 1;

            return paging.Page([.. Enumerable.Range(first, Math.Max(0, 45 - first + 1)).Take(paging.Size + 1)], n => n);
        }).AllowAnonymous();
        app.MapGet("/days", ([AsParameters] Span span, DateTimeOffset? at) => TypedResults.Ok(new { span.From, span.To, at })).AllowAnonymous();
        app.MapGet("/days/{day}", (DateOnly day) => TypedResults.Ok(new { day })).AllowAnonymous();
        app.MapGet("/whoever", (ClaimsPrincipal user) => TypedResults.Ok(new { id = user.FindMemberId(), isOperator = user.May("operator") })).AllowAnonymous();
        app.MapPost("/whoever", (ClaimsPrincipal user) => TypedResults.Ok(new { id = user.FindMemberId() })).AllowAnonymous();
        app.MapGet("/mine", (ClaimsPrincipal user) => TypedResults.Ok(new { id = user.MemberId(), name = user.Identity?.Name }));
        app.MapPost("/mine", () => TypedResults.NoContent());
        app.MapGet("/operators", () => TypedResults.NoContent()).RequireRoles("operator");
        app.MapPost("/imports", (Piece[] pieces) => TypedResults.Ok(pieces.Length)).RequireScope("import").AllowLargeBody();
        app.MapPost("/passwords", () => TypedResults.NoContent()).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials);
        app.MapGet("/bug", string () => throw new InvalidOperationException("secret of the house")).AllowAnonymous();
        app.MapGet("/down", string () => throw new InvalidOperationException("wrapped", new ServerIsDown())).AllowAnonymous();
        app.MapGet("/refused", () => TypedResults.Problem("It is sold.", statusCode: 409, type: "urn:community:piece-sold")).AllowAnonymous();
    }

    public string Token(Guid? member = null, string[]? roles = null, string? scope = null, string? id = null, TimeSpan? life = null,
        string type = TokenRules.Type, string issuer = "urn:community:membership", string audience = "urn:community", SigningCredentials? credentials = null)
    {
        var claims = new Dictionary<string, object>
        {
            ["sub"] = (member ?? Guid.CreateVersion7(Noon)).ToString(),
            ["name"] = "Ann",
            ["role"] = roles ?? ["member"]
        };
        if (scope is not null)
            claims["scope"] = scope;
        if (id is not null)
            claims["jti"] = id;

        var now = Clock.GetUtcNow().UtcDateTime;

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            TokenType = type,
            Claims = claims,
            IssuedAt = now,
            Expires = now + (life ?? TimeSpan.FromMinutes(15)),
            SigningCredentials = credentials ?? new(new ECDsaSecurityKey(_key) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256)
        });
    }

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, string? token = null, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public ValueTask<TokenState> Check(ClaimsPrincipal token, CancellationToken ct) => ValueTask.FromResult(
        token.FindFirstValue("jti") is { } id && Revoked.Contains(id) ? TokenState.Revoked
        : new(false, WithdrawnRoles.GetValueOrDefault(token.FindFirstValue("sub")!, [])));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _key.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    private sealed class ServerIsDown : DbException
    {
        public override bool IsTransient => true;
    }
}

internal static class Answers
{
    /// <summary>Asserts that the answer is a complete problem, and gives its body.</summary>
    internal static async Task<JsonElement> ShouldBeProblem(this HttpResponseMessage answer, int status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal("urn:community:" + code, problem.GetProperty("type").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("traceId").GetString()));
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);

        return problem;
    }

    internal static async Task<JsonElement> ShouldBeOk(this HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");

        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    internal static StringContent Body(string json, string type = "application/json") => new(json, System.Text.Encoding.UTF8, type);
}
