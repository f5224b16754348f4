using Community.Testing;

namespace Community.Payments.Tests;

public sealed class SnapshotTests
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "events");

    [Fact]
    public void Published_facts_keep_their_names_and_shapes() =>
        Snapshots.Match(Snapshots.Contracts(typeof(Contracts.OrderPaid).Assembly), "contracts");
}
