using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventSourcing;

namespace Community.Membership.Members;

internal abstract record MemberCommand(DateTimeOffset At);

internal sealed record Join(Sealed Name, Sealed? Address, DateTimeOffset At, bool Imported = false) : MemberCommand(At);

internal sealed record Rename(Sealed Name, DateTimeOffset At) : MemberCommand(At);

internal sealed record RewriteBio(Sealed? Bio, DateTimeOffset At) : MemberCommand(At);

internal sealed record GrantRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record RevokeRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal abstract record Member
{
    public static readonly Decider<Member, MemberCommand, MemberEvent> Decider = new(new NotJoined(), Decide, Evolve);

    private static readonly Rejection NoSuchMember = new("not-found", "There is no such member.");

    private static Decision<MemberEvent> Decide(Member member, MemberCommand command) => (member, command) switch
    {
        (NotJoined, Join c) => new MemberJoined(c.Name, c.Address, c.At, c.Imported),
        (Joined, Join) => Decision.Nothing, // ids are the request's own: this is the same request again
        (NotJoined, _) => NoSuchMember,
        (Joined, Rename c) => new MemberRenamed(c.Name, c.At),
        (Joined, RewriteBio c) => new BioRewritten(c.Bio, c.At),
        (Joined m, GrantRole c) when m.Roles.Contains(c.Role) => Decision.Nothing,
        (Joined, GrantRole c) => new RoleGranted(c.Role, c.By, c.At),
        (Joined, RevokeRole { Role: Roles.Member }) => new Rejection("role-inseparable", "Every member has the role 'member'."),
        (Joined m, RevokeRole c) when !m.Roles.Contains(c.Role) => Decision.Nothing,
        (Joined, RevokeRole c) => new RoleRevoked(c.Role, c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static Joined Evolve(Member member, MemberEvent @event) => (member, @event) switch
    {
        (NotJoined, MemberJoined e) => new Joined(e.Name, e.Address, null, [Roles.Member], e.At, e.Imported),
        (Joined m, MemberRenamed e) => m with { Name = e.Name },
        (Joined m, BioRewritten e) => m with { Bio = e.Bio },
        (Joined m, RoleGranted e) => m with { Roles = m.Roles.Add(e.Role) },
        (Joined m, RoleRevoked e) => m with { Roles = m.Roles.Remove(e.Role) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {member.GetType().Name}.")
    };
}

internal sealed record NotJoined : Member;

internal sealed record Joined(
    Sealed Name, Sealed? Address, Sealed? Bio, ImmutableSortedSet<string> Roles, DateTimeOffset JoinedAt, bool Imported) : Member;

internal static class Roles
{
    public const string Member = "member";
    public const string Operator = "operator";
    public const string Owner = "owner";

    /// <summary>What an operator may give and take; <see cref="Operator"/> and <see cref="Owner"/> are an owner's to give.</summary>
    public static readonly ImmutableSortedSet<string> OfTrade = ["creator", "expert", "reviewer", "moderator"];
}
