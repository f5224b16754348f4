using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Payments.Invoices;

internal static class InvoicesModule
{
    public static void AddInvoices(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<InvoiceList>(ProjectionLifecycle.Inline);
            options.Schema.For<InvoiceInList>().Index(invoice => invoice.MemberId).Index(invoice => invoice.Order);
        });
        builder.AddFollower(services => new Invoicing(services));
    }
}
