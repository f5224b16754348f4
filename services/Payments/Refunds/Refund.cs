using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Payments.Charging;

namespace Community.Payments.Refunds;

public abstract record RefundEvent
{
    private protected RefundEvent() { }
}

/// <summary>Somebody asks the gateway now, and nobody else until the lease ends.</summary>
[EventType("refund-tried.v1")]
public sealed record RefundTried(Guid RefundId, int Attempt, DateTimeOffset LeasedUntil, DateTimeOffset At) : RefundEvent;

/// <param name="Number">The gateway's own.</param>
[EventType("refund-sent.v1")]
public sealed record RefundSent(Guid RefundId, string Number, DateTimeOffset At) : RefundEvent
{
    /// <summary>Given back by hand: the reference as staff wrote it, by the member's key; its number is a digest of it.</summary>
    public Sealed? Reference { get; init; }
}

/// <summary>What became of it is not known; it is asked for again.</summary>
[EventType("refund-put-off.v1")]
public sealed record RefundPutOff(Guid RefundId, string Reason, DateTimeOffset Until, DateTimeOffset At) : RefundEvent;

/// <param name="Certain">The gateway has refused it, or the money came back to us.</param>
[EventType("refund-failed.v1")]
public sealed record RefundFailed(Guid RefundId, string? Number, string Reason, bool Certain, DateTimeOffset At) : RefundEvent;

/// <summary>An operator wants it tried again, now.</summary>
[EventType("refund-wanted-again.v1")]
public sealed record RefundWantedAgain(Guid RefundId, DateTimeOffset At) : RefundEvent;

internal abstract record RefundCommand;

internal sealed record TryRefund(Guid RefundId, DateTimeOffset At) : RefundCommand;

internal sealed record ConfirmRefund(Guid RefundId, string Number, DateTimeOffset At) : RefundCommand;

/// <param name="Attempt">Whose lease ended long ago, has nothing to say.</param>
internal sealed record PutRefundOff(Guid RefundId, int Attempt, string Reason, DateTimeOffset At) : RefundCommand;

/// <param name="Certain">The gateway was asked, and has refused.</param>
internal sealed record FailRefund(Guid RefundId, int Attempt, string Reason, bool Certain, DateTimeOffset At) : RefundCommand;

/// <summary>It is not to be sent: while the payment is disputed, or for good after a lost dispute.</summary>
internal sealed record HoldRefund(Guid RefundId, string Reason, bool ForGood, DateTimeOffset At) : RefundCommand;

internal sealed record BounceRefund(Guid RefundId, string Number, string Reason, DateTimeOffset At) : RefundCommand;

/// <summary>Somebody has given the money back by hand.</summary>
/// <param name="Reference">Of the transfer or the receipt, as a digest.</param>
internal sealed record NoteRefundByHand(Guid RefundId, string Reference, DateTimeOffset At) : RefundCommand
{
    /// <summary>As <see cref="RefundSent.Reference"/>.</summary>
    public Sealed? Words { get; init; }
}

internal sealed record WantRefundAgain(Guid RefundId, DateTimeOffset At) : RefundCommand;

internal enum RefundStatus
{
    Requested,
    Sent,
    Failed
}

/// <summary>
/// The way of a refund through its gateway. That it is to go is a fact of its order (<c>OrderRefunded</c>,
/// <c>OwedMoneyReturned</c>), so that this stream may be empty.
/// </summary>
/// <param name="Attempts">In all.</param>
/// <param name="Tries">Since it was asked for, by the order or by an operator.</param>
/// <param name="Round">How often it failed for certain.</param>
/// <param name="FreeAt">Before this nobody tries.</param>
/// <param name="Number">The gateway's own, of the last that was sent.</param>
internal sealed record Refund(RefundStatus Status, int Attempts, int Tries, int Round, DateTimeOffset FreeAt, string? Number)
{
    /// <summary>Longer than a call to a gateway takes at the most, with all its retries.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    /// <summary>Then an operator looks at it: about five days.</summary>
    public const int MostTries = 30;

    public static readonly BackOff BackOff = new(TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));
    private static readonly TimeSpan Held = TimeSpan.FromHours(1);

    public static readonly Decider<Refund, RefundCommand, RefundEvent> Decider =
        new(new Refund(RefundStatus.Requested, 0, 0, 0, DateTimeOffset.MinValue, null), Decide, Evolve);

    /// <summary>Numbers of refunds that came back.</summary>
    public ImmutableHashSet<string> Bounced { get; init; } = [];

    public int TriesInRound { get; init; }

    /// <summary>Somebody has asked for it in this round before, and what came of it is not known.</summary>
    public bool IsRepeat => TriesInRound > 1;

    public static Guid Stream(Guid refundId) => StreamId.Of("refund", refundId);

    private static Decision<RefundEvent> Decide(Refund refund, RefundCommand command) => (refund.Status, command) switch
    {
        (RefundStatus.Requested, TryRefund c) when c.At >= refund.FreeAt =>
            new RefundTried(c.RefundId, refund.Attempts + 1, c.At + Lease, c.At),
        (_, TryRefund) => new Rejection("refund-not-due", "It is sent, has failed, or somebody else tries."),

        (RefundStatus.Requested, HoldRefund { ForGood: true } c) when c.At >= refund.FreeAt => new RefundFailed(c.RefundId, null, c.Reason, Certain: false, c.At),
        (RefundStatus.Requested, HoldRefund c) when c.At >= refund.FreeAt => new RefundPutOff(c.RefundId, c.Reason, c.At + Held, c.At),
        (_, HoldRefund) => Decision.Nothing,

        // What went out went out, whoever says so and however late.
        (_, ConfirmRefund c) when refund.Number == c.Number || refund.Bounced.Contains(c.Number) => Decision.Nothing,
        (_, ConfirmRefund c) => new RefundSent(c.RefundId, c.Number, c.At),

        (RefundStatus.Requested, PutRefundOff c) when c.Attempt == refund.Attempts && refund.Tries >= MostTries =>
            new RefundFailed(c.RefundId, null, c.Reason, Certain: false, c.At),
        (RefundStatus.Requested, PutRefundOff c) when c.Attempt == refund.Attempts =>
            new RefundPutOff(c.RefundId, c.Reason, c.At + BackOff.After(refund.Tries), c.At),
        (_, PutRefundOff) => Decision.Nothing,

        (RefundStatus.Requested, FailRefund c) when c.Attempt == refund.Attempts =>
            new RefundFailed(c.RefundId, null, c.Reason, c.Certain, c.At),
        (_, FailRefund) => Decision.Nothing,

        (_, BounceRefund c) when refund.Bounced.Contains(c.Number) || (refund.Number is { } number && number != c.Number) => Decision.Nothing,
        (_, BounceRefund) when refund.Attempts == 0 => Decision.Nothing, // never asked for
        (_, BounceRefund c) => new RefundFailed(c.RefundId, c.Number, c.Reason, Certain: true, c.At),

        (RefundStatus.Failed, NoteRefundByHand c) => new RefundSent(c.RefundId, c.Reference, c.At) { Reference = c.Words },
        (RefundStatus.Sent, NoteRefundByHand c) when refund.Number == c.Reference => Decision.Nothing,
        (RefundStatus.Sent, NoteRefundByHand) => new Rejection("refund-sent", "It is sent already."),
        (_, NoteRefundByHand) => new Rejection("refund-under-way", "The gateway is still being asked; what failed can be given back by hand."),

        (RefundStatus.Sent, WantRefundAgain) => new Rejection("refund-sent", "The gateway has it already."),
        (RefundStatus.Failed, WantRefundAgain c) => new RefundWantedAgain(c.RefundId, c.At),
        (_, WantRefundAgain) => Decision.Nothing, // it is being tried, and will be

        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a refund.")
    };

    private static Refund Evolve(Refund refund, RefundEvent @event) => @event switch
    {
        RefundTried e => refund with { Attempts = e.Attempt, Tries = refund.Tries + 1, TriesInRound = refund.TriesInRound + 1, FreeAt = e.LeasedUntil },
        RefundSent e => refund with { Status = RefundStatus.Sent, Number = e.Number },
        RefundPutOff e => refund with { FreeAt = e.Until },
        RefundFailed e => refund with
        {
            Status = RefundStatus.Failed,
            Round = refund.Round + (e.Certain ? 1 : 0),
            TriesInRound = e.Certain ? 0 : refund.TriesInRound,
            Bounced = e.Number is { } number ? refund.Bounced.Add(number) : refund.Bounced
        },
        RefundWantedAgain e => refund with { Status = RefundStatus.Requested, Tries = 0, FreeAt = e.At, Number = null },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a refund.")
    };
}
