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
        (NotSetUp, SetUpCommunity c) => new CommunitySetUp(c.Name, c.OwnerId, c.At),
        (IsSetUp, SetUpCommunity) => new Rejection("already-set-up", "The community has an owner already."),
        (NotSetUp, _) => new Rejection("not-set-up", "The community has no owner yet."),
        (IsSetUp s, GiveOwnership c) when s.Owners.Contains(c.MemberId) => Decision.Nothing,
        (IsSetUp, GiveOwnership c) => new OwnershipGiven(c.MemberId, c.By, c.At),
        (IsSetUp s, TakeOwnership c) when !s.Owners.Contains(c.MemberId) => Decision.Nothing,
        (IsSetUp { Owners.Count: 1 }, TakeOwnership) => new Rejection("last-owner", "The community keeps at least one owner."),
        (IsSetUp, TakeOwnership c) => new OwnershipTaken(c.MemberId, c.By, c.At),
        (IsSetUp s, Configure c) when c.Change(s.Settings) == s.Settings => Decision.Nothing,
        (IsSetUp s, Configure c) => new CommunityConfigured(c.Change(s.Settings), c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static IsSetUp Evolve(CommunityState community, CommunityEvent @event) => (community, @event) switch
    {
        (NotSetUp, CommunitySetUp e) => new IsSetUp(CommunitySettings.Initial(e.Name), [e.OwnerId]),
        (IsSetUp s, CommunityConfigured e) => s with { Settings = e.Settings },
        (IsSetUp s, OwnershipGiven e) => s with { Owners = s.Owners.Add(e.MemberId) },
        (IsSetUp s, OwnershipTaken e) => s with { Owners = s.Owners.Remove(e.MemberId) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {community.GetType().Name}.")
    };
}

internal sealed record NotSetUp : CommunityState;

internal sealed record IsSetUp(CommunitySettings Settings, ImmutableHashSet<Guid> Owners) : CommunityState;
