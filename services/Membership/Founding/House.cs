using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Membership.Settings;

namespace Community.Membership.Founding;

internal abstract record HouseCommand(DateTimeOffset At);

internal sealed record Found(string Name, Guid OwnerId, DateTimeOffset At) : HouseCommand(At);

internal sealed record GiveOwnership(Guid MemberId, Guid By, DateTimeOffset At) : HouseCommand(At);

internal sealed record TakeOwnership(Guid MemberId, Guid By, DateTimeOffset At) : HouseCommand(At);

/// <param name="Change">What the settings become, by what they are then.</param>
internal sealed record Arrange(Func<CommunitySettings, CommunitySettings> Change, Guid By, DateTimeOffset At) : HouseCommand(At);

/// <summary>
/// The community as a whole: one stream, so that two setups at once, or two owners who dismiss one another, meet here.
/// </summary>
internal abstract record House
{
    public static readonly Guid Stream = StreamId.Of("house", Guid.Empty);

    public static readonly Decider<House, HouseCommand, FoundingEvent> Decider = new(new NotFounded(), Decide, Evolve);

    private static Decision<FoundingEvent> Decide(House house, HouseCommand command) => (house, command) switch
    {
        (NotFounded, Found c) => new CommunityFounded(c.Name, c.OwnerId, c.At),
        (Founded, Found) => new Rejection("already-set-up", "The community has an owner already."),
        (NotFounded, _) => new Rejection("not-set-up", "The community has no owner yet."),
        (Founded h, GiveOwnership c) when h.Owners.Contains(c.MemberId) => Decision.Nothing,
        (Founded, GiveOwnership c) => new OwnershipGiven(c.MemberId, c.By, c.At),
        (Founded h, TakeOwnership c) when !h.Owners.Contains(c.MemberId) => Decision.Nothing,
        (Founded { Owners.Count: 1 }, TakeOwnership) => new Rejection("last-owner", "The community keeps at least one owner."),
        (Founded, TakeOwnership c) => new OwnershipTaken(c.MemberId, c.By, c.At),
        (Founded h, Arrange c) when c.Change(h.Settings) == h.Settings => Decision.Nothing,
        (Founded h, Arrange c) => new CommunityArranged(c.Change(h.Settings), c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static Founded Evolve(House house, FoundingEvent @event) => (house, @event) switch
    {
        (NotFounded, CommunityFounded e) => new Founded(CommunitySettings.Initial(e.Name), [e.OwnerId]),
        (Founded h, CommunityArranged e) => h with { Settings = e.Settings },
        (Founded h, OwnershipGiven e) => h with { Owners = h.Owners.Add(e.MemberId) },
        (Founded h, OwnershipTaken e) => h with { Owners = h.Owners.Remove(e.MemberId) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {house.GetType().Name}.")
    };
}

internal sealed record NotFounded : House;

internal sealed record Founded(CommunitySettings Settings, ImmutableHashSet<Guid> Owners) : House;
