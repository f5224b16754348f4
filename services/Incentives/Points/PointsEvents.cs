using Community.EventStore;

namespace Community.Incentives.Points;

public abstract record PointsEvent
{
    private protected PointsEvent() { }
}

/// <param name="Cause">What was done, by its natural key; it earns once.</param>
/// <param name="At">When it was done.</param>
[EventType("points-earned.v1")]
public sealed record PointsEarned(
    Guid MemberId, int Points, string Activity, string Cause, string Rule, int RuleVersion, DateTimeOffset At) : PointsEvent;

/// <summary>Kept although it earned nothing: it answers "why no point", and other rules may be tried on it later.</summary>
/// <param name="Reason">daily-cap, cool-down or no-rule.</param>
[EventType("points-withheld.v1")]
public sealed record PointsWithheld(
    Guid MemberId, string Activity, string Cause, string Reason, string? Rule, int RuleVersion, DateTimeOffset At) : PointsEvent;
