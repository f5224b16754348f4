namespace Community.Content.Contracts;

/// <param name="Amount">In minor units, above zero.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record Price(long Amount, string Currency);

/// <param name="Format">article, video, slides or course.</param>
/// <param name="Quality">1 to 5, as the approving reviewer graded it.</param>
/// <param name="Price">Null: nothing is asked for it, or what is asked is no money.</param>
public sealed record ContentPublished(
    Guid ContentId, Guid AuthorId, string Title, string Topic, string Format, int Quality, Price? Price, DateTimeOffset At);

public sealed record ContentUnpublished(Guid ContentId, DateTimeOffset At);

public sealed record ContentViewed(Guid ContentId, Guid MemberId, DateTimeOffset At);

public sealed record ReactionAdded(Guid ContentId, Guid MemberId, string Kind, DateTimeOffset At);

public sealed record ReactionWithdrawn(Guid ContentId, Guid MemberId, string Kind, DateTimeOffset At);

public sealed record ContentShared(Guid ContentId, Guid MemberId, string Channel, DateTimeOffset At);

/// <param name="Rating">1 to 5.</param>
public sealed record FeedbackGiven(Guid ContentId, Guid MemberId, int Rating, DateTimeOffset At);
