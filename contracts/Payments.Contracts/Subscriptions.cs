namespace Community.Payments.Contracts;

// Of all that is told of one subscription, the one with the highest Version holds.

/// <summary>The member has the tier from now on.</summary>
/// <param name="Source">paid, trial, complimentary or gift.</param>
/// <param name="MonthlyAmount">Its part of the monthly recurring revenue, in minor units: zero for all that is not paid again and again.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="PeriodEnd">Null: for good.</param>
public sealed record SubscriptionStarted(
    Guid SubscriptionId, Guid MemberId, Guid PlanId, string Tier, string Source, long MonthlyAmount, string Currency,
    DateTimeOffset? PeriodEnd, long Version, DateTimeOffset At);

/// <summary>Paid for one more period; after a trial, the first.</summary>
/// <param name="MonthlyAmount">From now on, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record SubscriptionRenewed(
    Guid SubscriptionId, Guid MemberId, Guid PlanId, string Tier, long MonthlyAmount, string Currency, DateTimeOffset? PeriodEnd, long Version, DateTimeOffset At);

/// <summary>Another plan, from now on.</summary>
/// <param name="FromTier">Until now.</param>
/// <param name="MonthlyAmount">From now on, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record SubscriptionChanged(
    Guid SubscriptionId, Guid MemberId, Guid PlanId, string FromTier, string Tier, long MonthlyAmount, string Currency,
    DateTimeOffset? PeriodEnd, long Version, DateTimeOffset At);

/// <summary>A renewal is not paid; the member keeps the tier while it is tried again.</summary>
/// <param name="OrderId">That the member may pay.</param>
/// <param name="Attempt">From one.</param>
/// <param name="MonthlyAmount">Counts until the subscription ends, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record SubscriptionPastDue(
    Guid SubscriptionId, Guid MemberId, string Tier, Guid OrderId, int Attempt, DateTimeOffset NextAttempt, long MonthlyAmount, string Currency,
    long Version, DateTimeOffset At);

/// <summary>The member has no tier by it until it is resumed.</summary>
public sealed record SubscriptionPaused(Guid SubscriptionId, Guid MemberId, string Tier, long Version, DateTimeOffset At);

/// <param name="MonthlyAmount">From now on, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record SubscriptionResumed(
    Guid SubscriptionId, Guid MemberId, string Tier, long MonthlyAmount, string Currency, DateTimeOffset? PeriodEnd, long Version, DateTimeOffset At);

/// <summary>The member has no tier by it any more.</summary>
/// <param name="Because">cancelled, unpaid, refunded, expired, revoked or declined.</param>
public sealed record SubscriptionEnded(Guid SubscriptionId, Guid MemberId, Guid PlanId, string Tier, string Because, long Version, DateTimeOffset At);
