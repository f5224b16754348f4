using System.Collections.Immutable;
using Community.EventStore;

namespace Community.Incentives.Rules;

public abstract record RuleEvent
{
    private protected RuleEvent() { }
}

/// <param name="ValidFrom">From this instant on it holds, until a later version does. It may lie before <paramref name="At"/>.</param>
[EventType("rule-set-adopted.v2")]
public sealed record RuleSetAdopted(int Version, ImmutableList<EarningRule> Rules, DateTimeOffset ValidFrom, DateTimeOffset At) : RuleEvent;

[EventType("rule-set-adopted.v1")]
public sealed record RuleSetAdoptedV1(int Version, ImmutableList<EarningRuleV1> Rules, DateTimeOffset At) : IFormerEvent<RuleSetAdopted>
{
    public RuleSetAdopted Upcast() => new(
        Version, [.. Rules.Select(rule => new EarningRule(rule.Rule, rule.Activity, rule.Points, rule.DailyCap, rule.CoolDownSeconds))], At, At);
}

public sealed record EarningRuleV1(string Rule, string Activity, int Points, int? DailyCap = null, int? CoolDownSeconds = null);

/// <summary>The community gives points from <paramref name="At"/> on, or none.</summary>
/// <param name="Version">Of the settings that say so.</param>
[EventType("points-switched.v1")]
public sealed record PointsSwitched(bool On, long Version, DateTimeOffset At) : RuleEvent;
