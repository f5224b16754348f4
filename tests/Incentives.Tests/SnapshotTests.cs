using Community.Testing;

namespace Community.Incentives.Tests;

public sealed class SnapshotTests
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "events");

    [Fact]
    public void Contracts_keep_their_names_and_shapes() =>
        Snapshots.Match(Snapshots.Contracts(typeof(Contracts.PointsEarned).Assembly), "contracts");
}
