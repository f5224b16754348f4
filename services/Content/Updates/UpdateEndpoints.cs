using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Community.Content.Access;
using Community.Content.Discussions;
using Community.Content.Publishing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Updates;

/// <summary>
/// <c>GET /updates?subjects=</c>: server-sent events about contents and topics. It is in no document: what is described there
/// has an end.
/// </summary>
internal static class UpdateEndpoints
{
    private const int MostSubjects = 10;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(20); // a line that is silent for longer is cut by what stands between

    /// <summary>Then the reader connects again, with the rights of that time.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static void AddUpdates(this WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<UpdateFeed>().AddHostedService(services => services.GetRequiredService<UpdateFeed>());

    public static void MapUpdates(this IEndpointRouteBuilder app) => app.MapGet("/updates", Follow).AllowAnonymous().ExcludeFromDescription();

    /// <summary>Tells, once it is done, those who look at the subject in the path.</summary>
    public static RouteHandlerBuilder TellsUpdate(this RouteHandlerBuilder endpoint, UpdateKind kind) => endpoint.AddEndpointFilter(async (context, next) =>
    {
        var result = await next(context);
        var done = result is INestedHttpResult nested ? nested.Result : result;

        if (done is IStatusCodeHttpResult { StatusCode: StatusCodes.Status201Created or StatusCodes.Status204NoContent })
        {
            var http = context.HttpContext;
            var id = done switch
            {
                IValueHttpResult<CommentAnswer> { Value: { } comment } => comment.CommentId,
                IValueHttpResult<ReplyAnswer> { Value: { } reply } => reply.ReplyId,
                _ => (Guid?)null
            };
            await http.RequestServices.GetRequiredService<UpdateFeed>()
                .Tell(new Update(Guid.Parse((string)http.Request.RouteValues["id"]!), kind, id), http.RequestAborted);
        }

        return result;
    });

    /// <param name="subjects">Up to ten ids of contents and topics, by commas.</param>
    private static async Task<Results<ServerSentEventsResult<Update?>, ProblemHttpResult>> Follow(
        string subjects, HttpContext http, IDocumentStore store, Entitlements entitlements, UpdateFeed feed, TimeProvider clock)
    {
        var parts = subjects.Split(',', MostSubjects + 1);
        var wanted = parts.Select(part => Guid.TryParse(part, out var id) ? id : (Guid?)null).OfType<Guid>().ToHashSet();

        if (parts.Length > MostSubjects || wanted.Count != parts.Length)
        {
            return Problems.Problem(StatusCodes.Status400BadRequest, "validation-failed", $"Subjects are up to {MostSubjects} different ids, by commas.");
        }

        var ct = http.RequestAborted;

        foreach (var subject in wanted)
        {
            // Who may not know of it may not know that something is said about it.
            if (await store.FindTopic(subject, ct) is null && (await store.Find(subject, Reader.Of(http.User), entitlements, ct)).ContentItem is null)
            {
                return Problems.NotFound("subject");
            }
        }

        if (feed.Listen(wanted) is not { } listener)
        {
            http.Response.Headers.RetryAfter = "30";

            return Problems.Problem(StatusCodes.Status503ServiceUnavailable, "too-many-listeners", "Enough pages are open already; reload to see what is new.");
        }

        http.Response.RegisterForDispose(listener);
        await feed.Hears(ct);
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy would keep the events until there are many

        return TypedResults.ServerSentEvents(Events(listener, clock, ct));
    }

    private static async IAsyncEnumerable<SseItem<Update?>> Events(Listener listener, TimeProvider clock, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return new SseItem<Update?>(null, "beat"); // so that the answer begins

        for (var end = clock.GetUtcNow() + Longest; clock.GetUtcNow() < end;)
        {
            var update = await listener.Next(Beat, clock, ct);

            yield return update is null ? new SseItem<Update?>(null, "beat") : new SseItem<Update?>(update);
        }
    }
}
