using Community.EventStore;
using Community.Payments.Gateways;
using JasperFx.Events.Projections;

namespace Community.Payments.Chargebacks;

internal static class ChargebacksModule
{
    public static void AddChargebacks(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<ChargebackList>(ProjectionLifecycle.Inline);
            options.Schema.For<ChargebackInList>();
        });
        builder.Services.AddSingleton<INotificationHandler, ChargebackNotifications>();
    }
}
