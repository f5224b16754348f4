using System.Diagnostics;
using Community.EventStore;
using Community.Membership.Members;
using Marten;

namespace Community.Membership.Suspensions;

internal abstract record SuspensionCommand(DateTimeOffset At);

internal sealed record Suspend(Sealed Reason, DateTimeOffset? Until, Guid By, DateTimeOffset At) : SuspensionCommand(At);

internal sealed record LiftSuspension(Guid By, DateTimeOffset At) : SuspensionCommand(At);

/// <summary>What was for a time ends when that is over.</summary>
internal sealed record LetSuspensionExpire(DateTimeOffset At) : SuspensionCommand(At);

/// <summary>Whether a member is kept out. Also of who has departed, for they may come back; not of an owner.</summary>
/// <param name="Until">While suspended; null: until somebody lifts it.</param>
internal sealed record MemberSuspension(Presence Presence, bool IsOwner, bool IsSuspended, DateTimeOffset? Until)
{
    public static readonly Decider<MemberSuspension, SuspensionCommand, MemberEvent> Decider = new(new(Presence.NotJoined, false, false, null), Decide, Evolve);

    private static Decision<MemberEvent> Decide(MemberSuspension member, SuspensionCommand command) => command switch
    {
        _ when !member.Presence.IsKnown() => MembersAccess.NoSuchMember,
        Suspend when member.IsOwner => new Rejection("owner-stays", "An owner is not suspended; another owner takes the role first."),
        Suspend c when c.Until <= c.At => new Rejection("already-over", "The suspension would be over before it begins."),
        Suspend c => new MemberSuspended(c.Reason, c.Until, c.By, c.At),
        LiftSuspension when !member.IsSuspended => Decision.Nothing,
        LiftSuspension c => new SuspensionEnded(c.By, c.At),
        LetSuspensionExpire c when member.Until <= c.At => new SuspensionEnded(By: null, c.At),
        LetSuspensionExpire => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static MemberSuspension Evolve(MemberSuspension member, MemberEvent @event) => @event switch
    {
        RoleGranted { Role: Role.Owner } => member with { IsOwner = true },
        RoleRevoked { Role: Role.Owner } => member with { IsOwner = false },
        MemberSuspended e => member with { IsSuspended = true, Until = e.Until },
        SuspensionEnded => member with { IsSuspended = false, Until = null },
        _ => member with { Presence = member.Presence.After(@event) }
    };
}

internal sealed class SuspensionExpiry(IDocumentStore store) : IExpiry
{
    public Task End(Guid member, DateTimeOffset now, CancellationToken ct) => store.Handle(MemberSuspension.Decider, member, new LetSuspensionExpire(now), ct);
}
