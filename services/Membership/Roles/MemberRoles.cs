using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Membership.Members;

namespace Community.Membership.Roles;

internal abstract record RoleCommand(DateTimeOffset At);

internal sealed record GrantRole(string Role, Guid By, DateTimeOffset At) : RoleCommand(At);

internal sealed record RevokeRole(string Role, Guid By, DateTimeOffset At) : RoleCommand(At);

/// <summary>The roles of a member; that of owner is decided for the whole community, see <see cref="Ownership"/>.</summary>
internal sealed record MemberRoles(Presence Presence, ImmutableSortedSet<string> Roles)
{
    public static readonly Decider<MemberRoles, RoleCommand, MemberEvent> Decider = new(new(Presence.NotJoined, []), Decide, Evolve);

    private static Decision<MemberEvent> Decide(MemberRoles member, RoleCommand command) => command switch
    {
        _ when !member.Presence.IsKnown() => MembersAccess.NoSuchMember,
        RevokeRole { Role: Role.Member } => new Rejection("role-inseparable", "Every member has the role 'member'."),
        RevokeRole c when !member.Roles.Contains(c.Role) => Decision.Nothing,
        RevokeRole c => new RoleRevoked(c.Role, c.By, c.At),
        _ when member.Presence is Presence.Departed => MembersAccess.HasDeparted,
        GrantRole c when member.Roles.Contains(c.Role) => Decision.Nothing,
        GrantRole c => new RoleGranted(c.Role, c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static MemberRoles Evolve(MemberRoles member, MemberEvent @event) => @event switch
    {
        MemberJoined => new(Presence.Here, [Role.Member]),
        RoleGranted e => member with { Roles = member.Roles.Add(e.Role) },
        RoleRevoked e => member with { Roles = member.Roles.Remove(e.Role) },
        _ => member with { Presence = member.Presence.After(@event) }
    };
}
