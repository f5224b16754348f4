using Community.EventStore;

namespace Community.Membership.Founding;

public abstract record FoundingEvent
{
    private protected FoundingEvent() { }
}

[EventType("community-founded.v1")]
public sealed record CommunityFounded(string Name, Guid OwnerId, DateTimeOffset At) : FoundingEvent;

[EventType("ownership-given.v1")]
public sealed record OwnershipGiven(Guid MemberId, Guid By, DateTimeOffset At) : FoundingEvent;

[EventType("ownership-taken.v1")]
public sealed record OwnershipTaken(Guid MemberId, Guid By, DateTimeOffset At) : FoundingEvent;
