using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Payments.Ledger;

internal static class LedgerModule
{
    public static void AddLedger(this WebApplicationBuilder builder) =>
        builder.ConfigureStore(options => options.Projections.Add(new Postings(options), ProjectionLifecycle.Async));
}
