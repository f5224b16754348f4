using System.Diagnostics;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events.Aggregation;

namespace Community.Content.Discussions;

internal abstract record CommentEvent
{
    private protected CommentEvent() { }
}

/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
/// <param name="Body">Markdown; HTML where it was imported.</param>
[EventType("comment-posted.v1")]
internal sealed record CommentPosted(
    SubjectKind SubjectKind, Guid SubjectId, Guid? AuthorId, string Body, DateTimeOffset At, bool Imported) : CommentEvent;

/// <param name="By">The author or a moderator.</param>
[EventType("comment-deleted.v1")]
internal sealed record CommentDeleted(Guid By, DateTimeOffset At) : CommentEvent;

internal abstract record CommentCommand;

internal sealed record PostComment(CommentPosted Comment) : CommentCommand;

internal sealed record DeleteComment(Guid By, bool IsModerator, DateTimeOffset At) : CommentCommand;

internal sealed record Comment(CommentPosted? Posted, bool IsDeleted)
{
    public static readonly Decider<Comment, CommentCommand, CommentEvent> Decider = new(new(null, false), Decide, Evolve);

    private static Decision<CommentEvent> Decide(Comment comment, CommentCommand command) => (comment.Posted, command) switch
    {
        (null, PostComment c) => c.Comment,
        ({ } known, PostComment { Comment: var repeat }) =>
            known == (repeat.Imported ? repeat : repeat with { At = known.At }) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (null, _) => Rejection.NotFound,
        (_, DeleteComment) when comment.IsDeleted => Decision.Nothing,
        ({ } known, DeleteComment c) => c.IsModerator || c.By == known.AuthorId ? new CommentDeleted(c.By, c.At) : Post.NotTheAuthor,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a comment.")
    };

    private static Comment Evolve(Comment comment, CommentEvent @event) => @event switch
    {
        CommentPosted e => comment with { Posted = e },
        CommentDeleted => comment with { IsDeleted = true },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a comment.")
    };
}

/// <summary>A comment as it is read.</summary>
internal sealed record CommentText(Guid Id, Guid SubjectId, Guid? AuthorId, string Body, bool Imported, DateTimeOffset At);

internal sealed partial class CommentTexts : SingleStreamProjection<CommentText, Guid>
{
    public CommentTexts() => DeleteEvent<CommentDeleted>();

    public static void Configure(StoreOptions options)
    {
        options.Schema.For<CommentText>()
            .Duplicate(comment => comment.At)
            .Duplicate(comment => comment.SubjectId);
        // Who has written one looks for it at once.
        options.Projections.Add(new CommentTexts(), ProjectionLifecycle.Inline);
    }

    public static CommentText Create(IEvent<CommentPosted> e) =>
        new(e.StreamId, e.Data.SubjectId, e.Data.AuthorId, e.Data.Body, e.Data.Imported, e.Data.At);
}
