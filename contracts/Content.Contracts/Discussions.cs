namespace Community.Content.Contracts;

/// <param name="SubjectKind">content, topic or reply.</param>
/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
public sealed record CommentPosted(
    Guid CommentId, string SubjectKind, Guid SubjectId, Guid? AuthorId, DateTimeOffset At, bool Imported);

/// <param name="Kind">question or discussion.</param>
/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
public sealed record TopicOpened(Guid TopicId, Guid? AuthorId, string Kind, DateTimeOffset At, bool Imported);

/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
public sealed record ReplyPosted(Guid ReplyId, Guid TopicId, Guid? AuthorId, DateTimeOffset At, bool Imported);

/// <param name="AcceptedBy">The topic's author; null: imported.</param>
public sealed record ReplyAccepted(
    Guid TopicId, Guid ReplyId, Guid? ReplyAuthorId, Guid? AcceptedBy, DateTimeOffset At, bool Imported);

public sealed record ReplyAcceptanceWithdrawn(Guid TopicId, Guid ReplyId, Guid? ReplyAuthorId, DateTimeOffset At);

/// <param name="VoteId">Stays the same when a member votes anew on the same post: the latest value counts.</param>
/// <param name="SubjectKind">topic or reply.</param>
/// <param name="VoterId">Null: imported, the source does not tell.</param>
/// <param name="Value">1 or -1.</param>
public sealed record VoteCast(
    Guid VoteId, string SubjectKind, Guid SubjectId, Guid? SubjectAuthorId, Guid? VoterId, int Value, DateTimeOffset At, bool Imported);

/// <summary>The voter has taken the vote back; a later <see cref="VoteCast"/> of the same id counts again.</summary>
public sealed record VoteWithdrawn(Guid VoteId, string SubjectKind, Guid SubjectId, DateTimeOffset At);

/// <summary>The topic is gone for good.</summary>
public sealed record TopicDeleted(Guid TopicId, DateTimeOffset At);

/// <summary>The reply is gone for good.</summary>
public sealed record ReplyDeleted(Guid TopicId, Guid ReplyId, DateTimeOffset At);

/// <summary>The comment is gone for good.</summary>
public sealed record CommentDeleted(Guid CommentId, DateTimeOffset At);
