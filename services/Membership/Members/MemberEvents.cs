using Community.EventStore;

namespace Community.Membership.Members;

public abstract record MemberEvent
{
    private protected MemberEvent() { }
}

/// <param name="Address">E-mail address; null for an imported account, which nobody can sign in to yet.</param>
[EventType("member-joined.v1")]
public sealed record MemberJoined(Sealed Name, Sealed? Address, DateTimeOffset At, bool Imported) : MemberEvent;

[EventType("member-renamed.v1")]
public sealed record MemberRenamed(Sealed Name, DateTimeOffset At) : MemberEvent;

/// <param name="Bio">Null: taken off.</param>
[EventType("bio-rewritten.v1")]
public sealed record BioRewritten(Sealed? Bio, DateTimeOffset At) : MemberEvent;

[EventType("role-granted.v1")]
public sealed record RoleGranted(string Role, Guid By, DateTimeOffset At) : MemberEvent;

[EventType("role-revoked.v1")]
public sealed record RoleRevoked(string Role, Guid By, DateTimeOffset At) : MemberEvent;

/// <param name="Links">Addresses on the web, a JSON array of texts; null: none any more.</param>
[EventType("links-set.v1")]
public sealed record LinksSet(Sealed? Links, DateTimeOffset At) : MemberEvent;

/// <param name="AvatarId">The picture stands in a table of its own, sealed; null: taken off.</param>
[EventType("avatar-set.v1")]
public sealed record AvatarSet(Guid? AvatarId, DateTimeOffset At) : MemberEvent;

/// <summary>In which the member is written to.</summary>
[EventType("language-chosen.v1")]
public sealed record LanguageChosen(Language Language, DateTimeOffset At) : MemberEvent;

/// <summary>Somebody asks to be let in; no member yet.</summary>
[EventType("member-applied.v1")]
public sealed record MemberApplied(Sealed Name, Sealed Address, Sealed? Note, Language? Language, DateTimeOffset At) : MemberEvent;

[EventType("application-declined.v1")]
public sealed record ApplicationDeclined(Guid By, DateTimeOffset At) : MemberEvent;

/// <summary>Follows <see cref="MemberJoined"/> where an invitation brought the member.</summary>
/// <param name="By">Who made the invitation.</param>
[EventType("member-brought.v1")]
public sealed record MemberBrought(Guid InvitationId, Guid By, DateTimeOffset At) : MemberEvent;

[EventType("address-confirmed.v1")]
public sealed record AddressConfirmed(DateTimeOffset At) : MemberEvent;

/// <summary>It is confirmed by having followed the link that was mailed to it.</summary>
[EventType("address-changed.v1")]
public sealed record AddressChanged(Sealed Address, DateTimeOffset At) : MemberEvent;

/// <param name="ByLink">By a link that was mailed, and not by the old password.</param>
[EventType("password-changed.v1")]
public sealed record PasswordChanged(bool ByLink, DateTimeOffset At) : MemberEvent;

[EventType("two-factor-turned-on.v1")]
public sealed record TwoFactorTurnedOn(DateTimeOffset At) : MemberEvent;

[EventType("two-factor-turned-off.v1")]
public sealed record TwoFactorTurnedOff(DateTimeOffset At) : MemberEvent;

[EventType("sign-in-linked.v1")]
public sealed record SignInLinked(string Provider, DateTimeOffset At) : MemberEvent;

[EventType("sign-in-unlinked.v1")]
public sealed record SignInUnlinked(string Provider, DateTimeOffset At) : MemberEvent;

/// <param name="Until">Null: until somebody lifts it.</param>
[EventType("member-suspended.v1")]
public sealed record MemberSuspended(Sealed Reason, DateTimeOffset? Until, Guid By, DateTimeOffset At) : MemberEvent;

/// <param name="By">Null: its time was over.</param>
[EventType("suspension-ended.v1")]
public sealed record SuspensionEnded(Guid? By, DateTimeOffset At) : MemberEvent;

[EventType("member-departed.v1")]
public sealed record MemberDeparted(DateTimeOffset At) : MemberEvent;

[EventType("member-returned.v1")]
public sealed record MemberReturned(DateTimeOffset At) : MemberEvent;

/// <summary>The member's key is gone: what the events before this one hold of the person is unreadable.</summary>
[EventType("member-erased.v1")]
public sealed record MemberErased(DateTimeOffset At) : MemberEvent;

/// <param name="By">The operator who gave it; null where it was paid for.</param>
[EventType("tier-granted.v1")]
public sealed record TierGranted(TierSource Source, string Tier, DateTimeOffset? Until, Guid? By, DateTimeOffset At) : MemberEvent;

/// <param name="By">Null: its time was over.</param>
[EventType("tier-ended.v1")]
public sealed record TierEnded(TierSource Source, Guid? By, DateTimeOffset At) : MemberEvent;

/// <summary>What payments told of a subscription of the member.</summary>
/// <param name="Tier">Null: none by it.</param>
/// <param name="Version">Of what was told.</param>
[EventType("member-subscription-noted.v1")]
public sealed record SubscriptionNoted(Guid SubscriptionId, string? Tier, long Version, DateTimeOffset At) : MemberEvent
{
    /// <summary>Somebody else pays for it, or nobody.</summary>
    public bool Given { get; init; }
}
