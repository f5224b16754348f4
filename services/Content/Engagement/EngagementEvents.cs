namespace Community.Content.Engagement;

internal enum ReactionKind { Like, Insightful, Thanks, Celebrate, Curious }

/// <summary>What a member did at one moment: a stream of its own each, for readers come back without end.</summary>
internal abstract record MomentEvent
{
    private protected MomentEvent() { }
}

[EventType("content-viewed.v1")]
internal sealed record ContentViewed(Guid ContentId, Guid MemberId, DateTimeOffset At) : MomentEvent;

[EventType("content-shared.v1")]
internal sealed record ContentShared(Guid ContentId, Guid MemberId, string Channel, DateTimeOffset At) : MomentEvent;

/// <summary>What one member thinks of one content: a stream per both.</summary>
internal abstract record FeedbackEvent
{
    private protected FeedbackEvent() { }
}

[EventType("reaction-added.v1")]
internal sealed record ReactionAdded(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : FeedbackEvent;

[EventType("reaction-withdrawn.v1")]
internal sealed record ReactionWithdrawn(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : FeedbackEvent;

/// <param name="Rating">1 to 5.</param>
[EventType("feedback-given.v1")]
internal sealed record FeedbackGiven(Guid ContentId, Guid MemberId, int Rating, string Text, DateTimeOffset At) : FeedbackEvent;
