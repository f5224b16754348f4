using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.AntiAbuse;

public abstract record HoldingEvent
{
    private protected HoldingEvent() { }
}

/// <summary>A cause pays nothing until an operator has looked at it.</summary>
/// <param name="MemberId">Whom it would have paid.</param>
/// <param name="Because"><c>burst</c>: many new accounts benefit one member.</param>
[EventType("cause-held.v1")]
public sealed record CauseHeld(string Cause, Guid MemberId, string Because, DateTimeOffset At) : HoldingEvent;

/// <summary>An operator has looked at it: it pays, and is not held again.</summary>
/// <param name="Reason">Of a release that kept it in the clear; else empty.</param>
[EventType("cause-released.v1")]
public sealed record CauseReleased(string Cause, Guid MemberId, string Reason, DateTimeOffset At) : HoldingEvent
{
    /// <summary>The operator's reason; null: the member was erased.</summary>
    public Sealed? Words { get; init; }
}

internal abstract record HoldingCommand;

internal sealed record HoldCause(CauseHeld Held) : HoldingCommand;

internal sealed record ReleaseCause(Sealed? Words, DateTimeOffset At) : HoldingCommand;

internal sealed record Holding(CauseHeld? Held, bool IsReleased)
{
    public static readonly Decider<Holding, HoldingCommand, HoldingEvent> Decider = new(new(null, false), Decide, Evolve);

    public static Guid Stream(string cause) => StreamId.Of("holding", cause);

    private static Decision<HoldingEvent> Decide(Holding holding, HoldingCommand command) => (holding.Held, command) switch
    {
        (null, HoldCause c) => c.Held,
        (_, HoldCause) => Decision.Nothing,
        (null, ReleaseCause) => Rejection.NotFound,
        (_, ReleaseCause) when holding.IsReleased => Decision.Nothing,
        ({ } held, ReleaseCause c) => new CauseReleased(held.Cause, held.MemberId, "", c.At) { Words = c.Words },
        _ => throw new UnreachableException()
    };

    private static Holding Evolve(Holding holding, HoldingEvent @event) => @event switch
    {
        CauseHeld e => new(e, false),
        CauseReleased => holding with { IsReleased = true },
        _ => throw new UnreachableException()
    };
}
