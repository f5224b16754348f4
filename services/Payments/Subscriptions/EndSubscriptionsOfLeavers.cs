using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;

namespace Community.Payments.Subscriptions;

/// <summary>
/// Who leaves is not charged again: the subscriptions end with their periods. Who is erased has nobody left to give a tier to:
/// they end at once, and what was to stand on invoices to come is unreadable. Invoices that are issued stay, as the law asks.
/// </summary>
internal sealed class EndSubscriptionsOfLeavers(IDocumentStore store) : IConsumer<MemberDeparted>, IConsumer<MemberErased>
{
    public Task Consume(ConsumeContext<MemberDeparted> context) =>
        Handle(context, context.Message.MemberId, new CancelSubscription(context.Message.At));

    public async Task Consume(ConsumeContext<MemberErased> context)
    {
        await store.Once(context, session => session.EraseKey(context.Message.MemberId));
        await Handle(context, context.Message.MemberId, new RevokeSubscription(context.Message.At));
    }

    private async Task Handle(ConsumeContext context, Guid member, SubscriptionCommand command)
    {
        foreach (var stream in await store.SubscriptionsOf(member, context.CancellationToken))
        {
            await store.Handle(Subscription.Decider, stream, command, context);
        }
    }
}
