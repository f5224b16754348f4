using Community.EventStore;

namespace Community.Membership.Invitations;

public abstract record InvitationEvent
{
    private protected InvitationEvent() { }
}

/// <param name="Code">For its maker to read again; it is found by a keyed hash, which is the stream's id.</param>
/// <param name="Uses">How many may join by it.</param>
[EventType("invitation-made.v1")]
public sealed record InvitationMade(Guid By, Sealed Code, int Uses, DateTimeOffset ExpiresAt, DateTimeOffset At) : InvitationEvent;

[EventType("invitation-used.v1")]
public sealed record InvitationUsed(Guid MemberId, DateTimeOffset At) : InvitationEvent;

[EventType("invitation-withdrawn.v1")]
public sealed record InvitationWithdrawn(Guid By, DateTimeOffset At) : InvitationEvent;
