using Community.EventStore;
using Community.Sample;
using Community.Testing;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Community.Messaging.Tests;

public sealed class Spoken
{
    public Guid Id { get; set; }

    public int Value { get; set; }
}

public sealed partial class SpokenProjection : EventProjection
{
    public static Spoken Create(IEvent<NumberSaid> e) => new() { Id = e.Id, Value = e.Data.Value };
}

/// <summary>An event that cannot be told is an error of the service's: its relay stands before it, and all else goes on.</summary>
public sealed class RelayPauses
{
    private const int Unspeakable = 50;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_an_event_that_cannot_be_told_visibly_and_alone_and_when_it_can_be_told_nothing_is_missing()
    {
        await using var fixture = await MessagingFixture.Create();
        await using var ear = await Neighbour.Start(fixture.Broker, [], past: null, typeof(Sample.Contracts.NumberSaid));
        var isMended = false;
        var speaker = await Speaker();
        await speaker.Say(Unspeakable - 1);
        await Hears(Unspeakable - 1);
        await speaker.Say(100, from: Unspeakable);

        await StandsBefore(speaker);
        Assert.Equal(Unspeakable - 1, ear.Heard.Count);

        // The next process stands there too; commands and read models go on in it.
        await fixture.Stop(speaker);
        speaker = await Speaker();
        await speaker.Say(10, from: Unspeakable + 100);
        await StandsBefore(speaker);
        await Eventually.Value(
            async () => await speaker.Store().QuerySession().Query<Spoken>().CountAsync(Ct),
            count => count == Unspeakable + 109, "the read model to have all that was said");
        Assert.Equal(Unspeakable - 1, ear.Heard.Count);

        isMended = true;
        await Hears(Unspeakable + 109);
        Assert.Equal(Enumerable.Range(1, Unspeakable + 109), ear.Heard.Select(heard => ((Sample.Contracts.NumberSaid)heard.Fact).Value));
        await Eventually.Value(
            () => Health(speaker), report => report.Entries["projections"].Status == HealthStatus.Healthy, "health to be well again");

        Task<WebApplication> Speaker() => fixture.Speaker(
            said => said.Data.Value == Unspeakable && !isMended ? throw new InvalidOperationException("There is no word for it.") : Services.Said(said),
            options => options.Projections.Add(new SpokenProjection(), ProjectionLifecycle.Async));

        Task Hears(int count) => Eventually.Value(
            () => Task.FromResult(ear.Heard.Count), heard => heard >= count, $"{count} numbers to be heard");
    }

    private static async Task StandsBefore(WebApplication speaker)
    {
        var report = await Eventually.Value(
            () => Health(speaker), report => report.Entries["projections"].Status == HealthStatus.Degraded, "the pause to be seen");
        Assert.Contains(Relay.ShardName, report.Entries["projections"].Description);
        var lag = await speaker.Services.GetRequiredService<ProjectionLag>().Read(Ct);
        var paused = Assert.Single(lag, shard => shard.Status == "paused");
        Assert.StartsWith(Relay.ShardName, paused.Shard, StringComparison.Ordinal);
        Assert.Contains("There is no word for it.", paused.Failure?.Message);
        Assert.True(paused is { Events: > 50, Seconds: > 0 }, paused.ToString());
    }

    private static Task<HealthReport> Health(WebApplication host) => host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Ct);
}
