using System.Text.Json.Serialization;
using Community.Content.Access;

namespace Community.Content.Publishing;

internal enum Format { Article, Video, Slides, Course }

internal enum Verdict { Approved, ChangesRequested, Rejected }

/// <param name="Body">Markdown.</param>
internal sealed record ContentBody(string Title, string Topic, Format Format, string Body);

internal abstract record ContentEvent
{
    private protected ContentEvent() { }
}

[EventType("content-drafted.v1")]
internal sealed record ContentDrafted(
    Guid AuthorId, [property: JsonPropertyName("manuscript")] ContentBody Text, string[] Tags, Requirements Requires, DateOnly? PlannedFor, DateTimeOffset At) : ContentEvent;

[EventType("content-revised.v1")]
internal sealed record ContentRevised([property: JsonPropertyName("manuscript")] ContentBody Text, DateTimeOffset At) : ContentEvent;

[EventType("content-tagged.v1")]
internal sealed record ContentTagged(string[] Tags, DateTimeOffset At) : ContentEvent;

[EventType("content-requirements-set.v1")]
internal sealed record ContentRequirementsSet(Requirements Requires, DateTimeOffset At) : ContentEvent;

[EventType("content-planned.v1")]
internal sealed record ContentPlanned(DateOnly PlannedFor, DateTimeOffset At) : ContentEvent;

[EventType("content-submitted.v1")]
internal sealed record ContentSubmitted(DateTimeOffset At) : ContentEvent;

/// <param name="Quality">1 to 5.</param>
[EventType("content-reviewed.v1")]
internal sealed record ContentReviewed(Guid ReviewerId, Verdict Verdict, int Quality, string Notes, DateTimeOffset At) : ContentEvent;

/// <summary>Carries what others are told of it, so that nobody needs the state to tell it.</summary>
[EventType("content-published.v1")]
internal sealed record ContentPublished(
    Guid AuthorId, string Title, string Topic, Format Format, int Quality, Price? Price, DateTimeOffset At) : ContentEvent;

[EventType("content-unpublished.v1")]
internal sealed record ContentUnpublished(DateTimeOffset At) : ContentEvent;
