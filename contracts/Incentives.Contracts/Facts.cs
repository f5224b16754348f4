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

/// <param name="Class">gold, silver or bronze.</param>
public sealed record BadgeAwarded(Guid AwardId, Guid MemberId, string Badge, string Class, DateTimeOffset At, bool Imported);
