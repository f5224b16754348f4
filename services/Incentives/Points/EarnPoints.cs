using System.Globalization;
using Community.Content.Contracts;
using Community.EventStore;
using Community.Messaging;
using Community.Payments.Contracts;
using Marten;
using MassTransit;

namespace Community.Incentives.Points;

/// <summary>Records what members do, as the other services tell it. What it earns is settled from the log.</summary>
internal sealed class EarnPoints(IDocumentStore store) :
    IConsumer<ContentPublished>, IConsumer<ContentViewed>, IConsumer<CommentPosted>, IConsumer<ReactionAdded>, IConsumer<ContentShared>,
    IConsumer<FeedbackGiven>, IConsumer<TopicOpened>, IConsumer<ReplyPosted>, IConsumer<ReplyAccepted>, IConsumer<VoteCast>, IConsumer<OrderPaid>,
    IConsumer<ReplyAcceptanceWithdrawn>, IConsumer<ReactionWithdrawn>, IConsumer<VoteWithdrawn>,
    IConsumer<TopicDeleted>, IConsumer<ReplyDeleted>, IConsumer<CommentDeleted>
{
    public Task Consume(ConsumeContext<ContentPublished> context)
    {
        var m = context.Message;

        return Record(context, new($"content/{m.ContentId}", Activities.Content, m.AuthorId, null, null, m.Format, m.Topic, m.Quality, m.At));
    }

    // A view has no id. Each is a cause of its own, and the cap bounds them.
    public Task Consume(ConsumeContext<ContentViewed> context) => Record(context, OfContent(
        string.Create(CultureInfo.InvariantCulture, $"view/{context.Message.ContentId}/{context.Message.At.UtcDateTime:O}"),
        Activities.View, context.Message.ContentId, context.Message.MemberId, context.Message.At));

    public Task Consume(ConsumeContext<ReactionAdded> context) => Record(context, OfContent(
        Reaction(context.Message.ContentId, context.Message.Kind), Activities.Reaction, context.Message.ContentId, context.Message.MemberId, context.Message.At)
        with
    { Kind = context.Message.Kind });

    public Task Consume(ConsumeContext<ContentShared> context) => Record(context, OfContent(
        $"share/{context.Message.ContentId}/{context.Message.Channel}", Activities.Share, context.Message.ContentId, context.Message.MemberId, context.Message.At)
        with
    { Kind = context.Message.Channel });

    public Task Consume(ConsumeContext<FeedbackGiven> context) => Record(context, OfContent(
        $"feedback/{context.Message.ContentId}", Activities.Feedback, context.Message.ContentId, context.Message.MemberId, context.Message.At));

    public Task Consume(ConsumeContext<CommentPosted> context)
    {
        var m = context.Message;

        return Record(context, new($"comment/{m.CommentId}", Activities.Comment, m.AuthorId, null, $"{m.SubjectKind}/{m.SubjectId}", m.SubjectKind, null, null, m.At));
    }

    public Task Consume(ConsumeContext<TopicOpened> context)
    {
        var m = context.Message;

        return Record(context, new($"topic/{m.TopicId}", Activities.Topic, m.AuthorId, null, null, m.Kind, null, null, m.At));
    }

    public Task Consume(ConsumeContext<ReplyPosted> context)
    {
        var m = context.Message;

        return Record(context, new($"reply/{m.ReplyId}", Activities.Reply, m.AuthorId, null, $"topic/{m.TopicId}", null, null, null, m.At));
    }

    public Task Consume(ConsumeContext<ReplyAccepted> context)
    {
        var m = context.Message;

        return Record(context, new(Acceptance(m.ReplyId), Activities.AcceptedReply, m.AcceptedBy, m.ReplyAuthorId, $"reply/{m.ReplyId}", null, null, null, m.At));
    }

    public Task Consume(ConsumeContext<VoteCast> context)
    {
        var m = context.Message;

        return Record(context, new(
            $"vote/{m.VoteId}", m.Value > 0 ? Activities.Upvote : Activities.Downvote, m.VoterId, m.SubjectAuthorId,
            $"{m.SubjectKind}/{m.SubjectId}", m.SubjectKind, null, null, m.At));
    }

    public Task Consume(ConsumeContext<OrderPaid> context) => context.Message.Lines.Any(line => line.Kind == "renewal")
        ? Task.CompletedTask // it happens to the member
        : Record(context, new($"order/{context.Message.OrderId}", Activities.Order, context.Message.MemberId, null, null, null, null, null, context.Message.At));

    public Task Consume(ConsumeContext<ReplyAcceptanceWithdrawn> context) => Withdraw(context, Acceptance(context.Message.ReplyId), context.Message.At);

    public Task Consume(ConsumeContext<ReactionWithdrawn> context) =>
        Withdraw(context, $"{Reaction(context.Message.ContentId, context.Message.Kind)}/{context.Message.MemberId}", context.Message.At);

    public Task Consume(ConsumeContext<VoteWithdrawn> context) => Withdraw(context, $"vote/{context.Message.VoteId}", context.Message.At);

    public Task Consume(ConsumeContext<TopicDeleted> context) => Withdraw(context, $"topic/{context.Message.TopicId}", context.Message.At, forGood: true);

    public Task Consume(ConsumeContext<ReplyDeleted> context) => Withdraw(context, $"reply/{context.Message.ReplyId}", context.Message.At, forGood: true);

    public Task Consume(ConsumeContext<CommentDeleted> context) => Withdraw(context, $"comment/{context.Message.CommentId}", context.Message.At, forGood: true);

    private static string Reaction(Guid content, string kind) => $"reaction/{content}/{kind}";

    private static string Acceptance(Guid reply) => $"accepted-reply/{reply}";

    // Many do the same to one content: the member makes the cause their own.
    private static CauseRecorded OfContent(string cause, string activity, Guid content, Guid member, DateTimeOffset at) =>
        new($"{cause}/{member}", activity, member, null, $"content/{content}", null, null, null, at);

    // Nobody known did it, and to nobody's: nobody earns.
    private Task Record(ConsumeContext context, CauseRecorded cause) => cause is { ActorId: null, AuthorId: null }
        ? Task.CompletedTask
        : store.Handle(Cause.Decider, Cause.Stream(cause.Cause), cause, context);

    private Task Withdraw(ConsumeContext context, string cause, DateTimeOffset at, bool forGood = false) =>
        store.Handle(Cause.Decider, Cause.Stream(cause), new CauseWithdrawn(cause, forGood, at), context);
}
