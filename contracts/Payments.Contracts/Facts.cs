namespace Community.Payments.Contracts;

/// <summary>One bought thing.</summary>
/// <param name="Kind">What <paramref name="SubjectId"/> is: <c>content</c>.</param>
/// <param name="Amount">Price of the whole line, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record OrderLine(Guid ProductId, string Kind, Guid SubjectId, int Quantity, long Amount, string Currency);

public sealed record OrderPlaced(Guid OrderId, Guid MemberId, DateTimeOffset At);

/// <summary>The whole order is paid. An order is paid at most once.</summary>
/// <param name="Amount">In minor units: the sum of the lines.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record OrderPaid(
    Guid OrderId, Guid MemberId, OrderLine[] Lines, long Amount, string Currency, DateTimeOffset At);

/// <summary>Money of a paid order goes back; an order may be refunded in several parts.</summary>
/// <param name="Lines">All lines of the order.</param>
/// <param name="Amount">What goes back this time, in minor units.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Whole">Nothing of what was paid is left now.</param>
public sealed record OrderRefunded(
    Guid OrderId, Guid MemberId, OrderLine[] Lines, long Amount, string Currency, bool Whole, DateTimeOffset At);

/// <summary>The member has what was redeemed for points.</summary>
public sealed record RewardGiven(Guid RedemptionId, Guid MemberId, DateTimeOffset At);

/// <summary>It cannot be given.</summary>
/// <param name="Because">A code: <c>plan-unknown</c>, <c>member-unknown</c>, <c>subscription-held</c>.</param>
public sealed record RewardRefused(Guid RedemptionId, Guid MemberId, string Because, DateTimeOffset At);

public sealed record RewardTakenBack(Guid RedemptionId, Guid MemberId, DateTimeOffset At);

/// <summary>It was used, and is not taken back.</summary>
public sealed record RewardKept(Guid RedemptionId, Guid MemberId, DateTimeOffset At);
