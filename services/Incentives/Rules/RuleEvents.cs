using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Incentives.Points;
using Community.ServiceDefaults;

namespace Community.Incentives.Rules;

public abstract record RuleEvent
{
    private protected RuleEvent() { }
}

[EventType("rule-set-adopted.v1")]
public sealed record RuleSetAdopted(int Version, ImmutableList<EarningRule> Rules, DateTimeOffset At) : RuleEvent;

/// <summary>What one kind of activity earns.</summary>
/// <param name="DailyCap">Points at most on one business day; null: no limit.</param>
/// <param name="CoolDownSeconds">At most one activity earns in each stretch of so many seconds, counted from midnight; null: each earns.</param>
public sealed record EarningRule(
    [property: Text(60), RegularExpression("[a-z0-9]+(-[a-z0-9]+)*", ErrorMessage = "must be words of a to z and 0 to 9 joined by hyphens")] string Rule,
    [property: AllowedValues(
        Activities.View, Activities.Comment, Activities.Reply, Activities.Topic, Activities.Reaction, Activities.Share, Activities.Feedback,
        Activities.AcceptedReply, Activities.Content, Activities.Order, ErrorMessage = "must be an activity that can earn")] string Activity,
    [property: Range(1, 1_000_000)] int Points,
    [property: Range(1, 1_000_000)] int? DailyCap = null,
    [property: Range(1, 86_400)] int? CoolDownSeconds = null);
