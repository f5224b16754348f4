namespace Community.Membership.Contracts;

/// <summary>Somebody is a member from <paramref name="JoinedAt"/> on.</summary>
/// <param name="Imported">Brought in from elsewhere: no mail, no welcome.</param>
public sealed record MemberJoined(Guid MemberId, DateTimeOffset JoinedAt, bool Imported);

/// <param name="Version">Of all that is told of one member's role, the one with the highest holds; 0 where it was not told yet.</param>
public sealed record RoleGranted(Guid MemberId, string Role, DateTimeOffset At, long Version = 0);

/// <summary>The role counts no more, whatever tokens say that were written before.</summary>
/// <param name="Version">As in <see cref="RoleGranted"/>.</param>
public sealed record RoleRevoked(Guid MemberId, string Role, DateTimeOffset At, long Version = 0);

/// <summary>The API token must be refused from now on; after <paramref name="ExpiresAt"/> it is anyway.</summary>
public sealed record TokenRevoked(Guid TokenId, DateTimeOffset ExpiresAt);

/// <summary>Tokens of the session must be refused from now on; after <paramref name="ExpiresAt"/> they are anyway.</summary>
public sealed record SessionEnded(Guid SessionId, DateTimeOffset ExpiresAt);

/// <summary>Who brought whom: the member joined by an invitation of <paramref name="By"/>.</summary>
public sealed record MemberBrought(Guid MemberId, Guid By, DateTimeOffset At);

/// <summary>
/// The member is refused everywhere from now on, and while <paramref name="Until"/> has not come; null: until told otherwise.
/// Of all that is told of a member's standing, the one with the highest <paramref name="Version"/> holds.
/// </summary>
public sealed record MemberSuspended(Guid MemberId, DateTimeOffset? Until, long Version, DateTimeOffset At);

public sealed record SuspensionEnded(Guid MemberId, long Version, DateTimeOffset At);

/// <summary>The member has left, and may come back.</summary>
public sealed record MemberDeparted(Guid MemberId, long Version, DateTimeOffset At);

public sealed record MemberReturned(Guid MemberId, long Version, DateTimeOffset At);

/// <summary>The person is to be forgotten, for good: every service erases what it holds about who it was; totals stay.</summary>
public sealed record MemberErased(Guid MemberId, long Version, DateTimeOffset At);

/// <summary>The member has the tier, until <paramref name="Until"/> or until told otherwise.</summary>
/// <param name="Source">
/// <c>gift</c>, <c>subscription</c> (the one of several that is shown) or <c>subscription/</c> and its id: of each source a
/// member has one tier, and what they may is by all of them.
/// </param>
public sealed record TierGranted(Guid MemberId, string Source, string Tier, DateTimeOffset? Until, long Version, DateTimeOffset At);

public sealed record TierEnded(Guid MemberId, string Source, long Version, DateTimeOffset At);
