using Community.EventStore;
using Community.Messaging;
using JasperFx.Events.Projections;

namespace Community.Payments.Orders;

internal static class OrdersModule
{
    public static void AddOrders(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<OrderList>(ProjectionLifecycle.Async);
            options.Schema.For<OrderInList>().Index(order => order.MemberId).Index(order => order.WaitsSince!).Index(order => order.ChargeDueAt!);
        });
        builder.Services.AddSingleton<StaffWords>();
        builder.Services.AddSingleton(Tax.Of(builder.Configuration));
        builder.Services.AddHostedService<UnpaidOrders>();
    }
}
