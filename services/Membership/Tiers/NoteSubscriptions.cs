using Community.EventStore;
using Community.Messaging;
using Community.Payments.Contracts;
using Marten;
using MassTransit;

namespace Community.Membership.Tiers;

/// <summary>Gives members the tiers that they pay for, and takes them back, as payments tells. A member who is late with a payment keeps the tier.</summary>
internal sealed class NoteSubscriptions(IDocumentStore store) : IConsumer<SubscriptionStarted>, IConsumer<SubscriptionRenewed>,
    IConsumer<SubscriptionChanged>, IConsumer<SubscriptionPaused>, IConsumer<SubscriptionResumed>, IConsumer<SubscriptionEnded>
{
    public Task Consume(ConsumeContext<SubscriptionStarted> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, context.Message.Tier, context.Message.Version, context.Message.At)
        {
            Given = context.Message.Source is "gift" or "complimentary"
        });

    public Task Consume(ConsumeContext<SubscriptionRenewed> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, context.Message.Tier, context.Message.Version, context.Message.At));

    public Task Consume(ConsumeContext<SubscriptionChanged> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, context.Message.Tier, context.Message.Version, context.Message.At));

    public Task Consume(ConsumeContext<SubscriptionPaused> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, null, context.Message.Version, context.Message.At));

    public Task Consume(ConsumeContext<SubscriptionResumed> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, context.Message.Tier, context.Message.Version, context.Message.At));

    public Task Consume(ConsumeContext<SubscriptionEnded> context) =>
        Record(context, context.Message.MemberId, new(context.Message.SubscriptionId, null, context.Message.Version, context.Message.At));

    private Task Record(ConsumeContext context, Guid member, RecordSubscription command) => store.Handle(MemberTiers.Decider, member, command, context);
}
