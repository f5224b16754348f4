using System.Diagnostics;
using Community.EventStore;

namespace Community.Payments.Rewards;

public abstract record RewardClaimEvent
{
    private protected RewardClaimEvent() { }
}

/// <param name="CouponCode">Of a coupon; null: it is the subscription of the redemption's id.</param>
[EventType("reward-given.v1")]
public sealed record RewardGiven(Guid RedemptionId, Guid MemberId, string? CouponCode, DateTimeOffset At) : RewardClaimEvent;

/// <param name="Because">A code.</param>
[EventType("reward-refused.v1")]
public sealed record RewardRefused(Guid RedemptionId, Guid MemberId, string Because, DateTimeOffset At) : RewardClaimEvent;

[EventType("reward-taken-back.v1")]
public sealed record RewardTakenBack(Guid RedemptionId, Guid MemberId, DateTimeOffset At) : RewardClaimEvent;

/// <summary>The coupon was used: it is not taken back.</summary>
[EventType("reward-kept.v1")]
public sealed record RewardKept(Guid RedemptionId, Guid MemberId, string CouponCode, DateTimeOffset At) : RewardClaimEvent;

internal abstract record RewardClaimCommand;

internal sealed record GiveReward(RewardGiven Given) : RewardClaimCommand;

internal sealed record RefuseReward(RewardRefused Refused) : RewardClaimCommand;

internal sealed record TakeRewardBack(Guid RedemptionId, Guid MemberId, DateTimeOffset At) : RewardClaimCommand;

internal sealed record KeepReward(Guid RedemptionId, Guid MemberId, string CouponCode, DateTimeOffset At) : RewardClaimCommand;

/// <summary>What a member redeemed for points, and what became of it. That it is to be taken back may be told first: then it is not given.</summary>
/// <param name="Last">What came of it last; null: nothing was told.</param>
internal sealed record RewardClaim(RewardClaimEvent? Last)
{
    public static readonly Decider<RewardClaim, RewardClaimCommand, RewardClaimEvent> Decider = new(new((RewardClaimEvent?)null), Decide, (_, @event) => new(@event));

    public static Guid Stream(Guid redemptionId) => StreamId.Of("reward-claim", redemptionId);

    private static Decision<RewardClaimEvent> Decide(RewardClaim claim, RewardClaimCommand command) => (claim.Last, command) switch
    {
        (null, GiveReward c) => c.Given,
        (null, RefuseReward c) => c.Refused,
        (_, GiveReward or RefuseReward) => Decision.Nothing,
        (null or RewardGiven or RewardKept, TakeRewardBack c) => new RewardTakenBack(c.RedemptionId, c.MemberId, c.At),
        (RewardGiven or RewardKept, KeepReward c) => new RewardKept(c.RedemptionId, c.MemberId, c.CouponCode, c.At), // said again to who asked again
        (_, TakeRewardBack or KeepReward) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a claim.")
    };
}
