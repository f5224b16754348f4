using System.Diagnostics;
using Community.EventStore;

namespace Community.Membership.Members;

internal abstract record ProfileCommand(DateTimeOffset At);

/// <summary>All of them or none.</summary>
internal sealed record ChangeProfile(IReadOnlyList<ProfileCommand> Parts, DateTimeOffset At) : ProfileCommand(At);

internal sealed record Rename(Sealed Name, DateTimeOffset At) : ProfileCommand(At);

internal sealed record RewriteBio(Sealed? Bio, DateTimeOffset At) : ProfileCommand(At);

internal sealed record SetLinks(Sealed? Links, DateTimeOffset At) : ProfileCommand(At);

internal sealed record SetAvatar(Guid? AvatarId, DateTimeOffset At) : ProfileCommand(At);

internal sealed record ChooseLanguage(Language Language, DateTimeOffset At) : ProfileCommand(At);

/// <summary>What a member says of themselves.</summary>
internal sealed record MemberProfile(Presence Presence, Guid? AvatarId, Language? Language)
{
    public static readonly Decider<MemberProfile, ProfileCommand, MemberEvent> Decider = new(new(Presence.NotJoined, null, null), Decide, Evolve);

    private static Decision<MemberEvent> Decide(MemberProfile profile, ProfileCommand command) => command switch
    {
        _ when !profile.Presence.IsKnown() => MembersAccess.NoSuchMember,
        ChangeProfile c => DecideAll(profile, c),
        _ when profile.Presence is Presence.Departed => MembersAccess.HasDeparted,
        Rename c => new MemberRenamed(c.Name, c.At),
        RewriteBio c => new BioRewritten(c.Bio, c.At),
        SetLinks c => new LinksSet(c.Links, c.At),
        SetAvatar { AvatarId: null } when profile.AvatarId is null => Decision.Nothing,
        SetAvatar c => new AvatarSet(c.AvatarId, c.At),
        ChooseLanguage c when profile.Language == c.Language => Decision.Nothing,
        ChooseLanguage c => new LanguageChosen(c.Language, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    // No part depends on what another one changes.
    private static Decision<MemberEvent> DecideAll(MemberProfile profile, ChangeProfile change)
    {
        List<MemberEvent> events = [];
        foreach (var decision in change.Parts.Select(part => Decide(profile, part)))
        {
            if (decision.Rejection is not null)
                return decision;

            events.AddRange(decision.Events);
        }

        return [.. events];
    }

    private static MemberProfile Evolve(MemberProfile profile, MemberEvent @event) => @event switch
    {
        AvatarSet e => profile with { AvatarId = e.AvatarId },
        LanguageChosen e => profile with { Language = e.Language },
        _ => profile with { Presence = profile.Presence.After(@event) }
    };
}
