namespace Community.Payments.Subscriptions;

/// <summary>
/// An amount that is earned in equal parts, one at the end of each day of 24 hours. What does not divide goes to the first
/// days, one minor unit each: the largest remainder method, where all remainders are equal.
/// </summary>
/// <param name="From">When the first day begins.</param>
/// <param name="Days">At least one.</param>
public sealed record Earning(DateTimeOffset From, int Days, Money Amount)
{
    /// <summary>Over a period of whole days, as calendar months in UTC are.</summary>
    internal static Earning Over(DateTimeOffset start, DateTimeOffset end, Money amount) =>
        new(start, Math.Max(1, (int)(end - start).TotalDays), amount);

    internal int DaysBy(DateTimeOffset at) => (int)Math.Clamp(Math.Floor((at - From).TotalDays), 0, Days);

    internal Money EarnedBy(DateTimeOffset at) => Amount with { Amount = First(DaysBy(at)) };

    internal Money Unearned(DateTimeOffset at) => Amount.Less(EarnedBy(at));

    /// <summary>What the days not yet over would earn of another amount for the whole.</summary>
    internal Money ShareLeft(Money whole, int periodDays, DateTimeOffset at) =>
        whole with { Amount = whole.Amount - Parts(whole.Amount, periodDays, periodDays - (Days - DaysBy(at))) };

    /// <summary>The days not yet over, with what they earn, begun anew at an instant into the running day.</summary>
    internal Earning Rest(DateTimeOffset at, Money amount, TimeSpan later = default) =>
        new(From.AddDays(DaysBy(at)) + later, Math.Max(1, Days - DaysBy(at)), amount);

    private long First(int days) => Parts(Amount.Amount, Days, days);

    private static long Parts(long amount, int days, int first) => (amount / days * first) + Math.Min(first, amount % days);
}
