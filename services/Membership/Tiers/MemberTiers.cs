using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Membership.Members;
using Marten;

namespace Community.Membership.Tiers;

internal abstract record TierCommand(DateTimeOffset At);

internal sealed record GrantTier(TierSource Source, string Tier, DateTimeOffset? Until, Guid? By, DateTimeOffset At) : TierCommand(At);

internal sealed record EndTier(TierSource Source, Guid? By, DateTimeOffset At) : TierCommand(At);

/// <summary>Payments tells how a subscription of the member stands.</summary>
/// <param name="Tier">Null: none by it, for now or for good.</param>
/// <param name="Version">Of several, the one with the highest holds.</param>
internal sealed record RecordSubscription(Guid SubscriptionId, string? Tier, long Version, DateTimeOffset At) : TierCommand(At)
{
    /// <summary>As <see cref="SubscriptionNoted.Given"/>; null: as it was.</summary>
    public bool? Given { get; init; }
}

/// <summary>What was given for a time ends when that is over.</summary>
internal sealed record LetTiersExpire(DateTimeOffset At) : TierCommand(At);

/// <summary>The tiers of a member, given and paid for, and the subscriptions that pay for them.</summary>
/// <param name="Subscriptions">As payments told last of each.</param>
internal sealed record MemberTiers(
    Presence Presence, ImmutableSortedDictionary<TierSource, HeldTier> Tiers, ImmutableSortedDictionary<Guid, SubscriptionNoted> Subscriptions)
{
    public static readonly Decider<MemberTiers, TierCommand, MemberEvent> Decider = new(
        new(Presence.NotJoined, ImmutableSortedDictionary<TierSource, HeldTier>.Empty, ImmutableSortedDictionary<Guid, SubscriptionNoted>.Empty), Decide, Evolve);

    private string? Paid => Subscriptions.Values.Where(subscription => subscription.Tier is not null).MaxBy(subscription => (!subscription.Given, subscription.At))?.Tier;

    private static Decision<MemberEvent> Decide(MemberTiers member, TierCommand command) => command switch
    {
        _ when !member.Presence.IsKnown() => MembersAccess.NoSuchMember,
        LetTiersExpire c => [.. member.Tiers.Where(tier => tier.Value.Until <= c.At).Select(tier => new TierEnded(tier.Key, By: null, c.At))],
        EndTier c when !member.Tiers.ContainsKey(c.Source) => Decision.Nothing,
        EndTier c => new TierEnded(c.Source, c.By, c.At),
        RecordSubscription c when member.Subscriptions.GetValueOrDefault(c.SubscriptionId)?.Version >= c.Version => Decision.Nothing,
        RecordSubscription c => Record(member, c),
        _ when member.Presence is Presence.Departed => MembersAccess.HasDeparted,
        GrantTier c when c.Until <= c.At => new Rejection("already-over", "The tier would be over before it begins."),
        GrantTier c when member.Tiers.TryGetValue(c.Source, out var held) && held == new HeldTier(c.Tier, c.Until) => Decision.Nothing,
        GrantTier c => new TierGranted(c.Source, c.Tier, c.Until, c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    // All of them are the member's, each told by itself; the one that is shown is the latest of what the member pays for.
    private static Decision<MemberEvent> Record(MemberTiers member, RecordSubscription c)
    {
        var noted = new SubscriptionNoted(c.SubscriptionId, c.Tier, c.Version, c.At)
        {
            Given = c.Given ?? member.Subscriptions.GetValueOrDefault(c.SubscriptionId)?.Given ?? false
        };
        var (before, after) = (member.Paid, Evolve(member, noted).Paid);

        return before == after ? noted
            : after is null ? [noted, new TierEnded(TierSource.Subscription, By: null, c.At)]
            : [noted, new TierGranted(TierSource.Subscription, after, Until: null, By: null, c.At)];
    }

    private static MemberTiers Evolve(MemberTiers member, MemberEvent @event) => @event switch
    {
        TierGranted e => member with { Tiers = member.Tiers.SetItem(e.Source, new(e.Tier, e.Until)) },
        TierEnded e => member with { Tiers = member.Tiers.Remove(e.Source) },
        SubscriptionNoted e => member with { Subscriptions = member.Subscriptions.SetItem(e.SubscriptionId, e) },
        _ => member with { Presence = member.Presence.After(@event) }
    };
}

internal sealed class TierExpiry(IDocumentStore store) : IExpiry
{
    public Task End(Guid member, DateTimeOffset now, CancellationToken ct) => store.Handle(MemberTiers.Decider, member, new LetTiersExpire(now), ct);
}
