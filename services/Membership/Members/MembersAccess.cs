using Community.EventStore;
using Marten;

namespace Community.Membership.Members;

/// <summary>Whether there is a member at all: every decider on a member's stream asks this first.</summary>
internal enum Presence { NotJoined, Here, Departed, Erased }

/// <summary>What the other modules of this service know a member by.</summary>
internal static class MembersAccess
{
    public static readonly Rejection NoSuchMember = new("not-found", "There is no such member.");

    public static readonly Rejection HasDeparted = new("member-departed", "The member has left the community.");

    public static Presence After(this Presence presence, MemberEvent @event) => @event switch
    {
        MemberJoined or MemberReturned => Presence.Here,
        MemberDeparted => Presence.Departed,
        MemberErased => Presence.Erased,
        _ => presence
    };

    /// <summary>Also of who has departed; not of who has only applied, or was erased.</summary>
    public static bool IsKnown(this Presence presence) => presence is Presence.Here or Presence.Departed;

    /// <summary>All that is known of a member, now or at an instant, and the version of the stream; null: never joined.</summary>
    public static Task<Loaded<MemberDetails?>> LoadMember(this IDocumentStore store, Guid id, DateTimeOffset? asOf, CancellationToken ct) =>
        store.Load<MemberDetails?, MemberEvent>(null, MemberDetails.Evolve, id, asOf, ct);
}

/// <summary>
/// What a module has given for a time, and ends when that is over. The modules register theirs; members are visited when
/// <see cref="MemberDetails.DueAt"/> has come.
/// </summary>
internal interface IExpiry
{
    Task End(Guid member, DateTimeOffset now, CancellationToken ct);
}
