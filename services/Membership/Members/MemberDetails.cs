using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Membership.Members;

/// <summary>All that is known of a member, for profiles, lists and sign-in; the deciders of the modules keep less, each its own.</summary>
internal sealed record MemberDetails(
    Sealed Name, Sealed? Address, Sealed? Bio, ImmutableSortedSet<string> Roles, DateTimeOffset JoinedAt, bool Imported)
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

    /// <summary>Null: never joined.</summary>
    public static MemberDetails? Evolve(MemberDetails? member, MemberEvent @event) => (member, @event) switch
    {
        (null, MemberApplied or ApplicationDeclined) => null,
        (null, MemberJoined e) => new(e.Name, e.Address, null, [Role.Member], e.At, e.Imported),
        ({ } m, MemberBrought e) => m with { BroughtBy = e.By },
        ({ } m, MemberRenamed e) => m with { Name = e.Name },
        ({ } m, BioRewritten e) => m with { Bio = e.Bio },
        ({ } m, LinksSet e) => m with { Links = e.Links },
        ({ } m, AvatarSet e) => m with { AvatarId = e.AvatarId },
        ({ } m, LanguageChosen e) => m with { Language = e.Language },
        ({ } m, RoleGranted e) => m with { Roles = m.Roles.Add(e.Role) },
        ({ } m, RoleRevoked e) => m with { Roles = m.Roles.Remove(e.Role) },
        ({ } m, AddressConfirmed e) => m with { ConfirmedAt = e.At },
        ({ } m, AddressChanged e) => m with { Address = e.Address, AddressAt = e.At, ConfirmedAt = e.At },
        ({ } m, PasswordChanged e) => m with { PasswordAt = e.At },
        ({ } m, TwoFactorTurnedOn) => m with { TwoFactor = true },
        ({ } m, TwoFactorTurnedOff) => m with { TwoFactor = false },
        ({ } m, SignInLinked e) => m with { SignIns = m.SignIns.Add(e.Provider) },
        ({ } m, SignInUnlinked e) => m with { SignIns = m.SignIns.Remove(e.Provider) },
        ({ } m, MemberSuspended e) => m with { Suspension = new(e.Reason, e.Until, e.By, e.At) },
        ({ } m, SuspensionEnded) => m with { Suspension = null },
        ({ } m, MemberDeparted e) => m with { DepartedAt = e.At },
        ({ } m, MemberReturned) => m with { DepartedAt = null },
        ({ } m, MemberErased e) => new(m.Name, null, null, m.Roles, m.JoinedAt, m.Imported) { BroughtBy = m.BroughtBy, ErasedAt = e.At },
        ({ } m, TierGranted e) => m with { Tiers = m.Tiers.SetItem(e.Source, new(e.Tier, e.Until)) },
        ({ } m, TierEnded e) => m with { Tiers = m.Tiers.Remove(e.Source) },
        ({ } m, SubscriptionNoted e) => m with { Subscriptions = m.Subscriptions.SetItem(e.SubscriptionId, e) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot come {(member is null ? "before" : "after")} joining.")
    };
}

internal sealed record Suspension(Sealed Reason, DateTimeOffset? Until, Guid By, DateTimeOffset At);

internal sealed record HeldTier(string Tier, DateTimeOffset? Until);

public enum Standing { Active, Suspended, Departed, Erased }

/// <summary>By what a member has a tier: given by an operator, or paid for.</summary>
public enum TierSource { Gift, Subscription }

/// <summary>The languages of this service's texts.</summary>
public enum Language { En, Zh }

/// <summary>The members for lists and sign-in; personal data stays sealed here too.</summary>
/// <param name="DueAt">When something of the member's ends by itself.</param>
internal sealed record MemberRow(Guid Id, MemberDetails Member, DateTimeOffset? DueAt);

/// <summary>Inline: who has just joined signs in at once, and a role counts from the next token on.</summary>
internal sealed partial class MemberRows : SingleStreamProjection<MemberRow, Guid>
{
    public MemberRows() => IncludeType<MemberEvent>();

    public override MemberRow? Evolve(MemberRow? snapshot, Guid id, IEvent e) =>
        e.Data is MemberEvent fact && MemberDetails.Evolve(snapshot?.Member, fact) is { } member ? new(id, member, member.DueAt) : snapshot;
}
