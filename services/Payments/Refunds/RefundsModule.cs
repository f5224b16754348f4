using Community.EventStore;
using Community.Payments.Gateways;
using JasperFx.Events.Projections;

namespace Community.Payments.Refunds;

internal static class RefundsModule
{
    public static WebApplicationBuilder AddRefunds(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            // Inline: the work to do is there with the fact that asks for it.
            options.Projections.Add<RefundList>(ProjectionLifecycle.Inline);
            options.Projections.Add<OwedRefunds>(ProjectionLifecycle.Async);
            options.Schema.For<RefundInList>().Index(refund => refund.Status);
            options.Schema.For<OwedRefund>();
        });
        builder.Services.AddSingleton<INotificationHandler, RefundNotifications>();
        builder.Services.AddSingleton<RefundSender>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RefundSender>());

        return builder;
    }
}
