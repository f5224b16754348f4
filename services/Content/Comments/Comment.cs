using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events.Aggregation;

namespace Community.Content.Comments;

internal abstract record CommentEvent
{
    private protected CommentEvent() { }
}

/// <param name="AuthorId">Null: imported, of an account that is no more.</param>
/// <param name="Body">Markdown; HTML where it was imported.</param>
[EventType("comment-posted.v1")]
internal sealed record CommentPosted(
    SubjectKind SubjectKind, Guid SubjectId, Guid? AuthorId, string Body, DateTimeOffset At, bool Imported) : CommentEvent;

internal static class Comment
{
    public static readonly Decider<CommentPosted?, CommentPosted, CommentPosted> Decider =
        SingleEventStream.Decider<CommentPosted>((known, repeat) => known == (repeat.Imported ? repeat : repeat with { At = known.At }));
}

/// <summary>A comment as it is read.</summary>
internal sealed record CommentText(Guid Id, Guid SubjectId, Guid? AuthorId, string Body, bool Imported, DateTimeOffset At);

internal sealed partial class CommentTexts : SingleStreamProjection<CommentText, Guid>
{
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
