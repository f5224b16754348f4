using Community.EventStore;

namespace Community.Incentives.Points;

public abstract record PointsEvent
{
    private protected PointsEvent() { }
}

/// <summary>A rule pays a member for a cause, or takes for it.</summary>
/// <param name="At">When the cause was done.</param>
/// <param name="Area">Of what it was done in, as far as it was known.</param>
/// <param name="Number">Of the entries of this member and cause, from 1; 0: of a release that settled day by day.</param>
[EventType("points-earned.v2")]
public sealed record PointsEarned(
    Guid MemberId, int Points, string Activity, string Cause, string Rule, int RuleVersion, DateTimeOffset At, int Number, DateTimeOffset? ExpiresAt = null,
    string? Area = null) : PointsEvent;

[EventType("points-earned.v1")]
public sealed record PointsEarnedV1(
    Guid MemberId, int Points, string Activity, string Cause, string Rule, int RuleVersion, DateTimeOffset At) : IFormerEvent<PointsEarned>
{
    public PointsEarned Upcast() => new(MemberId, Points, Activity, Cause, Rule, RuleVersion, At, Number: 0);
}

/// <summary>What a cause has paid by a rule becomes less, or more again.</summary>
/// <param name="Points">The difference.</param>
/// <param name="Because">withdrawn: the cause counts no more. held: it looks like abuse. recounted: others came before it, or other rules hold for it.</param>
/// <param name="CauseAt">When the cause was done.</param>
[EventType("points-reversed.v1")]
public sealed record PointsReversed(
    Guid MemberId, int Points, string Cause, string Rule, int RuleVersion, string Because, DateTimeOffset CauseAt, int Number, DateTimeOffset At,
    string? Area = null) : PointsEvent;

/// <summary>An operator gave or took points.</summary>
/// <param name="Reason">Of a release that kept it in the clear; else empty.</param>
[EventType("points-adjusted.v1")]
public sealed record PointsAdjusted(Guid AdjustmentId, Guid MemberId, int Points, string Reason, DateTimeOffset At) : PointsEvent
{
    /// <summary>The reason; null: the member was erased.</summary>
    public Sealed? Words { get; init; }
}

/// <param name="Points">What was paid: a positive number.</param>
[EventType("points-spent.v1")]
public sealed record PointsSpent(Guid RedemptionId, Guid MemberId, int Points, DateTimeOffset At) : PointsEvent;

/// <param name="Points">What comes back: a positive number.</param>
[EventType("points-refunded.v1")]
public sealed record PointsRefunded(Guid RedemptionId, Guid MemberId, int Points, DateTimeOffset At) : PointsEvent;

/// <summary>Points whose time is over and that nobody has spent; or some of them come back, because their cause was taken back since.</summary>
/// <param name="Points">The difference: negative where they expire.</param>
/// <param name="Due">All points of the member whose time was over by then.</param>
/// <param name="Used">What of these was spent in time.</param>
[EventType("points-expired.v1")]
public sealed record PointsExpired(Guid MemberId, int Points, long Due, long Used, DateTimeOffset At) : PointsEvent;

/// <summary>A release that settled day by day kept so what earned nothing.</summary>
/// <param name="Reason">daily-cap, cool-down or no-rule.</param>
[EventType("points-withheld.v1")]
public sealed record PointsWithheld(
    Guid MemberId, string Activity, string Cause, string Reason, string? Rule, int RuleVersion, DateTimeOffset At) : PointsEvent;
