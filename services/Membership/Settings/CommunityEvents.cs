using Community.EventStore;

namespace Community.Membership.Settings;

public abstract record CommunityEvent
{
    private protected CommunityEvent() { }
}

[EventType("community-founded.v1")]
public sealed record CommunitySetUp(string Name, Guid OwnerId, DateTimeOffset At) : CommunityEvent;

[EventType("ownership-given.v1")]
public sealed record OwnershipGiven(Guid MemberId, Guid By, DateTimeOffset At) : CommunityEvent;

[EventType("ownership-taken.v1")]
public sealed record OwnershipTaken(Guid MemberId, Guid By, DateTimeOffset At) : CommunityEvent;
