using Community.Content.Contracts;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.Payments.Contracts;
using Marten;
using MassTransit;

namespace Community.Analytics.Ingestion;

/// <summary>What the other services tell goes into the own log.</summary>
internal sealed class RecordFacts(IDocumentStore store) :
    IConsumer<ContentViewed>, IConsumer<ContentPublished>, IConsumer<TopicOpened>, IConsumer<ReplyPosted>, IConsumer<CommentPosted>,
    IConsumer<ReactionAdded>, IConsumer<VoteCast>, IConsumer<ContentShared>, IConsumer<FeedbackGiven>, IConsumer<OrderPaid>, IConsumer<MemberJoined>
{
    public Task Consume(ConsumeContext<ContentViewed> context) =>
        Did(context, context.Message.MemberId, ActivityKinds.View, context.Message.ContentId, context.Message.At);

    public Task Consume(ConsumeContext<ContentPublished> context) =>
        Did(context, context.Message.AuthorId, ActivityKinds.Content, context.Message.ContentId, context.Message.At);

    public Task Consume(ConsumeContext<TopicOpened> context) =>
        Did(context, context.Message.AuthorId, ActivityKinds.Topic, context.Message.TopicId, context.Message.At);

    public Task Consume(ConsumeContext<ReplyPosted> context) =>
        Did(context, context.Message.AuthorId, ActivityKinds.Reply, context.Message.ReplyId, context.Message.At);

    public Task Consume(ConsumeContext<CommentPosted> context) =>
        Did(context, context.Message.AuthorId, ActivityKinds.Comment, context.Message.CommentId, context.Message.At);

    public Task Consume(ConsumeContext<ReactionAdded> context) =>
        Did(context, context.Message.MemberId, ActivityKinds.Reaction, context.Message.ContentId, context.Message.At);

    public Task Consume(ConsumeContext<VoteCast> context) =>
        Did(context, context.Message.VoterId, ActivityKinds.Vote, context.Message.SubjectId, context.Message.At);

    public Task Consume(ConsumeContext<ContentShared> context) =>
        Did(context, context.Message.MemberId, ActivityKinds.Share, context.Message.ContentId, context.Message.At);

    public Task Consume(ConsumeContext<FeedbackGiven> context) =>
        Did(context, context.Message.MemberId, ActivityKinds.Feedback, context.Message.ContentId, context.Message.At);

    // A renewal happens to the member.
    public Task Consume(ConsumeContext<OrderPaid> context) => context.Message.Lines.Any(line => line.Kind == "renewal")
        ? Task.CompletedTask
        : Did(context, context.Message.MemberId, ActivityKinds.Order, context.Message.OrderId, context.Message.At);

    public Task Consume(ConsumeContext<MemberJoined> context) =>
        Record(context, new MemberJoinRecorded(context.Message.MemberId, context.Message.JoinedAt, context.Message.Imported));

    private Task Did(ConsumeContext context, Guid? doer, string kind, Guid subjectId, DateTimeOffset at) =>
        doer is { } memberId ? Record(context, new ActivityRecorded(memberId, kind, subjectId, at)) : Task.CompletedTask;

    private Task Record(ConsumeContext context, HeardEvent heard) =>
        store.Handle(ActivityLog.Decider, ActivityLog.Message(context.MessageId!.Value), new RecordHeard([heard]), context);
}
