using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Rules;

internal abstract record RuleCommand;

/// <param name="ValidFrom">Null: from now on.</param>
internal sealed record AdoptRuleSet(ImmutableList<EarningRule> Rules, DateTimeOffset? ValidFrom, DateTimeOffset At) : RuleCommand;

internal sealed record SwitchPoints(bool On, long Version, DateTimeOffset At) : RuleCommand;

/// <param name="Since">It holds from here on, until a later version does.</param>
internal sealed record RuleSet(int Version, DateTimeOffset Since, ImmutableList<EarningRule> Rules)
{
    private readonly ILookup<string, EarningRule> _byActivity = Rules.ToLookup(rule => rule.Activity);

    public IEnumerable<EarningRule> For(string activity) => _byActivity[activity];

    public bool LooksBack { get; } = Rules.Any(rule => rule.LooksBack);

    public DateTimeOffset AdoptedAt { get; init; }
}

/// <summary>All rule sets there ever were. An activity goes by the latest version that is valid at its own instant.</summary>
internal sealed record RuleSetHistory(ImmutableList<RuleSet> Sets, ImmutableList<PointsSwitched> Switches)
{
    /// <summary>All sets are read at once: so many are adopted, and no more.</summary>
    public const int Changes = 2_000;

    public static readonly Guid Stream = StreamId.Of("rules", "all");

    public static readonly Decider<RuleSetHistory, RuleCommand, RuleEvent> Decider = new(new([DefaultRules.Set], []), Decide, Evolve);

    public RuleSet Latest => Sets[^1];

    public bool LooksBack => Sets.Any(set => set.LooksBack);

    /// <summary>Null: the community gave no points then.</summary>
    public RuleSet? Paying(DateTimeOffset at) => Switches.FindLast(one => one.At <= at) is { On: false } ? null : InForce(at);

    public RuleSet InForce(DateTimeOffset at) => Sets.FindLast(set => set.Since <= at)!;

    /// <summary>The same history as if a candidate had been adopted.</summary>
    public RuleSetHistory With(ImmutableList<EarningRule> candidate, DateTimeOffset since) =>
        this with { Sets = Sets.Add(new(Latest.Version + 1, since, candidate)) };

    private static Decision<RuleEvent> Decide(RuleSetHistory history, RuleCommand command) => command switch
    {
        AdoptRuleSet { ValidFrom: null } c when c.Rules.SequenceEqual(history.InForce(c.At).Rules) && history.Latest == history.InForce(c.At) => Decision.Nothing,
        // Clocks of replicas differ; of two sets that are adopted for now the later one holds. One that is to begin later delays nothing.
        AdoptRuleSet { ValidFrom: null } c => new RuleSetAdopted(
            history.Latest.Version + 1, c.Rules, c.At > history.Latest.AdoptedAt ? c.At : history.Latest.AdoptedAt, c.At),
        AdoptRuleSet c => new RuleSetAdopted(history.Latest.Version + 1, c.Rules, c.ValidFrom!.Value, c.At),
        SwitchPoints c when history.Switches.Any(known => known.Version == c.Version) => Decision.Nothing,
        SwitchPoints c => new PointsSwitched(c.On, c.Version, c.At),
        _ => throw new UnreachableException()
    };

    private static RuleSetHistory Evolve(RuleSetHistory history, RuleEvent @event) => @event switch
    {
        RuleSetAdopted e => history with { Sets = history.Sets.Add(new(e.Version, e.ValidFrom, e.Rules) { AdoptedAt = e.At }) },
        PointsSwitched e => history with { Switches = [.. history.Switches.Add(e).OrderBy(one => one.Version)] },
        _ => throw new UnreachableException()
    };
}
