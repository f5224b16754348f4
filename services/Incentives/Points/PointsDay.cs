using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Community.EventSourcing;
using Community.Incentives.Rules;

namespace Community.Incentives.Points;

internal static class Activities
{
    public const string View = "view";
    public const string Comment = "comment";
    public const string Reply = "reply";
    public const string Topic = "topic";
    public const string Reaction = "reaction";
    public const string Share = "share";
    public const string Feedback = "feedback";
    public const string AcceptedReply = "acceptedReply";
    public const string Content = "content";
    public const string Order = "order";
}

internal abstract record PointsCommand;

/// <param name="At">With the offset of the community's zone: caps go by its days.</param>
/// <param name="Rule">Of the set in force at <paramref name="At"/>; null where it has none for the activity.</param>
/// <param name="Paid">The cause has earned on another day.</param>
internal sealed record RewardActivity(
    Guid MemberId, string Activity, string Cause, DateTimeOffset At, int RuleVersion, EarningRule? Rule, bool Paid) : PointsCommand
{
    /// <summary>When the day began, from which stretches of cool-downs are counted: an offset alone does not say, where the clocks were changed since.</summary>
    public DateTimeOffset Midnight { get; init; } = new(At.Date, At.Offset);

    public long Stretch(DateTimeOffset at, int seconds) => (long)Math.Floor((at - Midnight).TotalSeconds / seconds);
}

/// <summary>
/// A member's account for one business day: as much as caps and cool-downs look at, so that no stream grows without bound.
/// Facts come in any order and repeated. What a day earns in all does not depend on it: each rule pays the cap or, if
/// that is less, the points of every fact (or of every stretch of the cool-down that has one).
/// </summary>
internal sealed record PointsDay(ImmutableHashSet<string> Causes, ImmutableDictionary<(string Rule, int Version), Spent> Spent)
{
    public static readonly Decider<PointsDay, PointsCommand, PointsEvent> Decider =
        new(new([], ImmutableDictionary<(string, int), Spent>.Empty), Decide, Evolve);

    public static Guid Stream(Guid memberId, DateTimeOffset at) =>
        StreamId.Of("points", string.Create(CultureInfo.InvariantCulture, $"{memberId}/{DayOf(at):yyyy-MM-dd}"));

    /// <param name="at">With the offset of where the day is counted.</param>
    public static DateOnly DayOf(DateTimeOffset at) => DateOnly.FromDateTime(at.DateTime);

    private static Decision<PointsEvent> Decide(PointsDay day, PointsCommand command)
    {
        if (command is not RewardActivity c)
        {
            throw new UnreachableException();
        }

        if (c.Paid || day.Causes.Contains(c.Cause))
        {
            return Decision.Nothing;
        }

        if (c.Rule is not { } rule)
        {
            return Withheld(c, "no-rule");
        }

        // Each version has a cap of its own: on the day of a change the two would else depend on which came first.
        var spent = day.Spent.GetValueOrDefault((rule.Rule, c.RuleVersion), Points.Spent.Nothing);
        var left = rule.DailyCap - spent.Points ?? int.MaxValue;

        return left <= 0 ? Withheld(c, "daily-cap")
            : rule.CoolDownSeconds is { } seconds && spent.Instants.Any(at => c.Stretch(at, seconds) == c.Stretch(c.At, seconds)) ? Withheld(c, "cool-down")
            : new PointsEarned(c.MemberId, Math.Min(rule.Points, left), c.Activity, c.Cause, rule.Rule, c.RuleVersion, c.At.ToUniversalTime());
    }

    private static PointsDay Evolve(PointsDay day, PointsEvent @event) => @event switch
    {
        PointsEarned e => new(day.Causes.Add(e.Cause), day.Spent.SetItem(
            (e.Rule, e.RuleVersion), day.Spent.GetValueOrDefault((e.Rule, e.RuleVersion), Points.Spent.Nothing).Add(e))),
        PointsWithheld e => day with { Causes = day.Causes.Add(e.Cause) },
        _ => throw new UnreachableException()
    };

    private static PointsWithheld Withheld(RewardActivity c, string reason) =>
        new(c.MemberId, c.Activity, c.Cause, reason, c.Rule?.Rule, c.RuleVersion, c.At.ToUniversalTime());
}

/// <summary>What a rule has paid on the day, and for what was done when.</summary>
internal sealed record Spent(int Points, ImmutableList<DateTimeOffset> Instants)
{
    public static readonly Spent Nothing = new(0, []);

    public Spent Add(PointsEarned earned) => new(Points + earned.Points, Instants.Add(earned.At));
}
