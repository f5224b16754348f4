using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Payments.Creators;

internal static class CreatorsModule
{
    public static void AddCreators(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<CreatorList>(ProjectionLifecycle.Inline);
            options.Projections.Add<PayoutList>(ProjectionLifecycle.Inline);
            options.Schema.For<CreatorInList>();
            options.Schema.For<PayoutInList>().Index(payout => payout.CreatorId);
        });
        builder.AddFollower(services => new Sharing(services, builder.Configuration));
    }
}
