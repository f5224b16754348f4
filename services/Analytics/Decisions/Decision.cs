using System.Diagnostics;
using System.Globalization;
using Community.EventStore;

namespace Community.Analytics.Decisions;

internal abstract record DecisionCommand;

internal sealed record OpenDecision(DecisionOpened Opened) : DecisionCommand;

internal sealed record LapseDecision(DateTimeOffset At) : DecisionCommand;

internal sealed record ResolveDecision(DecisionAction Action, Sealed? Note, Guid By, DateTimeOffset At) : DecisionCommand;

internal sealed record MeasureDecision(DecisionMeasured Measured) : DecisionCommand;

/// <summary>What a rule made of figures, who resolved it how, and what followed.</summary>
internal sealed record Decision(DecisionOpened? Opened, bool Lapsed, DecisionResolved? Resolved, DecisionMeasured? Measured)
{
    public static readonly Decider<Decision, DecisionCommand, DecisionEvent> Decider = new(new Decision(null, false, null, null), Decide, Evolve);

    /// <param name="occasion">The day, week or month for which the rule speaks: it speaks once for each.</param>
    public static Guid Stream(string rule, int version, string occasion) => StreamId.Of("decision", $"{rule}/{version}/{occasion}");

    private static Decision<DecisionEvent> Decide(Decision decision, DecisionCommand command) => (decision, command) switch
    {
        ({ Opened: null }, OpenDecision c) => c.Opened,
        (_, OpenDecision) => EventStore.Decision.Nothing,
        ({ Opened: null }, _) => Rejection.NotFound,
        ({ Resolved: { } first }, ResolveDecision) => new Rejection(
            "decision-resolved", $"It was {first.Action.ToString().ToLowerInvariant()} at {first.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)} by {first.By}."),
        ({ Lapsed: true }, ResolveDecision) => new Rejection("decision-lapsed", "A newer decision has taken its place."),
        (_, ResolveDecision c) => new DecisionResolved(c.Action, c.Note, c.By, c.At),
        ({ Resolved: null, Lapsed: false }, LapseDecision c) => new DecisionLapsed(c.At),
        (_, LapseDecision) => EventStore.Decision.Nothing,
        ({ Resolved: not null, Measured: null }, MeasureDecision c) => c.Measured,
        (_, MeasureDecision) => EventStore.Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a decision.")
    };

    private static Decision Evolve(Decision decision, DecisionEvent @event) => @event switch
    {
        DecisionOpened e => decision with { Opened = e },
        DecisionLapsed => decision with { Lapsed = true },
        DecisionResolved e => decision with { Resolved = e },
        DecisionMeasured e => decision with { Measured = e },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a decision.")
    };
}
