using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Badges;

public abstract record BadgeEvent
{
    private protected BadgeEvent() { }
}

/// <param name="Class">gold, silver or bronze.</param>
[EventType("badge-awarded.v1")]
public sealed record BadgeAwarded(Guid AwardId, Guid MemberId, string Name, string Class, DateTimeOffset At, bool Imported) : BadgeEvent
{
    /// <summary>The badge by whose rule it was awarded; null: it came from elsewhere.</summary>
    public Guid? BadgeId { get; init; }

    /// <summary>What completed it.</summary>
    public string? Cause { get; init; }
}

/// <summary>What it was awarded for was taken back. It is awarded again once it is done again.</summary>
[EventType("badge-withdrawn.v1")]
public sealed record BadgeWithdrawn(Guid AwardId, Guid MemberId, DateTimeOffset At) : BadgeEvent;

internal abstract record BadgeCommand;

internal sealed record AwardBadge(BadgeAwarded Award) : BadgeCommand;

internal sealed record WithdrawBadge(DateTimeOffset At) : BadgeCommand;

/// <summary>One award of a badge to a member, under the award's own id.</summary>
internal sealed record Badge(BadgeAwarded? Award)
{
    public static readonly Decider<Badge, BadgeCommand, BadgeEvent> Decider = new(new((BadgeAwarded?)null), Decide, Evolve);

    public static Guid Stream(Guid awardId) => StreamId.Of("badge", awardId);

    /// <summary>The award of a badge's class: a member has it once.</summary>
    public static Guid AwardOf(Guid badgeId, Guid memberId, BadgeClass @class) => StreamId.Of("badge-award", $"{badgeId}/{memberId}/{@class}");

    private static Decision<BadgeEvent> Decide(Badge badge, BadgeCommand command) => (badge, command) switch
    {
        ({ Award: null }, AwardBadge c) => c.Award,
        ({ Award: { } award }, AwardBadge c) when award == c.Award => Decision.Nothing,
        ({ Award.BadgeId: { } by }, AwardBadge c) when by == c.Award.BadgeId => Decision.Nothing, // what completed it first completes it
        (_, AwardBadge) => new Rejection("award-differs", "Another award was recorded under this id."),
        ({ Award: { } award }, WithdrawBadge c) => new BadgeWithdrawn(award.AwardId, award.MemberId, c.At),
        (_, WithdrawBadge) => Decision.Nothing,
        _ => throw new UnreachableException()
    };

    private static Badge Evolve(Badge badge, BadgeEvent @event) => @event switch
    {
        BadgeAwarded e => new Badge(e),
        BadgeWithdrawn => new Badge((BadgeAwarded?)null),
        _ => throw new UnreachableException()
    };
}
