using System.Globalization;
using Community.Content.Contracts;
using Community.EventStore;
using Community.Incentives.Rules;
using Community.Messaging;
using Community.Payments.Contracts;
using Community.Privacy;
using Marten;
using MassTransit;

namespace Community.Incentives.Points;

/// <summary>What members do, as the other services tell it, earns by the rules. Nobody known did it: nobody earns.</summary>
internal sealed class EarnPoints(IDocumentStore store, RulesInForce rulesInForce, PointsQueries book, CommunityZone community) :
    IConsumer<ContentPublished>, IConsumer<ContentViewed>, IConsumer<CommentPosted>, IConsumer<ReactionAdded>, IConsumer<ContentShared>,
    IConsumer<FeedbackGiven>, IConsumer<TopicOpened>, IConsumer<ReplyPosted>, IConsumer<ReplyAccepted>, IConsumer<OrderPaid>
{
    public Task Consume(ConsumeContext<ContentPublished> context) =>
        Earn(context, context.Message.AuthorId, Activities.Content, $"content/{context.Message.ContentId}", context.Message.At);

    // A view has no id. Each is a fact of its own, and the cap bounds them: were the content alone the key, it would
    // depend on the order of the messages which instant counts.
    public Task Consume(ConsumeContext<ContentViewed> context) => Earn(context, context.Message.MemberId, Activities.View,
        string.Create(CultureInfo.InvariantCulture, $"view/{context.Message.ContentId}/{context.Message.At.UtcDateTime:O}"), context.Message.At);

    public Task Consume(ConsumeContext<CommentPosted> context) =>
        Earn(context, context.Message.AuthorId, Activities.Comment, $"comment/{context.Message.CommentId}", context.Message.At);

    public Task Consume(ConsumeContext<ReactionAdded> context) =>
        Earn(context, context.Message.MemberId, Activities.Reaction, $"reaction/{context.Message.ContentId}/{context.Message.Kind}", context.Message.At);

    public Task Consume(ConsumeContext<ContentShared> context) =>
        Earn(context, context.Message.MemberId, Activities.Share, $"share/{context.Message.ContentId}/{context.Message.Channel}", context.Message.At);

    public Task Consume(ConsumeContext<FeedbackGiven> context) =>
        Earn(context, context.Message.MemberId, Activities.Feedback, $"feedback/{context.Message.ContentId}", context.Message.At);

    public Task Consume(ConsumeContext<TopicOpened> context) =>
        Earn(context, context.Message.AuthorId, Activities.Topic, $"topic/{context.Message.TopicId}", context.Message.At);

    public Task Consume(ConsumeContext<ReplyPosted> context) =>
        Earn(context, context.Message.AuthorId, Activities.Reply, $"reply/{context.Message.ReplyId}", context.Message.At);

    public Task Consume(ConsumeContext<ReplyAccepted> context) => context.Message is var accepted && accepted.AcceptedBy == accepted.ReplyAuthorId
        ? Task.CompletedTask // one's own reply, or nobody's
        : Earn(context, accepted.ReplyAuthorId, Activities.AcceptedReply, $"accepted-reply/{accepted.ReplyId}", accepted.At);

    public Task Consume(ConsumeContext<OrderPaid> context) => context.Message.Lines.Any(line => line.Kind == "renewal")
        ? Task.CompletedTask // it happens to the member
        : Earn(context, context.Message.MemberId, Activities.Order, $"order/{context.Message.OrderId}", context.Message.At);

    private async Task Earn(ConsumeContext context, Guid? doer, string activity, string cause, DateTimeOffset at)
    {
        if (doer is not { } memberId)
        {
            return;
        }

        var zone = await community.At(at, context.CancellationToken);
        at = TimeZoneInfo.ConvertTime(at, zone);
        var rules = await rulesInForce.At(at, context.CancellationToken);
        var settled = await book.IsSettled(memberId, cause, at, context.CancellationToken);
        var reward = new RewardActivity(memberId, activity, cause, at, rules.Version, rules.For(activity), settled) { Midnight = zone.StartOf(zone.DayOf(at)) };

        while (!await Settle(context, reward))
        {
        }
    }

    /// <summary>False: what it would have earned, others have just earned up to the cap. Caps fill and never empty, so what earns nothing now never will.</summary>
    private async Task<bool> Settle(ConsumeContext context, RewardActivity reward)
    {
        var stream = PointsDay.Stream(reward);
        var day = (await store.Load(PointsDay.Decider, stream, asOf: null, context.CancellationToken)).State;

        if (PointsDay.Decider.Decide(day, reward).Events is [PointsWithheld withheld])
        {
            await store.Handle(Withholding.Decider, Withholding.Stream(reward.MemberId, reward.Cause, reward.At), withheld, context);

            return true;
        }

        try
        {
            await store.Handle(PointsDay.Earning, stream, reward, context);

            return true;
        }
        catch (VersionConflictException)
        {
            return false;
        }
    }
}
