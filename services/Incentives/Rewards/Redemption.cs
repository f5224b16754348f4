using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Rewards;

/// <summary><c>Cancelling</c>: payments is asked to take it back, which it does where it was not used.</summary>
internal enum RedemptionStatus { Open, Fulfilled, Cancelled, Cancelling }

public abstract record RedemptionEvent
{
    private protected RedemptionEvent() { }
}

/// <param name="Address">Where a physical reward goes: sealed by a key of the redemption's own, which is erased once it is fulfilled or cancelled.</param>
[EventType("reward-redeemed.v1")]
public sealed record RewardRedeemed(
    Guid RedemptionId, Guid RewardId, Guid MemberId, RewardKind Kind, int Points, Sealed? Address, DateTimeOffset At) : RedemptionEvent
{
    /// <summary>Of days or a coupon.</summary>
    public RewardGrant? Grant { get; init; }

    /// <summary>Of a coupon, which nobody but the member can use.</summary>
    public string? Code { get; init; }
}

/// <param name="Note">Of a release that kept it in the clear; else null.</param>
[EventType("redemption-fulfilled.v1")]
public sealed record RedemptionFulfilled(Guid RedemptionId, string? Note, DateTimeOffset At) : RedemptionEvent
{
    /// <summary>For the member: how it was sent.</summary>
    public Sealed? Words { get; init; }
}

/// <param name="Reason">Of a release that kept it in the clear; else null.</param>
[EventType("redemption-cancelled.v1")]
public sealed record RedemptionCancelled(Guid RedemptionId, string? Reason, DateTimeOffset At) : RedemptionEvent
{
    /// <summary>The reason.</summary>
    public Sealed? Words { get; init; }
}

/// <summary>Payments is asked to take back what it gave.</summary>
[EventType("redemption-cancellation-asked.v1")]
public sealed record RedemptionCancellationAsked(Guid RedemptionId, Guid MemberId, DateTimeOffset At) : RedemptionEvent;

/// <summary>It was used, and stays.</summary>
[EventType("redemption-kept.v1")]
public sealed record RedemptionKept(Guid RedemptionId, DateTimeOffset At) : RedemptionEvent;

internal abstract record RedemptionCommand;

/// <summary>Payments has given it.</summary>
internal sealed record RecordGiven(DateTimeOffset At) : RedemptionCommand;

/// <summary>Payments could not give it, or has taken it back.</summary>
internal sealed record RecordTakenBack(DateTimeOffset At) : RedemptionCommand;

internal sealed record RecordKept(DateTimeOffset At) : RedemptionCommand;

internal sealed record RedeemReward(RewardRedeemed Redemption) : RedemptionCommand;

internal sealed record FulfilRedemption(Sealed? Words, DateTimeOffset At) : RedemptionCommand;

internal sealed record CancelRedemption(Sealed? Words, DateTimeOffset At) : RedemptionCommand;

/// <summary>One reward on its way to a member. A code is there at once; what is sent waits for an operator.</summary>
internal sealed record Redemption(RewardRedeemed? Redeemed, RedemptionStatus Status)
{
    public static readonly Decider<Redemption, RedemptionCommand, RedemptionEvent> Decider = new(new(null, RedemptionStatus.Open), Decide, Evolve);

    private static Decision<RedemptionEvent> Decide(Redemption redemption, RedemptionCommand command) => (redemption, command) switch
    {
        ({ Redeemed: null }, RedeemReward { Redemption: { Kind: RewardKind.Digital } r }) => [r, new RedemptionFulfilled(r.RedemptionId, null, r.At)],
        ({ Redeemed: null }, RedeemReward c) => c.Redemption,
        (_, RedeemReward) => Decision.Nothing,
        ({ Redeemed: null }, _) => Rejection.NotFound,
        ({ Status: RedemptionStatus.Open, Redeemed: { } r }, RecordGiven c) => new RedemptionFulfilled(r.RedemptionId, null, c.At),
        (_, RecordGiven) => Decision.Nothing,
        ({ Status: RedemptionStatus.Cancelled }, RecordTakenBack) => Decision.Nothing,
        ({ Redeemed: { } r }, RecordTakenBack c) => new RedemptionCancelled(r.RedemptionId, null, c.At),
        ({ Status: RedemptionStatus.Cancelling, Redeemed: { } r }, RecordKept c) => new RedemptionKept(r.RedemptionId, c.At),
        (_, RecordKept) => Decision.Nothing,
        ({ Redeemed.Grant: not null, Status: RedemptionStatus.Open or RedemptionStatus.Cancelling }, FulfilRedemption) => new Rejection("redemption-by-itself", "Payments gives it, and says so."),
        ({ Redeemed.Grant: not null, Status: RedemptionStatus.Cancelling or RedemptionStatus.Cancelled }, CancelRedemption) => Decision.Nothing,
        ({ Redeemed: { Grant: not null } r }, CancelRedemption c) => new RedemptionCancellationAsked(r.RedemptionId, r.MemberId, c.At),
        ({ Status: RedemptionStatus.Fulfilled }, FulfilRedemption) => Decision.Nothing,
        ({ Status: RedemptionStatus.Cancelled }, FulfilRedemption) => new Rejection("redemption-cancelled", "It was cancelled."),
        ({ Redeemed: { } r }, FulfilRedemption c) => new RedemptionFulfilled(r.RedemptionId, null, c.At) { Words = c.Words },
        ({ Status: RedemptionStatus.Cancelled }, CancelRedemption) => Decision.Nothing,
        ({ Redeemed: { } r }, CancelRedemption c) => new RedemptionCancelled(r.RedemptionId, null, c.At) { Words = c.Words },
        _ => throw new UnreachableException()
    };

    private static Redemption Evolve(Redemption redemption, RedemptionEvent @event) => @event switch
    {
        RewardRedeemed e => new(e, RedemptionStatus.Open),
        RedemptionFulfilled => redemption with { Status = RedemptionStatus.Fulfilled },
        RedemptionCancelled => redemption with { Status = RedemptionStatus.Cancelled },
        RedemptionCancellationAsked => redemption with { Status = RedemptionStatus.Cancelling },
        RedemptionKept => redemption with { Status = RedemptionStatus.Fulfilled },
        _ => throw new UnreachableException()
    };
}
