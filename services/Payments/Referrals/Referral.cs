using System.Diagnostics;
using Community.EventStore;

namespace Community.Payments.Referrals;

public abstract record ReferralEvent
{
    private protected ReferralEvent() { }
}

/// <summary>Who brought the member, as membership tells.</summary>
[EventType("referral-noted.v1")]
public sealed record ReferralNoted(Guid MemberId, Guid By, DateTimeOffset At) : ReferralEvent;

/// <summary>The member has paid for something: of several times, the first.</summary>
[EventType("referral-first-purchase.v1")]
public sealed record FirstPurchaseSeen(Guid MemberId, Guid OrderId, DateTimeOffset At) : ReferralEvent;

/// <summary>Who brought a member that pays gets a coupon.</summary>
[EventType("referral-rewarded.v1")]
public sealed record ReferralRewarded(Guid MemberId, Guid By, Guid OrderId, string CouponCode, DateTimeOffset At) : ReferralEvent;

internal abstract record ReferralCommand;

internal sealed record NoteReferral(Guid MemberId, Guid By, DateTimeOffset At) : ReferralCommand;

internal sealed record SeePurchase(Guid MemberId, Guid OrderId, DateTimeOffset At) : ReferralCommand;

/// <param name="CouponCode">Made for this alone.</param>
internal sealed record RewardReferral(string CouponCode, DateTimeOffset At) : ReferralCommand;

/// <summary>One member: who brought him, whether he has paid, and whether that was rewarded.</summary>
internal sealed record Referral(Guid? MemberId, Guid? By, Guid? OrderId, bool Rewarded)
{
    public static readonly Decider<Referral, ReferralCommand, ReferralEvent> Decider = new(new Referral(null, null, null, false), Decide, Evolve);

    public static Guid Stream(Guid memberId) => StreamId.Of("referral", memberId);

    // The two facts come from two services, in any order.
    private static Decision<ReferralEvent> Decide(Referral referral, ReferralCommand command) => (referral, command) switch
    {
        ({ By: null }, NoteReferral c) => new ReferralNoted(c.MemberId, c.By, c.At),
        ({ OrderId: null }, SeePurchase c) => new FirstPurchaseSeen(c.MemberId, c.OrderId, c.At),
        ({ MemberId: { } member, By: { } by, OrderId: { } order, Rewarded: false }, RewardReferral c) => new ReferralRewarded(member, by, order, c.CouponCode, c.At),
        (_, NoteReferral or SeePurchase or RewardReferral) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a referral.")
    };

    private static Referral Evolve(Referral referral, ReferralEvent @event) => @event switch
    {
        ReferralNoted e => referral with { MemberId = e.MemberId, By = e.By },
        FirstPurchaseSeen e => referral with { MemberId = e.MemberId, OrderId = e.OrderId },
        ReferralRewarded => referral with { Rewarded = true },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a referral.")
    };
}
