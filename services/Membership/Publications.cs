using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.Messaging;

namespace Community.Membership;

/// <summary>All that membership says aloud. No personal data: names and addresses never leave this service's database.</summary>
internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<MemberJoined, Contracts.MemberJoined>(e => new(e.StreamId, e.Data.At, e.Data.Imported)),
        Publication.Of<RoleGranted, Contracts.RoleGranted>(e => new(e.StreamId, e.Data.Role, e.Data.At)),
        Publication.Of<RoleRevoked, Contracts.RoleRevoked>(e => new(e.StreamId, e.Data.Role, e.Data.At)),
        Publication.Of<TokenRevoked, Contracts.TokenRevoked>(e => new(e.StreamId, e.Data.ExpiresAt))
    ];
}
