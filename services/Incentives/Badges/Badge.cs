using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Badges;

public abstract record BadgeEvent
{
    private protected BadgeEvent() { }
}

/// <param name="Class">gold, silver or bronze.</param>
[EventType("badge-awarded.v1")]
public sealed record BadgeAwarded(Guid AwardId, Guid MemberId, string Name, string Class, DateTimeOffset At, bool Imported) : BadgeEvent;

internal abstract record BadgeCommand;

internal sealed record AwardBadge(BadgeAwarded Award) : BadgeCommand;

/// <summary>One award of a badge to a member, under the award's own id.</summary>
internal sealed record Badge(BadgeAwarded? Award)
{
    public static readonly Decider<Badge, BadgeCommand, BadgeEvent> Decider = new(new((BadgeAwarded?)null), Decide, Evolve);

    public static Guid Stream(Guid awardId) => StreamId.Of("badge", awardId);

    private static Decision<BadgeEvent> Decide(Badge badge, BadgeCommand command) => (badge, command) switch
    {
        ({ Award: null }, AwardBadge c) => c.Award,
        ({ Award: { } award }, AwardBadge c) when award == c.Award => Decision.Nothing,
        (_, AwardBadge) => new Rejection("award-differs", "Another award was recorded under this id."),
        _ => throw new UnreachableException()
    };

    private static Badge Evolve(Badge badge, BadgeEvent @event) => @event switch
    {
        BadgeAwarded e => new Badge(e),
        _ => throw new UnreachableException()
    };
}
