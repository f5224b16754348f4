namespace Community.Content.Discussions;

internal enum TopicKind { Question, Discussion }

internal abstract record TopicEvent
{
    private protected TopicEvent() { }
}

/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
/// <param name="Body">Markdown; HTML where it was imported.</param>
[EventType("topic-opened.v1")]
internal sealed record TopicOpened(
    TopicKind Kind, Guid? AuthorId, string Title, string Body, string[] Tags, DateTimeOffset At, bool Imported) : TopicEvent;

/// <param name="AcceptedBy">Null: imported.</param>
[EventType("reply-accepted.v1")]
internal sealed record ReplyAccepted(
    Guid ReplyId, Guid? ReplyAuthorId, Guid? AcceptedBy, DateTimeOffset At, bool Imported) : TopicEvent;

[EventType("reply-acceptance-withdrawn.v1")]
internal sealed record ReplyAcceptanceWithdrawn(Guid ReplyId, Guid? ReplyAuthorId, DateTimeOffset At) : TopicEvent;

/// <param name="By">The author or a moderator.</param>
[EventType("topic-deleted.v1")]
internal sealed record TopicDeleted(Guid By, DateTimeOffset At) : TopicEvent;

/// <summary>A stream of its own: a topic may have replies without end.</summary>
internal abstract record ReplyEvent
{
    private protected ReplyEvent() { }
}

/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
/// <param name="Body">Markdown; HTML where it was imported.</param>
[EventType("reply-posted.v1")]
internal sealed record ReplyPosted(Guid TopicId, Guid? AuthorId, string Body, DateTimeOffset At, bool Imported) : ReplyEvent;

/// <param name="By">The author or a moderator.</param>
[EventType("reply-deleted.v1")]
internal sealed record ReplyDeleted(Guid TopicId, Guid By, DateTimeOffset At) : ReplyEvent;

/// <summary>A stream per member and post; of an unknown voter, a stream per vote.</summary>
internal abstract record VoteEvent
{
    private protected VoteEvent() { }
}

/// <param name="VoteId">The same when a member votes anew: the latest value counts.</param>
/// <param name="VoterId">Null: imported, the source does not tell.</param>
/// <param name="Value">1 or -1.</param>
[EventType("vote-cast.v1")]
internal sealed record VoteCast(
    Guid VoteId, SubjectKind SubjectKind, Guid SubjectId, Guid? SubjectAuthorId, Guid? VoterId, int Value, DateTimeOffset At,
    bool Imported) : VoteEvent;

[EventType("vote-withdrawn.v1")]
internal sealed record VoteWithdrawn(Guid VoteId, SubjectKind SubjectKind, Guid SubjectId, Guid? VoterId, DateTimeOffset At) : VoteEvent;
