using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Community.Portal.Tests;

/// <summary>
/// Plays membership and content over HTTP, as far as the portal asks them; the real ones, together, are tested elsewhere.
/// </summary>
internal sealed partial class Neighbours : IAsyncDisposable
{
    public const string Password = "correct horse battery staple";
    public const string LinkToken = "of-the-mail";
    public static readonly Guid Free = new("01900000-0000-7000-8000-000000000001");
    public static readonly Guid Paid = new("01900000-0000-7000-8000-000000000002");

    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, bool> _usedRefreshTokens = new();
    private int _made;
    private int _refusals;

    private Neighbours(WebApplication server) => _server = server;

    public string Address => _server.Urls.First();

    /// <summary>Seconds that access tokens live.</summary>
    public int ExpiresIn { get; set; } = 900;

    /// <summary>Of who signs in.</summary>
    public string Role { get; set; } = "member";

    /// <summary>A refresh token was used twice: membership would end the session.</summary>
    public bool SawReuse { get; private set; }

    /// <summary>How often, by path.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new();

    public ConcurrentQueue<string> Views { get; } = new();

    /// <summary>The address that has asked content for too much.</summary>
    public string? Limited { get; set; }

    /// <summary>How often it was told to wait.</summary>
    public int Refusals => _refusals;

    /// <summary>Whether lists are as long as the portal asks for, with long titles and texts in them.</summary>
    public bool IsFull { get; set; }

    /// <summary>Of the articles.</summary>
    public string Body { get; set; } = "# Part\n\nText of **it**. <script>alert(1)</script> [x](javascript:alert(1))\n\n| a | b |\n|---|---|\n| 1 | 2 |";

    public static async Task<Neighbours> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var neighbours = new Neighbours(server);
        server.Use((http, next) =>
        {
            if (neighbours.Limited is not { } limited || http.Request.Headers["X-Forwarded-For"] != limited || http.Request.Path == "/settings")
            {
                return next(http);
            }

            Interlocked.Increment(ref neighbours._refusals);
            http.Response.StatusCode = 429;
            http.Response.Headers.RetryAfter = "1";

            return Task.CompletedTask;
        });
        server.Use((http, next) =>
        {
            neighbours.Asked.AddOrUpdate(http.Request.Path, 1, (_, times) => times + 1);

            return next(http);
        });
        server.MapGet("/settings", () => Results.Json(neighbours.Settings()));
        server.MapPost("/sessions", (JsonObject body) =>
            (string?)body["password"] == Password ? Results.Json(neighbours.Tokens()) : Results.Json(new { }, statusCode: 401));
        server.MapPost("/sessions/refresh", (JsonObject body) =>
        {
            if (!neighbours._usedRefreshTokens.TryAdd((string)body["refreshToken"]!, true))
            {
                neighbours.SawReuse = true;

                return Results.Json(new { }, statusCode: 401);
            }

            return Results.Json(neighbours.Tokens());
        });
        server.MapPost("/password-resets", () => Results.StatusCode(202));
        server.MapPost("/password-resets/completion", (JsonObject body) => Results.StatusCode(
            (string?)body["password"] == "weak" ? 400 : (string?)body["token"] == LinkToken ? 204 : 404));
        server.MapPost("/email-confirmations", (JsonObject body) => Results.StatusCode((string?)body["token"] == LinkToken ? 204 : 409));
        server.MapDelete("/sessions/current", () => Results.NoContent());
        server.MapGet("/contents", (HttpRequest request) => Results.Json(new
        {
            items = request.Query.ContainsKey("status") ? neighbours.Drafts(request) : neighbours.IsFull ? Some(request, id => With(neighbours.Item(Free, request), new { contentId = id, title = LongTitle, excerpt = LongText }))
                : [neighbours.Item(Free, request), neighbours.Item(Paid, request)],
            next = request.Query.ContainsKey("after") || request.Query.ContainsKey("status") ? null : "more"
        }));
        neighbours.MapContent(server);
        neighbours.MapPayments(server);
        neighbours.MapMembership(server);
        neighbours.MapAnalytics(server);
        server.MapGet("/contents/{id:guid}", (Guid id, HttpRequest request) =>
            id == Free || id == Paid ? Results.Json(neighbours.Item(id, request)) : Results.Json(new { }, statusCode: 404));
        server.MapPost("/contents/{id:guid}/views", (Guid id, HttpRequest request) =>
        {
            neighbours.Views.Enqueue($"{id} {request.Headers["X-Forwarded-For"]} {request.Headers.Authorization.ToString().Split(' ')[0]}");

            return Results.NoContent();
        });
        server.MapGet("/staff-actions", (HttpRequest request) =>
        {
            var left = neighbours.StaffActions.Where(at => !request.Query.ContainsKey("after") || string.CompareOrdinal(at, request.Query["after"]) < 0)
                .OrderDescending(StringComparer.Ordinal).ToList();
            var most = int.Parse(request.Query["limit"]!, System.Globalization.CultureInfo.InvariantCulture);

            return Results.Json(new
            {
                items = left.Take(most).Select(at => new { eventId = Free, at, by = Free, type = neighbours.StaffActionType, subject = Paid, cursor = at }),
                next = left.Count > most ? left[most - 1] : null
            });
        });
        server.MapGet("/status", (HttpRequest request) => request.Headers.Authorization.Count > 0
            ? Results.Json(Status)
            : Results.Json(new { }, statusCode: 401));
        await server.StartAsync();

        return neighbours;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private object Tokens() => new { accessToken = Token(), refreshToken = $"refresh-{Interlocked.Increment(ref _made)}", expiresIn = ExpiresIn, tokenType = "Bearer" };

    private string Token() => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Claims = new Dictionary<string, object> { ["sub"] = Free.ToString(), ["name"] = "小明 <b>", ["role"] = new[] { Role } },
        SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)), SecurityAlgorithms.EcdsaSha256)
    });

    private static readonly object Status = new
    {
        service = "any",
        status = "degraded",
        parts = new object[]
        {
            new { part = "database", status = "healthy", detail = (string?)null },
            new { part = "projections", status = "degraded", detail = "Paused: order-list:All" }
        },
        shards = new object[]
        {
            new { shard = "relay:All", status = "running", position = 123456, events = 0, seconds = 0.0, failure = (object?)null },
            new
            {
                shard = "order-list:All", status = "paused", position = 100, events = 4321, seconds = 7300.5,
                failure = new { message = "This <event> is too much.", sequence = 101, eventId = Paid }
            }
        },
        queues = new object[]
        {
            new { queue = "content-unlock-content-when-order-paid", messages = 17, seconds = 42.1, errors = 0 },
            new { queue = "content-refuse-token-when-revoked", messages = 0, seconds = 0.0, errors = 3 }
        }
    };

    private object Item(Guid id, HttpRequest request)
    {
        var full = id == Free || request.Headers.Authorization.Count > 0;

        return new
        {
            contentId = id,
            authorId = Free,
            title = id == Free ? "事件溯源" : "Priced <i>",
            topic = "architecture",
            format = "article",
            tags = new[] { "ddd" },
            status = "published",
            access = full ? "full" : "preview",
            requires = new { price = id == Paid ? new { amount = 9900, currency = "CNY" } : null, tier = (string?)null, level = (int?)null },
            excerpt = "An excerpt.",
            body = full ? Body : "First paragraph.",
            plannedFor = (string?)null,
            draftedAt = "2026-02-28T12:00:00Z",
            publishedAt = "2026-03-01T12:00:00Z",
            reviews = (object?)null
        };
    }
}
