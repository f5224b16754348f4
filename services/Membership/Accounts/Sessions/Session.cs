using System.Diagnostics;
using Community.EventStore;

namespace Community.Membership.Accounts.Sessions;

public abstract record SessionEvent
{
    private protected SessionEvent() { }
}

/// <summary>Somebody has ended it before its time. That it was begun and continued is no event: sessions are kept in tables.</summary>
/// <param name="ExpiresAt">When the last access token expires that it can have given.</param>
[EventType("session-ended.v1")]
public sealed record SessionEnded(Guid MemberId, DateTimeOffset ExpiresAt, DateTimeOffset At) : SessionEvent;

internal abstract record SessionCommand;

internal sealed record EndSession(Guid MemberId, DateTimeOffset ExpiresAt, DateTimeOffset At) : SessionCommand;

/// <summary>The end of a session, which the other services are told.</summary>
internal sealed record Session(bool HasEnded)
{
    public static readonly Decider<Session, SessionCommand, SessionEvent> Decider = new(new Session(false), Decide, (_, _) => new Session(true));

    private static Decision<SessionEvent> Decide(Session session, SessionCommand command) => command switch
    {
        EndSession when session.HasEnded => Decision.Nothing,
        EndSession c => new SessionEnded(c.MemberId, c.ExpiresAt, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };
}
