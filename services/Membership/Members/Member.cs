using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Membership.Members;

internal abstract record MemberCommand(DateTimeOffset At);

/// <param name="Language">As the browser asks for it; null where nothing is known.</param>
internal sealed record Join(Sealed Name, Sealed? Address, DateTimeOffset At, bool Imported = false, Language? Language = null) : MemberCommand(At)
{
    /// <summary>By which the member signs in, and which has verified the address; null: by a password.</summary>
    public string? Provider { get; init; }

    /// <summary>The invitation that brings the member, and who made it.</summary>
    public (Guid Id, Guid By)? Invitation { get; init; }
}

/// <summary>Asks to be let in.</summary>
internal sealed record Apply(Sealed Name, Sealed Address, Sealed? Note, Language? Language, DateTimeOffset At) : MemberCommand(At);

internal sealed record LetIn(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Decline(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Depart(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Return(DateTimeOffset At) : MemberCommand(At);

internal sealed record Erase(Guid By, DateTimeOffset At) : MemberCommand(At);

/// <summary>
/// Whether somebody belongs to the community. What else there is of a member is decided by others on the same stream, each of
/// which keeps what it needs of it: profile, roles, account, tiers, suspension.
/// </summary>
internal abstract record Member
{
    public static readonly Decider<Member, MemberCommand, MemberEvent> Decider = new(new NotJoined(), Decide, Evolve);

    private static Decision<MemberEvent> Decide(Member member, MemberCommand command) => (member, command) switch
    {
        (NotJoined, Join c) =>
        [
            new MemberJoined(c.Name, c.Address, c.At, c.Imported), .. Chosen(c.Language, c.At),
            .. c.Provider is { } provider ? [new AddressConfirmed(c.At), new SignInLinked(provider, c.At)] : Array.Empty<MemberEvent>(),
            .. c.Invitation is { } invitation ? [new MemberBrought(invitation.Id, invitation.By, c.At)] : Array.Empty<MemberEvent>()
        ],
        (Joined, Join) => Decision.Nothing, // ids are the request's own: this is the same request again
        (NotJoined, Apply c) => new MemberApplied(c.Name, c.Address, c.Note, c.Language, c.At),
        (Applied or Joined, Apply) => Decision.Nothing,
        (Applied m, LetIn c) => [new MemberJoined(m.Name, m.Address, c.At, Imported: false), .. Chosen(m.Language, c.At)],
        (Joined, LetIn) or (Declined, Decline) => Decision.Nothing,
        (Applied, Decline c) => new ApplicationDeclined(c.By, c.At),
        (Joined, Decline) => new Rejection("joined-already", "Who has joined is suspended, not declined."),
        (Joined { Presence: Presence.Erased }, Erase) => Decision.Nothing,
        (not Joined or Joined { Presence: Presence.Erased }, _) => MembersAccess.NoSuchMember,
        (Joined m, Depart or Erase) when m.Roles.Contains(Role.Owner) => new Rejection("owner-stays", "An owner gives the role to another first."),
        (Joined { Presence: Presence.Departed }, Depart) => Decision.Nothing,
        (Joined m, Depart c) => [.. m.Revoked(c.By, c.At), new MemberDeparted(c.At)],
        (Joined { Presence: Presence.Here }, Return) => Decision.Nothing,
        (Joined, Return c) => new MemberReturned(c.At),
        (Joined m, Erase c) => [.. m.Revoked(c.By, c.At), new MemberErased(c.At)],
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static MemberEvent[] Chosen(Language? language, DateTimeOffset at) => language is { } known ? [new LanguageChosen(known, at)] : [];

    private static Member Evolve(Member member, MemberEvent @event) => (member, @event) switch
    {
        (NotJoined, MemberApplied e) => new Applied(e.Name, e.Address, e.Note, e.Language, e.At),
        (Applied, ApplicationDeclined) => new Declined(),
        (NotJoined or Applied, MemberJoined) => new Joined(Presence.Here, [Role.Member]),
        (Joined m, RoleGranted e) => m with { Roles = m.Roles.Add(e.Role) },
        (Joined m, RoleRevoked e) => m with { Roles = m.Roles.Remove(e.Role) },
        (Joined m, not (MemberApplied or ApplicationDeclined or MemberJoined)) => m with { Presence = m.Presence.After(@event) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {member.GetType().Name}.")
    };
}

internal sealed record NotJoined : Member;

internal sealed record Applied(Sealed Name, Sealed Address, Sealed? Note, Language? Language, DateTimeOffset At) : Member;

internal sealed record Declined : Member;

internal sealed record Joined(Presence Presence, ImmutableSortedSet<string> Roles) : Member
{
    internal IEnumerable<MemberEvent> Revoked(Guid by, DateTimeOffset at) => Roles.Remove(Role.Member).Select(role => new RoleRevoked(role, by, at));
}
