using Community.Content.Contracts;
using Community.EventStore;
using Community.Messaging;
using Marten;
using MassTransit;

namespace Community.Analytics.Ingestion;

/// <param name="Format">article, video, slides or course.</param>
/// <param name="Quality">1 to 5, as the approving reviewer graded it.</param>
[EventType("content-recorded.v1")]
public sealed record ContentRecorded(Guid ContentId, Guid AuthorId, string Title, string Topic, string Format, int Quality, DateTimeOffset At) : HeardEvent;

/// <param name="Rating">1 to 5; of several by one member the latest counts.</param>
[EventType("rating-recorded.v1")]
public sealed record RatingRecorded(Guid ContentId, Guid MemberId, int Rating, DateTimeOffset At) : HeardEvent;

/// <summary>A comment on a content, of somebody who may be no more.</summary>
[EventType("content-comment-recorded.v1")]
public sealed record ContentCommentRecorded(Guid CommentId, Guid ContentId, Guid? MemberId, DateTimeOffset At) : HeardEvent;

/// <summary>A comment is gone for good, on whatever it was.</summary>
[EventType("comment-deletion-recorded.v1")]
public sealed record CommentDeletionRecorded(Guid CommentId, DateTimeOffset At) : HeardEvent;

internal sealed class RecordContents(IDocumentStore store) : IConsumer<ContentPublished>, IConsumer<FeedbackGiven>, IConsumer<CommentPosted>, IConsumer<CommentDeleted>
{
    public Task Consume(ConsumeContext<ContentPublished> context)
    {
        var m = context.Message;

        return Record(context, new ContentRecorded(m.ContentId, m.AuthorId, m.Title, m.Topic, m.Format, m.Quality, m.At));
    }

    public Task Consume(ConsumeContext<FeedbackGiven> context) =>
        Record(context, new RatingRecorded(context.Message.ContentId, context.Message.MemberId, context.Message.Rating, context.Message.At));

    public Task Consume(ConsumeContext<CommentPosted> context) => context.Message.SubjectKind == "content"
        ? Record(context, new ContentCommentRecorded(context.Message.CommentId, context.Message.SubjectId, context.Message.AuthorId, context.Message.At))
        : Task.CompletedTask;

    public Task Consume(ConsumeContext<CommentDeleted> context) => Record(context, new CommentDeletionRecorded(context.Message.CommentId, context.Message.At));

    // What the same message says of activity stands in a stream of its own.
    private Task Record(ConsumeContext context, HeardEvent heard) =>
        store.Handle(ActivityLog.Decider, ActivityLog.Content(context.MessageId!.Value), new RecordHeard([heard]), context);
}
