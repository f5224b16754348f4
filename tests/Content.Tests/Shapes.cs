namespace Community.Content.Tests;

public sealed class Shapes
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "Events");

    [Fact]
    public void Contracts_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Contracts(typeof(Contracts.ContentPublished).Assembly), "Contracts");
}
