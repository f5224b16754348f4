using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.Importer.Tests;

/// <summary>A portal and three services on one socket: stores by id what it is sent, and answers as the API says.</summary>
internal sealed class RecordingCommunity : IAsyncDisposable
{
    public const string Token = "token-of-the-test";

    private static readonly Dictionary<string, string> _idOf = new()
    {
        ["imports/members"] = "memberId",
        ["imports/topics"] = "topicId",
        ["imports/replies"] = "replyId",
        ["imports/comments"] = "commentId",
        ["imports/accepted-replies"] = "topicId",
        ["imports/votes"] = "voteId",
        ["imports/badges"] = "awardId",
    };

    private readonly WebApplication _app;
    private readonly Dictionary<(string Path, Guid Id), JsonElement> _items = [];
    private readonly Lock _lock = new();

    private RecordingCommunity(WebApplication app) => _app = app;

    /// <summary>Decides about a request before it is served: a status other than 200 is answered at once. Told are its number, path and number of items.</summary>
    public Func<int, string, HttpContext, int, Task<int>> Before { get; set; } = (_, _, _, _) => Task.FromResult(200);

    public Func<string, JsonElement, (string Code, string Detail)?> Refuse { get; set; } = (_, _) => null;

    public ConcurrentQueue<(string Path, int Items, int Bytes)> Requests { get; } = [];

    public Uri Address => new(_app.Urls.Single());

    public int Count(string path) => Items(path).Count;

    public IReadOnlyList<JsonElement> Items(string path)
    {
        lock (_lock)
            return [.. _items.Where(item => item.Key.Path == path).Select(item => item.Value)];
    }

    public JsonElement? Find(string path, Guid id)
    {
        lock (_lock)
            return _items.TryGetValue((path, id), out var item) ? item : null;
    }

    public static async Task<RecordingCommunity> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");

        var app = builder.Build();
        var community = new RecordingCommunity(app);
        app.MapGet("/.well-known/community.json", () => new
        {
            name = "Test community",
            services = new { membership = $"{community.Address}membership", content = $"{community.Address}content/", incentives = $"{community.Address}incentives" },
        });
        app.MapPost("/{service}/imports/{kind}", community.Take);
        await app.StartAsync();

        return community;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> Take(string service, string kind, HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
            return Results.Problem(statusCode: 401, detail: "Who is there?");

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var items = JsonDocument.Parse(body.ToArray()).RootElement.GetProperty("items").EnumerateArray().ToArray();

        var path = $"imports/{kind}";
        int number;
        lock (_lock)
        {
            Requests.Enqueue((path, items.Length, (int)body.Length));
            number = Requests.Count;
        }

        if (await Before(number, path, context, items.Length) is not 200 and var status)
            return Results.Problem(statusCode: status, detail: "Not now.");

        var (taken, already, refused) = (0, 0, new List<object>());
        lock (_lock)
        {
            foreach (var item in items)
            {
                var id = item.GetProperty(_idOf[path]).GetGuid();
                if (Refuse(path, item) is var (code, detail))
                    refused.Add(new { id, code, detail });
                else if (_items.TryAdd((path, id), item.Clone()))
                    taken++;
                else
                    already++;
            }
        }

        return Results.Ok(new { taken, already, refused });
    }
}
