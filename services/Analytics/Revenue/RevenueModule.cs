using Community.EventStore;
using Community.Messaging;
using JasperFx.Events.Projections;

namespace Community.Analytics.Revenue;

internal static class RevenueModule
{
    public static void AddRevenue(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new RecurringRevenue(options), ProjectionLifecycle.Async));
        builder.Services.AddSingleton<RevenueFigures>().AddSingleton<RevenueAccess>();
        builder.AddConsumer<RecordRecurringRevenue>();
    }
}
