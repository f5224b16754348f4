using Community.Portal.Components;
using Community.Portal.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Portal;

/// <summary>What others write appears on pages that are open: content's events come through, and the page asks for what is new.</summary>
internal static class Updates
{
    public static void MapUpdates(this IEndpointRouteBuilder app)
    {
        app.MapGet("/updates", Relay);
        app.MapGet("/fragments/comments/{id:guid}", async (Guid id, ContentService contents, MembershipService membership, CancellationToken ct) =>
            (await contents.CommentOf(id, ct)).Value is { } comment
                ? Fragment<CommentItem>(new() { ["Comment"] = comment, ["People"] = await People.Of(membership, [comment.AuthorId], ct) })
                : Results.NotFound());
        app.MapGet("/fragments/topics/{topic:guid}/replies/{id:guid}", async (Guid topic, Guid id, ContentService contents, MembershipService membership, CancellationToken ct) =>
        {
            var (asked, replied) = (contents.Topic(topic, ct), contents.ReplyOf(topic, id, ct));

            return (await asked, await replied) is ({ Value: { } question }, { Value: { } reply })
                ? Fragment<ReplyItem>(new() { ["Topic"] = question, ["Reply"] = reply, ["People"] = await People.Of(membership, [reply.AuthorId], ct) })
                : Results.NotFound();
        });
    }

    private static RazorComponentResult<T> Fragment<T>(Dictionary<string, object?> parameters) where T : IComponent => new(parameters);

    private static async Task Relay(string subjects, HttpContext http, ContentService contents, IHostApplicationLifetime lifetime)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);

        try
        {
            using var answer = await contents.Updates(subjects, end.Token);
            http.Response.StatusCode = (int)answer.StatusCode;

            if (answer.IsSuccessStatusCode)
            {
                http.Response.ContentType = "text/event-stream";
                http.Response.Headers.CacheControl = "no-store";
                http.Response.Headers["X-Accel-Buffering"] = "no";
                await answer.Content.CopyToAsync(http.Response.Body, end.Token);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or Polly.ExecutionRejectedException)
        {
            if (!http.Response.HasStarted)
            {
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The page was left, or the portal stops.
        }
    }
}
