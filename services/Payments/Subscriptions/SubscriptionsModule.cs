using Community.EventStore;
using Community.Messaging;
using Community.Payments.Orders;
using JasperFx.Events.Projections;

namespace Community.Payments.Subscriptions;

internal static class SubscriptionsModule
{
    public static void AddSubscriptions(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<BegunSubscriptions>(ProjectionLifecycle.Inline);
            options.Projections.Add<SubscriptionList>(ProjectionLifecycle.Async);
            options.Schema.For<SubscriptionInList>().Index(s => s.MemberId).Index(s => s.SubscriptionId).Index(s => s.DueAt!);
            options.Schema.For<BegunSubscription>().Index(s => s.MemberId);
        });
        builder.AddFollower(services => new Billing(services));
        builder.AddConsumer<EndSubscriptionsOfLeavers>();
        builder.Services.AddSingleton<IOrderRule, TierHeldOnce>();
        builder.Services.AddHostedService<DueSubscriptions>();
        builder.Services.AddHostedService<ChargeSender>();
    }
}
