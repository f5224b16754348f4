using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Analytics.Ingestion;

internal sealed record ClientActivity(
    [property: AllowedValues(
        ActivityKinds.View, ActivityKinds.Click, ActivityKinds.Share, ActivityKinds.Search,
        ErrorMessage = "must be what happens in a client: view, click, share or search; the services tell the rest themselves")] string Kind,
    DateTimeOffset At,
    Guid? SubjectId = null);

internal sealed record ActivityBatch([property: MinLength(1), MaxLength(500)] IReadOnlyList<ClientActivity?> Activities);

internal static class ActivityEndpoints
{
    /// <summary>What a client that was off-line may still tell.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromDays(7);

    /// <summary>Clocks of clients run ahead a little.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public static void MapActivities(this IEndpointRouteBuilder app) => app.MapPost("/activities", Tell)
        .WithTag("Activities", "What members do, as client apps tell it.").WithSummary("Takes what a member did in a client app, of the last 7 days");

    private static async Task<Accepted> Tell(
        ActivityBatch batch, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var heard = batch.Activities.Select((activity, i) => activity switch
        {
            null => throw new InvalidParameter($"activities[{i}]", "must not be null"),
            { SubjectId: { } subject } when subject == Guid.Empty => throw new InvalidParameter($"activities[{i}].subjectId", "must not be all zeros"),
            { At: var at } when at > now + Ahead => throw new InvalidParameter($"activities[{i}].at", "must not lie in the future"),
            { At: var at } when at < now - Oldest => throw new InvalidParameter($"activities[{i}].at", "must not be older than 7 days"),
            _ => new ActivityRecorded(user.MemberId(), activity.Kind, activity.SubjectId, activity.At)
        });
        await store.Handle(ActivityLog.Decider, ActivityLog.Batch(http.NewId(clock)), new RecordHeard([.. heard]), ct);

        return TypedResults.Accepted((string?)null);
    }
}
