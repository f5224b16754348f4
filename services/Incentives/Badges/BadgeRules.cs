using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Community.EventStore;
using Community.Incentives.Rules;
using Community.Web;
using Marten;

namespace Community.Incentives.Badges;

public enum BadgeClass { Bronze, Silver, Gold }

/// <param name="Count">So many activities complete it.</param>
public sealed record BadgeTier(BadgeClass Class, [property: Range(1, 10_000)] int Count);

/// <summary>What a member does to get a badge, once or in several classes.</summary>
/// <param name="To">Who gets it: <c>actor</c>, who did it, or <c>author</c>, whose work it was done to.</param>
/// <param name="When">As in a rule for points.</param>
/// <param name="MinQuality">The grade, 1 to 5, that the reviewer gave the content at least.</param>
public sealed record BadgeRule(Guid BadgeId, string Name, string? Description, string Activity, Beneficiary To, RuleCondition? When, int? MinQuality, ImmutableList<BadgeTier> Tiers)
{
    public bool Equals(BadgeRule? other) => other is not null
        && (BadgeId, Name, Description, Activity, To, When, MinQuality) == (other.BadgeId, other.Name, other.Description, other.Activity, other.To, other.When, other.MinQuality)
        && Tiers.SequenceEqual(other.Tiers);

    public override int GetHashCode() => HashCode.Combine(BadgeId, Name, Activity, To);
}

public abstract record BadgeRuleEvent
{
    private protected BadgeRuleEvent() { }
}

[EventType("badge-defined.v1")]
public sealed record BadgeDefined(BadgeRule Badge, DateTimeOffset At) : BadgeRuleEvent;

/// <summary>It is awarded no more. Who has it keeps it.</summary>
[EventType("badge-retired.v1")]
public sealed record BadgeRetired(Guid BadgeId, DateTimeOffset At) : BadgeRuleEvent;

internal abstract record BadgeRuleCommand;

internal sealed record DefineBadge(BadgeRule Badge, DateTimeOffset At) : BadgeRuleCommand;

internal sealed record RetireBadge(Guid BadgeId, DateTimeOffset At) : BadgeRuleCommand;

/// <summary>The badges that are awarded by rules, and those that were.</summary>
internal sealed record BadgeRules(ImmutableList<BadgeRule> Awarded, ImmutableDictionary<Guid, BadgeRule> Retired)
{
    /// <summary>All are read at once.</summary>
    public const int Changes = 1_000;

    public const int Most = 100;

    public static readonly Guid Stream = StreamId.Of("badge-rules", "all");

    public static readonly Decider<BadgeRules, BadgeRuleCommand, BadgeRuleEvent> Decider = new(new([], ImmutableDictionary<Guid, BadgeRule>.Empty), Decide, Evolve);

    public BadgeRule? Find(Guid id) => Awarded.Find(badge => badge.BadgeId == id) ?? Retired.GetValueOrDefault(id);

    /// <summary>What cannot be meant, by the field at which it is; null: nothing.</summary>
    public static (string Field, string Fault)? Fault(BadgeRule badge) =>
        badge.To == Beneficiary.Both ? ("to", "must be the actor or the author: a badge counts what one did, or what was done to one's work")
        : badge.To == Beneficiary.Author && !Activities.Values(badge.Activity) ? ("to", $"names an author, and '{badge.Activity}' has only the member who did it")
        : badge.When?.FirstTime == true ? ("when.firstTime", "must not be: of a badge that is a class for one activity")
        : badge.MinQuality is not null && !RuleChecks.IsGraded(badge.Activity) ? ("minQuality", $"is not known of '{badge.Activity}': only contents are graded")
        : badge.Tiers.Zip(badge.Tiers.Skip(1)).Any(pair => pair.Second.Class <= pair.First.Class || pair.Second.Count <= pair.First.Count)
            ? ("tiers", "must rise from bronze to gold, and each must ask for more than the one before")
        : null;

    private static Decision<BadgeRuleEvent> Decide(BadgeRules rules, BadgeRuleCommand command) => command switch
    {
        DefineBadge c when rules.Find(c.Badge.BadgeId) is { } known => known == c.Badge ? Decision.Nothing : new Rejection("already-different", "There is something else under this id."),
        DefineBadge c when rules.Awarded.Exists(badge => badge.Name == c.Badge.Name) => new Rejection("badge-name-taken", "There is a badge of this name."),
        DefineBadge when rules.Awarded.Count >= Most => new Rejection("too-many-badges", $"There are {Most} badges: retire one first."),
        DefineBadge c => new BadgeDefined(c.Badge, c.At),
        RetireBadge c when rules.Retired.ContainsKey(c.BadgeId) => Decision.Nothing,
        RetireBadge c when rules.Find(c.BadgeId) is null => Rejection.NotFound,
        RetireBadge c => new BadgeRetired(c.BadgeId, c.At),
        _ => throw new UnreachableException()
    };

    private static BadgeRules Evolve(BadgeRules rules, BadgeRuleEvent @event) => @event switch
    {
        BadgeDefined e => rules with { Awarded = rules.Awarded.Add(e.Badge) },
        BadgeRetired e => new(rules.Awarded.RemoveAll(badge => badge.BadgeId == e.BadgeId), rules.Retired.SetItem(e.BadgeId, rules.Find(e.BadgeId)!)),
        _ => throw new UnreachableException()
    };
}

/// <summary>The badges as they are now.</summary>
internal sealed class BadgesInForce(IDocumentStore store) : LatestState<BadgeRules, BadgeRuleCommand, BadgeRuleEvent>(store, BadgeRules.Decider, BadgeRules.Stream);
