using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Community.EventStore;

namespace Community.Incentives.Rewards;

public abstract record BudgetEvent
{
    private protected BudgetEvent() { }
}

/// <param name="PointsPerMonth">Rewards for so many points at most in a month of the community; null: for any number.</param>
[EventType("reward-budget-set.v1")]
public sealed record RewardBudgetSet(int? PointsPerMonth, DateTimeOffset At) : BudgetEvent;

internal static class RewardBudget
{
    public static readonly Guid Stream = StreamId.Of("reward-budget", "all");

    public static readonly Decider<RewardBudgetSet?, RewardBudgetSet, BudgetEvent> Decider = new(
        null, (now, set) => now?.PointsPerMonth == set.PointsPerMonth ? Decision.Nothing : set, (_, @event) => (RewardBudgetSet)@event);
}

public abstract record MonthEvent
{
    private protected MonthEvent() { }
}

/// <param name="Spent">In the month, with this.</param>
[EventType("reward-month-charged.v1")]
public sealed record RewardMonthCharged(Guid RedemptionId, int Points, long Spent, DateTimeOffset At) : MonthEvent;

/// <summary>A redemption of the month was cancelled.</summary>
[EventType("reward-month-released.v1")]
public sealed record RewardMonthReleased(Guid RedemptionId, long Spent, DateTimeOffset At) : MonthEvent;

internal abstract record MonthCommand;

/// <param name="SpentBefore">In the month, by redemptions before there was a budget.</param>
internal sealed record ChargeMonth(Guid RedemptionId, int Points, int Budget, long SpentBefore, DateTimeOffset At) : MonthCommand;

internal sealed record ReleaseMonth(Guid RedemptionId, DateTimeOffset At) : MonthCommand;

/// <summary>What was spent on rewards in a month that has a budget: one after the other, so that nobody spends what is gone.</summary>
internal sealed record RewardMonth(long? Spent, ImmutableDictionary<Guid, int> Charged)
{
    public static readonly Decider<RewardMonth, MonthCommand, MonthEvent> Decider = new(new(null, ImmutableDictionary<Guid, int>.Empty), Decide, Evolve);

    public static Guid Stream(DateOnly day) => StreamId.Of("reward-month", day.ToString("yyyy-MM", CultureInfo.InvariantCulture));

    private static Decision<MonthEvent> Decide(RewardMonth month, MonthCommand command) => command switch
    {
        ChargeMonth c when month.Charged.ContainsKey(c.RedemptionId) => Decision.Nothing,
        ChargeMonth c when (month.Spent ?? c.SpentBefore) + c.Points > c.Budget => new Rejection("budget-spent", "What the community gives in a month is given. Try again next month."),
        ChargeMonth c => new RewardMonthCharged(c.RedemptionId, c.Points, (month.Spent ?? c.SpentBefore) + c.Points, c.At),
        ReleaseMonth c when month.Charged.TryGetValue(c.RedemptionId, out var points) => new RewardMonthReleased(c.RedemptionId, month.Spent!.Value - points, c.At),
        ReleaseMonth => Decision.Nothing,
        _ => throw new UnreachableException()
    };

    private static RewardMonth Evolve(RewardMonth month, MonthEvent @event) => @event switch
    {
        RewardMonthCharged e => new(e.Spent, month.Charged.SetItem(e.RedemptionId, e.Points)),
        RewardMonthReleased e => new(e.Spent, month.Charged.Remove(e.RedemptionId)),
        _ => throw new UnreachableException()
    };
}
