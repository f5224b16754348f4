using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Analytics.Ingestion;

/// <param name="Depth">Of a view: how far it went, from 0 to 1.</param>
/// <param name="Id">The client's own: told again, also in another batch, it counts once.</param>
internal sealed record ClientActivity(
    [property: AllowedValues(
        ActivityKinds.View, ActivityKinds.Click, ActivityKinds.Share, ActivityKinds.Search,
        ErrorMessage = "must be what happens in a client: view, click, share or search; the services tell the rest themselves")] string Kind,
    DateTimeOffset At,
    Guid? SubjectId = null,
    [property: Range(0, 1)] double? Depth = null,
    Guid? Id = null);

internal sealed record ActivityBatch([property: MinLength(1), MaxLength(500)] IReadOnlyList<ClientActivity?> Activities);

internal static class ActivityEndpoints
{
    /// <summary>What a client that was off-line may still tell.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromDays(7);

    /// <summary>Clocks of clients run ahead a little.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public static void MapActivities(this IEndpointRouteBuilder app) => app.MapPost("/activities", Record)
        .WithTag("Activities", "What members do, as client apps tell it.").WithSummary("Takes what a member did in a client app, of the last 7 days");

    private static async Task<Accepted> Record(
        ActivityBatch batch, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var heard = batch.Activities.Select((activity, i) => activity switch
        {
            null => throw new InvalidParameter($"activities[{i}]", "must not be null"),
            { SubjectId: { } subject } when subject == Guid.Empty => throw new InvalidParameter($"activities[{i}].subjectId", "must not be all zeros"),
            { At: var at } when at > now + Ahead => throw new InvalidParameter($"activities[{i}].at", "must not lie in the future"),
            { At: var at } when at < now - Oldest => throw new InvalidParameter($"activities[{i}].at", "must not be older than 7 days"),
            { Depth: not null, Kind: not ActivityKinds.View } => throw new InvalidParameter($"activities[{i}].depth", "is a view's alone"),
            _ => (activity.Id, Recorded: new ActivityRecorded(user.MemberId(), activity.Kind, activity.SubjectId, activity.At, activity.Depth))
        }).ToList();
        var unnamed = heard.Where(one => one.Id is null).Select(one => (HeardEvent)one.Recorded).ToImmutableList();
        await store.HandleBatch(
            ActivityLog.Decider,
            [
                .. unnamed.IsEmpty ? [] : new[] { (ActivityLog.Batch(http.NewId(clock)), new RecordHeard(unnamed), new CommandOptions()) },
                .. heard.SelectMany(one => one.Id is { } id
                    ? new[] { (ActivityLog.Client(one.Recorded.MemberId, id), new RecordHeard([one.Recorded]), new CommandOptions()) }
                    : [])
            ], ct);

        return TypedResults.Accepted((string?)null);
    }
}
