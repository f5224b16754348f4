using Community.EventStore;
using Community.Messaging;
using Community.Payments.Contracts;
using Marten;
using MassTransit;

namespace Community.Incentives.Rewards;

/// <summary>What payments says of days and coupons that members redeemed.</summary>
internal sealed class FollowGrants(IDocumentStore store, RewardDesk desk, TimeProvider clock) :
    IConsumer<RewardGiven>, IConsumer<RewardRefused>, IConsumer<RewardTakenBack>, IConsumer<RewardKept>
{
    public Task Consume(ConsumeContext<RewardGiven> context) =>
        store.Handle(Redemption.Decider, context.Message.RedemptionId, new RecordGiven(context.Message.At), context);

    public Task Consume(ConsumeContext<RewardRefused> context) => GiveBack(context, context.Message.RedemptionId);

    public Task Consume(ConsumeContext<RewardTakenBack> context) => GiveBack(context, context.Message.RedemptionId);

    public Task Consume(ConsumeContext<RewardKept> context) =>
        store.Handle(Redemption.Decider, context.Message.RedemptionId, new RecordKept(context.Message.At), context);

    private async Task GiveBack(ConsumeContext context, Guid redemption)
    {
        if ((await store.Load(Redemption.Decider, redemption, asOf: null, context.CancellationToken)).State.Redeemed is { } redeemed)
        {
            await store.Handle(
                Redemption.Decider, redemption, new RecordTakenBack(clock.GetUtcNow()),
                new CommandOptions { Together = await desk.GivesBack(redeemed, context.CancellationToken) }, context);
        }
    }
}
