using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.AntiAbuse;

public abstract record HoldingEvent
{
    private protected HoldingEvent() { }
}

/// <summary>A cause pays nothing until an operator has looked at it.</summary>
/// <param name="MemberId">Whom it would have paid.</param>
/// <param name="Because"><c>burst</c>: many new accounts benefit one member. <c>ring</c>: a few members value one another's work.</param>
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

/// <summary>An operator has looked at it, and it stays held.</summary>
[EventType("cause-hold-confirmed.v1")]
public sealed record CauseHoldConfirmed(string Cause, Guid MemberId, DateTimeOffset At) : HoldingEvent
{
    /// <summary>The operator's reason; null: the member was erased.</summary>
    public Sealed? Words { get; init; }
}

internal abstract record HoldingCommand;

internal sealed record ConfirmHold(Sealed? Words, DateTimeOffset At) : HoldingCommand;

internal sealed record HoldCause(CauseHeld Held) : HoldingCommand;

internal sealed record ReleaseCause(Sealed? Words, DateTimeOffset At) : HoldingCommand;

internal sealed record Holding(CauseHeld? Held, bool IsReleased, bool IsConfirmed)
{
    public static readonly Decider<Holding, HoldingCommand, HoldingEvent> Decider = new(new(null, false, false), Decide, Evolve);

    public static Guid Stream(string cause) => StreamId.Of("holding", cause);

    private static Decision<HoldingEvent> Decide(Holding holding, HoldingCommand command) => (holding.Held, command) switch
    {
        (null, HoldCause c) => c.Held,
        (_, HoldCause) => Decision.Nothing,
        (null, _) => Rejection.NotFound,
        (_, ConfirmHold) when holding.IsReleased => new Rejection("cause-released", "It was released, and pays."),
        (_, ConfirmHold) when holding.IsConfirmed => Decision.Nothing,
        ({ } held, ConfirmHold c) => new CauseHoldConfirmed(held.Cause, held.MemberId, c.At) { Words = c.Words },
        (_, ReleaseCause) when holding.IsReleased => Decision.Nothing,
        ({ } held, ReleaseCause c) => new CauseReleased(held.Cause, held.MemberId, "", c.At) { Words = c.Words },
        _ => throw new UnreachableException()
    };

    private static Holding Evolve(Holding holding, HoldingEvent @event) => @event switch
    {
        CauseHeld e => new(e, false, false),
        CauseHoldConfirmed => holding with { IsConfirmed = true },
        CauseReleased => holding with { IsReleased = true },
        _ => throw new UnreachableException()
    };
}
