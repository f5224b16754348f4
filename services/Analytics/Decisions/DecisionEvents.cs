using Community.EventStore;

namespace Community.Analytics.Decisions;

public enum DecisionAction { Applied, Dismissed }

public abstract record DecisionEvent
{
    private protected DecisionEvent() { }
}

/// <param name="Family">Rules of one family answer one question: of their decisions one is open at a time.</param>
/// <param name="Figures">What the rule saw.</param>
/// <param name="Suggestion">A word of ours; its text is the portal's.</param>
/// <param name="Provisional">The community was too small or too young for the rule to be sure.</param>
/// <param name="From">The first day that the rule looked at.</param>
/// <param name="To">The last day that the rule looked at.</param>
/// <param name="SubjectId">Of what the rule speaks, where it is one thing of several: the plan.</param>
/// <param name="Currency">Of figures that are money, in its minor units.</param>
[EventType("decision-opened.v1")]
public sealed record DecisionOpened(
    string Family, string Rule, int RuleVersion, IReadOnlyDictionary<string, double> Figures, string Suggestion, bool Provisional, DateOnly From, DateOnly To,
    DateTimeOffset At, Guid? SubjectId = null, string? Currency = null) : DecisionEvent;

/// <summary>Nobody resolved it before another one of its family took its place.</summary>
[EventType("decision-lapsed.v1")]
public sealed record DecisionLapsed(DateTimeOffset At) : DecisionEvent;

/// <param name="Note">Sealed by the key of who wrote it.</param>
[EventType("decision-resolved.v1")]
public sealed record DecisionResolved(DecisionAction Action, Sealed? Note, Guid By, DateTimeOffset At) : DecisionEvent;

/// <summary>How many of how many did what the decision is measured by.</summary>
public sealed record Share(long Members, long Of);

/// <summary>What must not fall while something else is raised.</summary>
public sealed record Guardrail(string Figure, double Before, double After, bool Held);

/// <param name="Metric">A word of ours: the share of active members who …</param>
/// <param name="Before">In the four weeks before the resolution.</param>
/// <param name="After">In the four weeks from it on.</param>
/// <param name="Difference">After − before; null: too few members for a difference to say anything.</param>
/// <param name="Low">Of its 95% interval.</param>
/// <param name="High">Of its 95% interval.</param>
[EventType("decision-measured.v1")]
public sealed record DecisionMeasured(
    string Metric, Share Before, Share After, double? Difference, double? Low, double? High, IReadOnlyList<Guardrail> Guardrails, DateTimeOffset At) : DecisionEvent;
