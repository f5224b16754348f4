using Community.EventStore;
using Community.Messaging;
using Community.Payments.Gateways;
using JasperFx.Events.Projections;
using Marten;

namespace Community.Payments.Orders;

internal static class OrdersModule
{
    public static void AddOrders(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<OrderList>(ProjectionLifecycle.Async);
            // Inline: what is to be done is there with the fact that asks for it.
            options.Projections.Add<TakenReceipts>(ProjectionLifecycle.Inline);
            options.Schema.For<TakenReceipt>();
            options.Storage.ExtendedSchemaObjects.Add(KnownMembers.Table);
            options.Schema.For<OrderInList>().Index(order => order.MemberId).Index(order => order.WaitsSince!).Index(order => order.ChargeDueAt!);
        });
        builder.AddConsumer<NoteMembers>();
        builder.Services.AddSingleton<KnownMembers>();
        builder.Services.AddSingleton<Pricing>();
        builder.Services.AddSingleton<IOrderRule, BoughtOnce>();
        builder.Services.AddSingleton<INotificationHandler, PaymentNotifications>();
        builder.Services.AddSingleton<StatusOfPayment>(services => (payment, ct) => PaymentEndpoints.StatusOf(services.GetRequiredService<IDocumentStore>(), payment, ct));
        builder.Services.AddHostedService<UnpaidOrders>();
    }
}
