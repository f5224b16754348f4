using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests;

public sealed class SnapshotTests(PaymentsService payments)
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "events");

    [Fact]
    public void Published_facts_keep_their_names_and_shapes() =>
        Snapshots.Match(Snapshots.Contracts(typeof(Contracts.OrderPaid).Assembly), "contracts");

    /// <summary>Under another name a read model is made once more from the first event on, and a subscription does all of its work again.</summary>
    [Fact]
    public void Progress_is_stored_under_the_names_that_it_always_had()
    {
        var store = (DocumentStore)payments.Host.Services.GetRequiredService<IDocumentStore>();
        Assert.Equal(
            [
                "Community.Payments.Ledger.OwedRefunds:All", "Community.Payments.Ledger.Postings:All", "OrderInList:All", "SubscriptionInList:All",
                "billing:All", "invoicing:All", "member-events:All", "relay:All", "sharing:All"
            ],
            store.Options.Projections.AllShards().Select(shard => shard.Name.Identity).Order(StringComparer.Ordinal));
    }
}
