using Community.EventStore;
using Community.Messaging;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using MassTransit;

namespace Community.Sample;

[EventType("number-heard.v1")]
public sealed record NumberHeard(int Value, DateTimeOffset At);

public sealed record Hear(int Value, DateTimeOffset At);

public sealed record Sum(long Total)
{
    public static readonly Decider<Sum, Hear, NumberHeard> Decider = new(
        new Sum(0),
        (_, c) => c.Value == 0 ? Decision.Nothing : new NumberHeard(c.Value, c.At),
        (sum, e) => new Sum(sum.Total + e.Value));
}

public sealed class HearNumberWhenSaid(IDocumentStore store) : IConsumer<Contracts.NumberSaid>
{
    public Task Consume(ConsumeContext<Contracts.NumberSaid> context)
    {
        if (context.Message.Value == Numbers.Poison)
        {
            throw new InvalidOperationException("This number cannot be heard.");
        }

        return store.Handle(
            Sum.Decider, context.Message.SpeakerId, new Hear(context.Message.Value, context.Message.At), context);
    }
}

public static class Numbers
{
    public const int Poison = -666;
}

/// <summary>How often each number was heard, by the daemon.</summary>
public sealed class HeardNumbers
{
    public Guid Id { get; set; }

    public int Value { get; set; }
}

public sealed partial class HeardNumbersProjection : EventProjection
{
    public static HeardNumbers Create(IEvent<NumberHeard> e) => new() { Id = e.Id, Value = e.Data.Value };
}
