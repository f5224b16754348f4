using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Membership.Settings;

internal abstract record CommunityCommand(DateTimeOffset At);

internal sealed record SetUpCommunity(string Name, Guid OwnerId, DateTimeOffset At) : CommunityCommand(At);

internal sealed record GiveOwnership(Guid MemberId, Guid By, DateTimeOffset At) : CommunityCommand(At);

internal sealed record TakeOwnership(Guid MemberId, Guid By, DateTimeOffset At) : CommunityCommand(At);

/// <param name="Change">What the settings become, by what they are then.</param>
internal sealed record Configure(Func<CommunitySettings, CommunitySettings> Change, Guid By, DateTimeOffset At) : CommunityCommand(At);

/// <summary>
/// The community as a whole: one stream, so that two setups at once, or two owners who dismiss one another, meet here.
/// </summary>
internal abstract record CommunityState
{
    public static readonly Guid Stream = StreamId.Of("house", Guid.Empty);

    public static readonly Decider<CommunityState, CommunityCommand, CommunityEvent> Decider = new(new NotSetUp(), Decide, Evolve);

    private static Decision<CommunityEvent> Decide(CommunityState community, CommunityCommand command) => (community, command) switch
    {
        (NotSetUp, SetUpCommunity c) => new CommunityFounded(c.Name, c.OwnerId, c.At),
        (IsSetUp, SetUpCommunity) => new Rejection("already-set-up", "The community has an owner already."),
        (NotSetUp, _) => new Rejection("not-set-up", "The community has no owner yet."),
        (IsSetUp h, GiveOwnership c) when h.Owners.Contains(c.MemberId) => Decision.Nothing,
        (IsSetUp, GiveOwnership c) => new OwnershipGiven(c.MemberId, c.By, c.At),
        (IsSetUp h, TakeOwnership c) when !h.Owners.Contains(c.MemberId) => Decision.Nothing,
        (IsSetUp { Owners.Count: 1 }, TakeOwnership) => new Rejection("last-owner", "The community keeps at least one owner."),
        (IsSetUp, TakeOwnership c) => new OwnershipTaken(c.MemberId, c.By, c.At),
        (IsSetUp h, Configure c) when c.Change(h.Settings) == h.Settings => Decision.Nothing,
        (IsSetUp h, Configure c) => new CommunityArranged(c.Change(h.Settings), c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static IsSetUp Evolve(CommunityState community, CommunityEvent @event) => (community, @event) switch
    {
        (NotSetUp, CommunityFounded e) => new IsSetUp(CommunitySettings.Initial(e.Name), [e.OwnerId]),
        (IsSetUp h, CommunityArranged e) => h with { Settings = e.Settings },
        (IsSetUp h, OwnershipGiven e) => h with { Owners = h.Owners.Add(e.MemberId) },
        (IsSetUp h, OwnershipTaken e) => h with { Owners = h.Owners.Remove(e.MemberId) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {community.GetType().Name}.")
    };
}

internal sealed record NotSetUp : CommunityState;

internal sealed record IsSetUp(CommunitySettings Settings, ImmutableHashSet<Guid> Owners) : CommunityState;
