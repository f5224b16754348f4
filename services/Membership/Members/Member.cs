using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventSourcing;

namespace Community.Membership.Members;

internal abstract record MemberCommand(DateTimeOffset At);

/// <summary>All of them or none.</summary>
internal sealed record Together(IReadOnlyList<MemberCommand> Parts, DateTimeOffset At) : MemberCommand(At);

/// <param name="Language">As the browser asks for it; null where nothing is known.</param>
internal sealed record Join(Sealed Name, Sealed? Address, DateTimeOffset At, bool Imported = false, Language? Language = null) : MemberCommand(At);

internal sealed record Rename(Sealed Name, DateTimeOffset At) : MemberCommand(At);

internal sealed record RewriteBio(Sealed? Bio, DateTimeOffset At) : MemberCommand(At);

internal sealed record SetLinks(Sealed? Links, DateTimeOffset At) : MemberCommand(At);

internal sealed record SetAvatar(Guid? AvatarId, DateTimeOffset At) : MemberCommand(At);

internal sealed record ChooseLanguage(Language Language, DateTimeOffset At) : MemberCommand(At);

internal sealed record GrantRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record RevokeRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal abstract record Member
{
    public static readonly Decider<Member, MemberCommand, MemberEvent> Decider = new(new NotJoined(), Decide, Evolve);

    private static readonly Rejection NoSuchMember = new("not-found", "There is no such member.");

    private static Decision<MemberEvent> Decide(Member member, MemberCommand command) => (member, command) switch
    {
        (_, Together c) => DecideAll(member, c),
        (NotJoined, Join c) => [new MemberJoined(c.Name, c.Address, c.At, c.Imported), .. Spoken(c.Language, c.At)],
        (Joined, Join) => Decision.Nothing, // ids are the request's own: this is the same request again
        (NotJoined, _) => NoSuchMember,
        (Joined, Rename c) => new MemberRenamed(c.Name, c.At),
        (Joined, RewriteBio c) => new BioRewritten(c.Bio, c.At),
        (Joined, SetLinks c) => new LinksSet(c.Links, c.At),
        (Joined { AvatarId: null }, SetAvatar { AvatarId: null }) => Decision.Nothing,
        (Joined, SetAvatar c) => new AvatarSet(c.AvatarId, c.At),
        (Joined m, ChooseLanguage c) when m.Language == c.Language => Decision.Nothing,
        (Joined, ChooseLanguage c) => new LanguageChosen(c.Language, c.At),
        (Joined m, GrantRole c) when m.Roles.Contains(c.Role) => Decision.Nothing,
        (Joined, GrantRole c) => new RoleGranted(c.Role, c.By, c.At),
        (Joined, RevokeRole { Role: Roles.Member }) => new Rejection("role-inseparable", "Every member has the role 'member'."),
        (Joined m, RevokeRole c) when !m.Roles.Contains(c.Role) => Decision.Nothing,
        (Joined, RevokeRole c) => new RoleRevoked(c.Role, c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static Decision<MemberEvent> DecideAll(Member member, Together together)
    {
        List<MemberEvent> events = [];
        foreach (var part in together.Parts)
        {
            var decision = Decide(member, part);
            if (decision.Rejection is not null)
                return decision;
            events.AddRange(decision.Events);
            member = decision.Events.Aggregate(member, Evolve);
        }

        return [.. events];
    }

    private static MemberEvent[] Spoken(Language? language, DateTimeOffset at) => language is { } known ? [new LanguageChosen(known, at)] : [];

    private static Member Evolve(Member member, MemberEvent @event) => (member, @event) switch
    {
        (NotJoined, MemberJoined e) => new Joined(e.Name, e.Address, null, [Roles.Member], e.At, e.Imported),
        (Joined m, MemberRenamed e) => m with { Name = e.Name },
        (Joined m, BioRewritten e) => m with { Bio = e.Bio },
        (Joined m, LinksSet e) => m with { Links = e.Links },
        (Joined m, AvatarSet e) => m with { AvatarId = e.AvatarId },
        (Joined m, LanguageChosen e) => m with { Language = e.Language },
        (Joined m, RoleGranted e) => m with { Roles = m.Roles.Add(e.Role) },
        (Joined m, RoleRevoked e) => m with { Roles = m.Roles.Remove(e.Role) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {member.GetType().Name}.")
    };
}

internal sealed record NotJoined : Member;

internal sealed record Joined(
    Sealed Name, Sealed? Address, Sealed? Bio, ImmutableSortedSet<string> Roles, DateTimeOffset JoinedAt, bool Imported) : Member
{
    public Sealed? Links { get; init; }

    public Guid? AvatarId { get; init; }

    public Language? Language { get; init; }
}

/// <summary>The languages of this service's texts.</summary>
public enum Language { En, Zh }

internal static class Roles
{
    public const string Member = "member";
    public const string Operator = "operator";
    public const string Owner = "owner";

    /// <summary>What an operator may give and take; <see cref="Operator"/> and <see cref="Owner"/> are an owner's to give.</summary>
    public static readonly ImmutableSortedSet<string> OfTrade = ["creator", "expert", "reviewer", "moderator"];
}
