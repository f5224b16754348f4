using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Community.Content.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Updates;

/// <summary>Things about which something new may be said; each module knows its own.</summary>
internal interface IUpdateSubjects
{
    /// <summary>Whether it is one of these, and the reader may know of it.</summary>
    Task<bool> Has(Guid subject, ReaderContext context, CancellationToken ct);
}

/// <summary>
/// <c>GET /updates?subjects=</c>: server-sent events about contents and topics. It is in no document: what is described there
/// has an end.
/// </summary>
internal static class UpdateEndpoints
{
    private const int MostSubjects = 10;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(20); // a line that is silent for longer is cut by what stands between

    /// <summary>Then the reader connects again, with the rights of that time.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static void AddUpdates(this WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<UpdateFeed>().AddHostedService(services => services.GetRequiredService<UpdateFeed>());

    public static void MapUpdates(this IEndpointRouteBuilder app) => app.MapGet("/updates", Follow).AllowAnonymous().RequireRateLimiting(RateLimits.Streams).ExcludeFromDescription();

    /// <summary>Tells, once it is done, those who look at the subject in the path.</summary>
    public static RouteHandlerBuilder PublishesUpdate(this RouteHandlerBuilder endpoint, UpdateKind kind) => endpoint.PublishesUpdate<object>(kind, _ => null);

    /// <param name="idOf">Of what the endpoint has made, by its answer.</param>
    public static RouteHandlerBuilder PublishesUpdate<TAnswer>(this RouteHandlerBuilder endpoint, UpdateKind kind, Func<TAnswer, Guid?> idOf) => endpoint.AddEndpointFilter(async (context, next) =>
    {
        var result = await next(context);
        var done = result is INestedHttpResult nested ? nested.Result : result;

        if (done is IStatusCodeHttpResult { StatusCode: StatusCodes.Status201Created or StatusCodes.Status204NoContent })
        {
            var http = context.HttpContext;
            var id = done is IValueHttpResult<TAnswer> { Value: { } answer } ? idOf(answer) : null;
            await http.RequestServices.GetRequiredService<UpdateFeed>()
                .Publish(new Update(Guid.Parse((string)http.Request.RouteValues["id"]!), kind, id), http.RequestAborted);
        }

        return result;
    });

    /// <param name="subjects">Up to ten ids of contents and topics, by commas.</param>
    private static async Task<Results<ServerSentEventsResult<Update?>, ProblemHttpResult>> Follow(
        string subjects, [AsParameters] ReaderContext context, IEnumerable<IUpdateSubjects> known, UpdateFeed feed)
    {
        var http = context.Http;
        var parts = subjects.Split(',', MostSubjects + 1);
        var wanted = parts.Select(part => Guid.TryParse(part, out var id) ? id : (Guid?)null).OfType<Guid>().ToHashSet();

        if (parts.Length > MostSubjects || wanted.Count != parts.Length)
        {
            return Problems.Problem(StatusCodes.Status400BadRequest, "validation-failed", $"Subjects are up to {MostSubjects} different ids, by commas.");
        }

        var ct = http.RequestAborted;

        foreach (var subject in wanted)
        {
            if (!await IsKnown(subject, context, known, ct))
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
        await feed.Listening(ct);
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy would keep the events until there are many

        return TypedResults.ServerSentEvents(Events(listener, context.Clock, ct));
    }

    private static async Task<bool> IsKnown(Guid subject, ReaderContext context, IEnumerable<IUpdateSubjects> known, CancellationToken ct)
    {
        foreach (var subjects in known)
        {
            if (await subjects.Has(subject, context, ct))
            {
                return true;
            }
        }

        return false;
    }

    private static async IAsyncEnumerable<SseItem<Update?>> Events(Listener listener, TimeProvider clock, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return new SseItem<Update?>(null, "beat"); // so that the answer begins

        for (var end = clock.GetUtcNow() + Longest; !listener.IsOver && clock.GetUtcNow() < end;)
        {
            var update = await listener.Next(Heartbeat, clock, ct);

            yield return update is null ? new SseItem<Update?>(null, "beat") : new SseItem<Update?>(update);
        }
    }
}
