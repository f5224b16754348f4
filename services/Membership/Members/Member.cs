using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Membership.Members;

internal abstract record MemberCommand(DateTimeOffset At);

/// <summary>All of them or none.</summary>
internal sealed record Together(IReadOnlyList<MemberCommand> Parts, DateTimeOffset At) : MemberCommand(At);

/// <param name="Language">As the browser asks for it; null where nothing is known.</param>
internal sealed record Join(Sealed Name, Sealed? Address, DateTimeOffset At, bool Imported = false, Language? Language = null) : MemberCommand(At);

/// <summary>Asks to be let in.</summary>
internal sealed record Apply(Sealed Name, Sealed Address, Sealed? Note, Language? Language, DateTimeOffset At) : MemberCommand(At);

internal sealed record LetIn(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Decline(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Rename(Sealed Name, DateTimeOffset At) : MemberCommand(At);

internal sealed record RewriteBio(Sealed? Bio, DateTimeOffset At) : MemberCommand(At);

internal sealed record SetLinks(Sealed? Links, DateTimeOffset At) : MemberCommand(At);

internal sealed record SetAvatar(Guid? AvatarId, DateTimeOffset At) : MemberCommand(At);

internal sealed record ChooseLanguage(Language Language, DateTimeOffset At) : MemberCommand(At);

internal sealed record GrantRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record RevokeRole(string Role, Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record ConfirmAddress(DateTimeOffset At) : MemberCommand(At);

/// <param name="LinkMadeAt">When the link was made that was mailed to the new one.</param>
internal sealed record ChangeAddress(Sealed Address, DateTimeOffset LinkMadeAt, DateTimeOffset At) : MemberCommand(At);

/// <param name="LinkMadeAt">When the link was made that allows it; null where the member knew the old password.</param>
internal sealed record ChangePassword(DateTimeOffset? LinkMadeAt, DateTimeOffset At) : MemberCommand(At);

internal sealed record TurnTwoFactorOn(DateTimeOffset At) : MemberCommand(At);

internal sealed record TurnTwoFactorOff(DateTimeOffset At) : MemberCommand(At);

internal sealed record LinkSignIn(string Provider, DateTimeOffset At) : MemberCommand(At);

internal sealed record UnlinkSignIn(string Provider, DateTimeOffset At) : MemberCommand(At);

internal sealed record Suspend(Sealed Reason, DateTimeOffset? Until, Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record LiftSuspension(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Depart(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record Return(DateTimeOffset At) : MemberCommand(At);

internal sealed record Erase(Guid By, DateTimeOffset At) : MemberCommand(At);

internal sealed record GrantTier(TierSource Source, string Tier, DateTimeOffset? Until, Guid? By, DateTimeOffset At) : MemberCommand(At);

internal sealed record EndTier(TierSource Source, Guid? By, DateTimeOffset At) : MemberCommand(At);

/// <summary>Payments tells how a subscription of the member stands.</summary>
/// <param name="Tier">Null: none by it, for now or for good.</param>
/// <param name="Version">Of several, the one with the highest holds.</param>
internal sealed record NoteSubscription(Guid SubscriptionId, string? Tier, long Version, DateTimeOffset At) : MemberCommand(At)
{
    /// <summary>As <see cref="SubscriptionNoted.Given"/>; null: as it was.</summary>
    public bool? Given { get; init; }
}

/// <summary>What was given until an instant ends when that has come.</summary>
internal sealed record LetTimePass(DateTimeOffset At) : MemberCommand(At);

internal abstract record Member
{
    public static readonly Decider<Member, MemberCommand, MemberEvent> Decider = new(new NotJoined(), Decide, Evolve);

    private static readonly Rejection LinkUsed = new("link-used", "The password or the address was changed since this link was made.");

    private static readonly Rejection NoSuchMember = new("not-found", "There is no such member.");

    private static Decision<MemberEvent> Decide(Member member, MemberCommand command) => (member, command) switch
    {
        (_, Together c) => DecideAll(member, c),
        (NotJoined, Join c) => [new MemberJoined(c.Name, c.Address, c.At, c.Imported), .. Spoken(c.Language, c.At)],
        (Joined, Join) => Decision.Nothing, // ids are the request's own: this is the same request again
        (NotJoined, Apply c) => new MemberApplied(c.Name, c.Address, c.Note, c.Language, c.At),
        (Applied or Joined, Apply) => Decision.Nothing,
        (Applied m, LetIn c) => [new MemberJoined(m.Name, m.Address, c.At, Imported: false), .. Spoken(m.Language, c.At)],
        (Joined, LetIn) or (Declined, Decline) => Decision.Nothing,
        (Applied, Decline c) => new ApplicationDeclined(c.By, c.At),
        (Joined, Decline) => new Rejection("joined-already", "Who has joined is suspended, not declined."),
        (Joined { ErasedAt: not null }, Erase) => Decision.Nothing,
        (not Joined or Joined { ErasedAt: not null }, _) => NoSuchMember,
        (Joined m, _) => Decide(m, command)
    };

    private static Decision<MemberEvent> Decide(Joined m, MemberCommand command) => command switch
    {
        Suspend c when m.Roles.Contains(Roles.Owner) => new Rejection("owner-stays", "An owner is not suspended; another owner takes the role first."),
        Suspend c when c.Until <= c.At => new Rejection("already-over", "The suspension would be over before it begins."),
        Suspend c => new MemberSuspended(c.Reason, c.Until, c.By, c.At),
        LiftSuspension when m.Suspension is null => Decision.Nothing,
        LiftSuspension c => new SuspensionEnded(c.By, c.At),
        LetTimePass c => [.. m.Ended(c.At)],
        Depart or Erase when m.Roles.Contains(Roles.Owner) => new Rejection("owner-stays", "An owner gives the role to another first."),
        Depart when m.DepartedAt is not null => Decision.Nothing,
        Depart c => [.. m.Roles.Remove(Roles.Member).Select(role => new RoleRevoked(role, c.By, c.At)), new MemberDeparted(c.At)],
        Return when m.DepartedAt is null => Decision.Nothing,
        Return c => new MemberReturned(c.At),
        Erase c => [.. m.Roles.Remove(Roles.Member).Select(role => new RoleRevoked(role, c.By, c.At)), new MemberErased(c.At)],
        RevokeRole { Role: Roles.Member } => new Rejection("role-inseparable", "Every member has the role 'member'."),
        RevokeRole c when !m.Roles.Contains(c.Role) => Decision.Nothing,
        RevokeRole c => new RoleRevoked(c.Role, c.By, c.At),
        EndTier c when !m.Tiers.ContainsKey(c.Source) => Decision.Nothing,
        EndTier c => new TierEnded(c.Source, c.By, c.At),
        NoteSubscription c when m.Subscriptions.GetValueOrDefault(c.SubscriptionId)?.Version >= c.Version => Decision.Nothing,
        NoteSubscription c => Note(m, c),
        ConfirmAddress when m.ConfirmedAt is not null => new Rejection("link-used", "The address is confirmed already."),
        ConfirmAddress c => new AddressConfirmed(c.At),
        // A link is worth something until the password or the address changes by another one.
        ChangeAddress c when m.HasChangedSince(c.LinkMadeAt) => LinkUsed,
        ChangeAddress c => new AddressChanged(c.Address, c.At),
        ChangePassword { LinkMadeAt: { } made } when m.HasChangedSince(made) => LinkUsed,
        ChangePassword c => new PasswordChanged(c.LinkMadeAt is not null, c.At),
        _ when m.DepartedAt is not null => new Rejection("member-departed", "The member has left the community."),
        Rename c => new MemberRenamed(c.Name, c.At),
        RewriteBio c => new BioRewritten(c.Bio, c.At),
        SetLinks c => new LinksSet(c.Links, c.At),
        SetAvatar { AvatarId: null } when m.AvatarId is null => Decision.Nothing,
        SetAvatar c => new AvatarSet(c.AvatarId, c.At),
        ChooseLanguage c when m.Language == c.Language => Decision.Nothing,
        ChooseLanguage c => new LanguageChosen(c.Language, c.At),
        GrantRole c when m.Roles.Contains(c.Role) => Decision.Nothing,
        GrantRole c => new RoleGranted(c.Role, c.By, c.At),
        GrantTier c when c.Until <= c.At => new Rejection("already-over", "The tier would be over before it begins."),
        GrantTier c when m.Tiers.TryGetValue(c.Source, out var held) && held == new HeldTier(c.Tier, c.Until) => Decision.Nothing,
        GrantTier c => new TierGranted(c.Source, c.Tier, c.Until, c.By, c.At),
        TurnTwoFactorOn when m.TwoFactor => Decision.Nothing,
        TurnTwoFactorOn c => new TwoFactorTurnedOn(c.At),
        TurnTwoFactorOff when !m.TwoFactor => Decision.Nothing,
        TurnTwoFactorOff c => new TwoFactorTurnedOff(c.At),
        LinkSignIn c when m.SignIns.Contains(c.Provider) => new Rejection("sign-in-linked", "An account there is linked already; unlink it first."),
        LinkSignIn c => new SignInLinked(c.Provider, c.At),
        UnlinkSignIn c when !m.SignIns.Contains(c.Provider) => Decision.Nothing,
        UnlinkSignIn c => new SignInUnlinked(c.Provider, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    // All of them are the member's, each told by itself; the one that is shown is the latest of what the member pays for.
    private static Decision<MemberEvent> Note(Joined m, NoteSubscription c)
    {
        var noted = new SubscriptionNoted(c.SubscriptionId, c.Tier, c.Version, c.At)
        {
            Given = c.Given ?? m.Subscriptions.GetValueOrDefault(c.SubscriptionId)?.Given ?? false
        };
        var (before, after) = (m.PaidTier, ((Joined)Evolve(m, noted)).PaidTier);

        return before == after ? noted
            : after is null ? [noted, new TierEnded(TierSource.Subscription, By: null, c.At)]
            : [noted, new TierGranted(TierSource.Subscription, after, Until: null, By: null, c.At)];
    }

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
        (NotJoined, MemberApplied e) => new Applied(e.Name, e.Address, e.Note, e.Language, e.At),
        (Applied, ApplicationDeclined) => new Declined(),
        (NotJoined or Applied, MemberJoined e) => new Joined(e.Name, e.Address, null, [Roles.Member], e.At, e.Imported),
        (Joined m, MemberBrought e) => m with { BroughtBy = e.By },
        (Joined m, MemberRenamed e) => m with { Name = e.Name },
        (Joined m, BioRewritten e) => m with { Bio = e.Bio },
        (Joined m, LinksSet e) => m with { Links = e.Links },
        (Joined m, AvatarSet e) => m with { AvatarId = e.AvatarId },
        (Joined m, LanguageChosen e) => m with { Language = e.Language },
        (Joined m, RoleGranted e) => m with { Roles = m.Roles.Add(e.Role) },
        (Joined m, RoleRevoked e) => m with { Roles = m.Roles.Remove(e.Role) },
        (Joined m, AddressConfirmed e) => m with { ConfirmedAt = e.At },
        (Joined m, AddressChanged e) => m with { Address = e.Address, AddressAt = e.At, ConfirmedAt = e.At },
        (Joined m, PasswordChanged e) => m with { PasswordAt = e.At },
        (Joined m, TwoFactorTurnedOn) => m with { TwoFactor = true },
        (Joined m, TwoFactorTurnedOff) => m with { TwoFactor = false },
        (Joined m, SignInLinked e) => m with { SignIns = m.SignIns.Add(e.Provider) },
        (Joined m, SignInUnlinked e) => m with { SignIns = m.SignIns.Remove(e.Provider) },
        (Joined m, MemberSuspended e) => m with { Suspension = new(e.Reason, e.Until, e.By, e.At) },
        (Joined m, SuspensionEnded) => m with { Suspension = null },
        (Joined m, MemberDeparted e) => m with { DepartedAt = e.At },
        (Joined m, MemberReturned) => m with { DepartedAt = null },
        (Joined m, MemberErased e) => new Joined(m.Name, null, null, m.Roles, m.JoinedAt, m.Imported) { BroughtBy = m.BroughtBy, ErasedAt = e.At },
        (Joined m, TierGranted e) => m with { Tiers = m.Tiers.SetItem(e.Source, new(e.Tier, e.Until)) },
        (Joined m, TierEnded e) => m with { Tiers = m.Tiers.Remove(e.Source) },
        (Joined m, SubscriptionNoted e) => m with { Subscriptions = m.Subscriptions.SetItem(e.SubscriptionId, e) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {member.GetType().Name}.")
    };
}

internal sealed record NotJoined : Member;

internal sealed record Applied(Sealed Name, Sealed Address, Sealed? Note, Language? Language, DateTimeOffset At) : Member;

internal sealed record Declined : Member;

internal sealed record Joined(
    Sealed Name, Sealed? Address, Sealed? Bio, ImmutableSortedSet<string> Roles, DateTimeOffset JoinedAt, bool Imported) : Member
{
    public Sealed? Links { get; init; }

    public Guid? AvatarId { get; init; }

    public Language? Language { get; init; }

    public Guid? BroughtBy { get; init; }

    public DateTimeOffset? ConfirmedAt { get; init; }

    public DateTimeOffset? PasswordAt { get; init; }

    /// <summary>When the address became another; null: it never did.</summary>
    public DateTimeOffset? AddressAt { get; init; }

    public bool TwoFactor { get; init; }

    /// <summary>Where else the member has an account to sign in by.</summary>
    public ImmutableSortedSet<string> SignIns { get; init; } = [];

    public Suspension? Suspension { get; init; }

    public DateTimeOffset? DepartedAt { get; init; }

    public DateTimeOffset? ErasedAt { get; init; }

    public ImmutableSortedDictionary<TierSource, HeldTier> Tiers { get; init; } = ImmutableSortedDictionary<TierSource, HeldTier>.Empty;

    /// <summary>As payments told last of each.</summary>
    public ImmutableSortedDictionary<Guid, SubscriptionNoted> Subscriptions { get; init; } = ImmutableSortedDictionary<Guid, SubscriptionNoted>.Empty;

    internal bool HasChangedSince(DateTimeOffset at) => PasswordAt >= at || AddressAt >= at;

    internal string? PaidTier => Subscriptions.Values.Where(subscription => subscription.Tier is not null).MaxBy(subscription => (!subscription.Given, subscription.At))?.Tier;

    /// <summary>The first instant at which something ends by itself; null: never.</summary>
    public DateTimeOffset? DueAt => Tiers.Values.Select(tier => tier.Until).Append(Suspension?.Until).Min();

    public Standing Standing(DateTimeOffset now) =>
        ErasedAt is not null ? Members.Standing.Erased
        : DepartedAt is not null ? Members.Standing.Departed
        : Suspension is { } suspension && (suspension.Until is null || suspension.Until > now) ? Members.Standing.Suspended
        : Members.Standing.Active;

    /// <summary>What an operator has given goes before what is paid for.</summary>
    public string? Tier(DateTimeOffset now) =>
        Tiers.Values.FirstOrDefault(tier => tier.Until is null || tier.Until > now)?.Tier;

    internal IEnumerable<MemberEvent> Ended(DateTimeOffset now)
    {
        if (Suspension?.Until <= now)
            yield return new SuspensionEnded(By: null, now);
        foreach (var (source, tier) in Tiers)
        {
            if (tier.Until <= now)
                yield return new TierEnded(source, By: null, now);
        }
    }
}

internal sealed record Suspension(Sealed Reason, DateTimeOffset? Until, Guid By, DateTimeOffset At);

internal sealed record HeldTier(string Tier, DateTimeOffset? Until);

public enum Standing { Active, Suspended, Departed, Erased }

/// <summary>By what a member has a tier: given by an operator, or paid for.</summary>
public enum TierSource { Gift, Subscription }

/// <summary>The languages of this service's texts.</summary>
public enum Language { En, Zh }

internal static class Roles
{
    public const string Member = "member";
    public const string Moderator = "moderator";
    public const string Operator = "operator";
    public const string Owner = "owner";

    /// <summary>What an operator may give and take; <see cref="Operator"/> and <see cref="Owner"/> are an owner's to give.</summary>
    public static readonly ImmutableSortedSet<string> OfTrade = ["creator", "expert", "reviewer", Moderator];
}
