using Community.EventSourcing;

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
