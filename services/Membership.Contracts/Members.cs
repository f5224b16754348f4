namespace Community.Membership.Contracts;

/// <summary>Somebody is a member from <paramref name="JoinedAt"/> on.</summary>
/// <param name="Imported">Brought in from elsewhere: no mail, no welcome.</param>
public sealed record MemberJoined(Guid MemberId, DateTimeOffset JoinedAt, bool Imported);

public sealed record RoleGranted(Guid MemberId, string Role, DateTimeOffset At);

public sealed record RoleRevoked(Guid MemberId, string Role, DateTimeOffset At);

/// <summary>The API token must be refused from now on; after <paramref name="ExpiresAt"/> it is anyway.</summary>
public sealed record TokenRevoked(Guid TokenId, DateTimeOffset ExpiresAt);
