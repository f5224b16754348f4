using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Rewards;

public enum RewardKind { Digital, Physical, TierDays, Coupon }

/// <summary>What payments give for a reward.</summary>
/// <param name="PlanId">Whose tier the member has for <paramref name="Days"/>.</param>
/// <param name="PercentOff">Of one order, by a coupon that ends after <paramref name="ValidDays"/>.</param>
public sealed record RewardGrant(Guid? PlanId, int? Days, int? PercentOff, int? ValidDays);

public abstract record RewardEvent
{
    private protected RewardEvent() { }
}

/// <param name="Points">The price.</param>
/// <param name="Stock">How many there are; null: as many as are asked for. Of a digital reward one for each code.</param>
/// <param name="PerMember">How many a member may have; null: any number.</param>
/// <param name="Level">The lowest level that may have it.</param>
[EventType("reward-offered.v1")]
public sealed record RewardOffered(
    Guid RewardId, string Name, RewardKind Kind, int Points, int? Stock, int? PerMember, int? Level, DateTimeOffset At) : RewardEvent
{
    /// <summary>Of a reward of days or a coupon.</summary>
    public RewardGrant? Grant { get; init; }
}

[EventType("reward-retired.v1")]
public sealed record RewardRetired(Guid RewardId, DateTimeOffset At) : RewardEvent;

/// <param name="Number">Which one of the stock it is, from 1: of a digital reward the code's number.</param>
[EventType("reward-taken.v1")]
public sealed record RewardTaken(Guid RewardId, Guid RedemptionId, Guid MemberId, int Number, DateTimeOffset At) : RewardEvent;

/// <summary>A redemption was cancelled. A code that was seen is not given to anybody else.</summary>
[EventType("reward-returned.v1")]
public sealed record RewardReturned(Guid RewardId, Guid RedemptionId, DateTimeOffset At) : RewardEvent;

internal abstract record RewardCommand;

internal sealed record OfferReward(RewardOffered Offer) : RewardCommand;

internal sealed record RetireReward(DateTimeOffset At) : RewardCommand;

/// <param name="Points">The price that the member has seen.</param>
internal sealed record TakeReward(Guid RedemptionId, Guid MemberId, int Points, int Level, DateTimeOffset At) : RewardCommand;

internal sealed record ReturnReward(Guid RedemptionId, DateTimeOffset At) : RewardCommand;

/// <summary>What can be had for points, and who has it.</summary>
/// <param name="Held">Redemptions that stand, by id.</param>
/// <param name="Given">How many were ever given out.</param>
internal sealed record Reward(RewardOffered? Offer, bool IsRetired, ImmutableDictionary<Guid, Guid> Held, int Given)
{
    /// <summary>A stream ends some time: a reward without stock that so many have had is offered anew.</summary>
    public const int Changes = 20_000;

    public static readonly Decider<Reward, RewardCommand, RewardEvent> Decider = new(
        new(null, false, ImmutableDictionary<Guid, Guid>.Empty, 0), Decide, Evolve);

    public static readonly Rejection OutOfStock = new("out-of-stock", "There is none left.");

    public int? Left => Offer?.Stock - (Offer?.Kind == RewardKind.Digital ? Given : Held.Count);

    private static Decision<RewardEvent> Decide(Reward reward, RewardCommand command) => (reward.Offer, command) switch
    {
        (null, OfferReward c) => c.Offer,
        (_, OfferReward c) when reward.Offer! with { At = c.Offer.At } == c.Offer => Decision.Nothing,
        (_, OfferReward) => new Rejection("already-different", "There is something else under this id."),
        (null, _) => Rejection.NotFound,
        (_, RetireReward) when reward.IsRetired => Decision.Nothing,
        (_, RetireReward c) => new RewardRetired(reward.Offer.RewardId, c.At),
        (_, TakeReward c) when reward.Held.ContainsKey(c.RedemptionId) => Decision.Nothing,
        (_, TakeReward) when reward.IsRetired => new Rejection("reward-retired", "It is no longer offered."),
        (var offer, TakeReward c) when offer.Points != c.Points => new Rejection("price-changed", "It costs another number of points."),
        (var offer, TakeReward c) when c.Level < offer.Level => new Rejection("level-too-low", $"It is for members from level {offer.Level} on."),
        (_, TakeReward) when reward.Left <= 0 => OutOfStock,
        (var offer, TakeReward c) when reward.Held.Values.Count(member => member == c.MemberId) >= offer.PerMember =>
            new Rejection("limit-reached", "A member has no more of it than the member has already."),
        (var offer, TakeReward c) => new RewardTaken(offer.RewardId, c.RedemptionId, c.MemberId, reward.Given + 1, c.At),
        (var offer, ReturnReward c) => reward.Held.ContainsKey(c.RedemptionId) ? new RewardReturned(offer.RewardId, c.RedemptionId, c.At) : Decision.Nothing,
        _ => throw new UnreachableException()
    };

    private static Reward Evolve(Reward reward, RewardEvent @event) => @event switch
    {
        RewardOffered e => reward with { Offer = e },
        RewardRetired => reward with { IsRetired = true },
        RewardTaken e => reward with { Held = reward.Held.Add(e.RedemptionId, e.MemberId), Given = reward.Given + 1 },
        RewardReturned e => reward with { Held = reward.Held.Remove(e.RedemptionId) },
        _ => throw new UnreachableException()
    };
}
