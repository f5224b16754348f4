namespace Community.Incentives.Contracts;

/// <param name="RuleVersion">The rule set in force at <paramref name="At"/>, the instant of the cause.</param>
/// <param name="Cause">What was done, by its natural key: <c>comment/&lt;id&gt;</c>.</param>
public sealed record PointsEarned(
    Guid EntryId, Guid MemberId, int Points, string Rule, int RuleVersion, string Cause, DateTimeOffset At);

/// <summary>What a cause has paid becomes less, or more again.</summary>
/// <param name="Points">The difference.</param>
/// <param name="Because">withdrawn or recounted.</param>
public sealed record PointsReversed(
    Guid EntryId, Guid MemberId, int Points, string Rule, int RuleVersion, string Cause, string Because, DateTimeOffset At);

/// <summary>The member is on the level now. Of all that is told of one member's level, the one with the highest <paramref name="Version"/> holds.</summary>
/// <param name="Perks">What the level opens, in the community's own words.</param>
public sealed record LevelChanged(Guid MemberId, int Level, string Name, IReadOnlyList<string> Perks, long Version, DateTimeOffset At);

/// <param name="Class">gold, silver or bronze.</param>
public sealed record BadgeAwarded(Guid AwardId, Guid MemberId, string Badge, string Class, DateTimeOffset At, bool Imported);

/// <summary>What it was awarded for was taken back; a later <see cref="BadgeAwarded"/> of the same award counts again.</summary>
public sealed record BadgeWithdrawn(Guid AwardId, Guid MemberId, DateTimeOffset At);

/// <summary>A member has paid with points for what payments gives.</summary>
/// <param name="PlanId">Whose tier the member is to have for <paramref name="Days"/>; null: it is a coupon.</param>
/// <param name="CouponCode">Under which the member is to have <paramref name="PercentOff"/> of one order, for <paramref name="ValidDays"/>.</param>
public sealed record RewardClaimed(
    Guid RedemptionId, Guid MemberId, Guid? PlanId, int? Days, string? CouponCode, int? PercentOff, int? ValidDays, DateTimeOffset At);

/// <summary>What was given for the redemption is to be taken back, where it was not used.</summary>
public sealed record RewardCancellationAsked(Guid RedemptionId, Guid MemberId, DateTimeOffset At);
