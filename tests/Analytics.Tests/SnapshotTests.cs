using Community.Testing;

namespace Community.Analytics.Tests;

public sealed class SnapshotTests
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "events");
}
