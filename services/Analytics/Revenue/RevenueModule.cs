using Community.Messaging;
using JasperFx.Events.Projections;
using Marten;

namespace Community.Analytics.Revenue;

internal static class RevenueModule
{
    public static StoreOptions AddRevenue(this StoreOptions options)
    {
        options.Projections.Add(new RecurringRevenue(options), ProjectionLifecycle.Async);

        return options;
    }

    public static IServiceCollection AddRevenue(this IServiceCollection services) => services.AddSingleton<RevenueFigures>().AddSingleton<RevenueAccess>();

    public static Consumers AddRevenue(this Consumers consume) => consume.Add<RecordRecurringRevenue>();
}
