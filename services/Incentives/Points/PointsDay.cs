using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Community.EventStore;
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
/// <param name="Paid">The cause has earned, be it on another day, or has earned nothing on this one.</param>
internal sealed record RewardActivity(
    Guid MemberId, string Activity, string Cause, DateTimeOffset At, int RuleVersion, EarningRule? Rule, bool Paid) : PointsCommand
{
    /// <summary>When the day began, from which stretches of cool-downs are counted: an offset alone does not say, where the clocks were changed since.</summary>
    public DateTimeOffset Midnight { get; init; } = new(At.Date, At.Offset);

    public long Stretch(DateTimeOffset at, int seconds) => (long)Math.Floor((at - Midnight).TotalSeconds / seconds);
}

/// <summary>
/// A member's account for one business day: as much as caps and cool-downs look at, so that no stream grows without bound.
/// What earned nothing is not in it (but for what was stored before it had streams of its own).
/// Facts come in any order and repeated. What a day earns in all does not depend on it: each rule pays the cap or, if
/// that is less, the points of every fact (or of every stretch of the cool-down that has one).
/// </summary>
internal sealed record PointsDay(ImmutableHashSet<string> Causes, ImmutableDictionary<(string Rule, int Version), Spent> Spent)
{
    public static readonly Decider<PointsDay, PointsCommand, PointsEvent> Decider =
        new(new([], ImmutableDictionary<(string, int), Spent>.Empty), Decide, Evolve);

    /// <summary>The same, but that nothing is appended where nothing is earned: that is a fact of its own, <see cref="Withholding"/>.</summary>
    /// <exception cref="VersionConflictException">Of its deciding, where nothing would be earned any more.</exception>
    public static readonly Decider<PointsDay, PointsCommand, PointsEvent> Earning = Decider with { Decide = DecideEarning };

    public static Guid Stream(Guid memberId, DateTimeOffset at) => StreamId.Of("points", DayOf(memberId, at));

    /// <summary>Where caps and cool-downs look at the day, the day's, which they keep short; else the fact has one of its own.</summary>
    public static Guid Stream(RewardActivity reward) => reward.Rule is { DailyCap: null, CoolDownSeconds: null }
        ? StreamId.Of("points", $"{reward.MemberId}/{reward.Cause}")
        : Stream(reward.MemberId, reward.At);

    /// <summary>The member and the business day, as names of streams have them.</summary>
    internal static string DayOf(Guid memberId, DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture, $"{memberId}/{DayOf(at):yyyy-MM-dd}");

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

    private static Decision<PointsEvent> DecideEarning(PointsDay day, PointsCommand command)
    {
        var decision = Decide(day, command);

        return decision.Events is [PointsWithheld withheld]
            ? throw new VersionConflictException(Stream(withheld.MemberId, withheld.At), preconditionFailed: false)
            : decision;
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

/// <summary>A fact that earned nothing on its day: a stream of its own, for there are as many as a member likes.</summary>
internal static class Withholding
{
    public static readonly Decider<PointsWithheld?, PointsWithheld, PointsEvent> Decider = new(
        null, (known, withheld) => known is null ? withheld : Decision.Nothing, (_, @event) => (PointsWithheld)@event);

    public static Guid Stream(Guid memberId, string cause, DateTimeOffset at) => StreamId.Of("withheld", $"{PointsDay.DayOf(memberId, at)}/{cause}");
}

/// <summary>What a rule has paid on the day, and for what was done when.</summary>
internal sealed record Spent(int Points, ImmutableList<DateTimeOffset> Instants)
{
    public static readonly Spent Nothing = new(0, []);

    public Spent Add(PointsEarned earned) => new(Points + earned.Points, Instants.Add(earned.At));
}
