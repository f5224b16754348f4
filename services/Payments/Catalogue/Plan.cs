using System.Diagnostics;
using Community.EventStore;

namespace Community.Payments.Catalogue;

public enum PlanInterval
{
    Month,
    Year,
    Once
}

/// <summary>What a subscriber pays, for what, and how often.</summary>
/// <param name="Price">Of one interval.</param>
public sealed record Terms(Guid PlanId, string Name, string Tier, Money Price, PlanInterval Interval)
{
    /// <summary>The rate of the tax that the price includes; null: none.</summary>
    public decimal? TaxPercent { get; init; }

    /// <summary>The length of a pass: paid once, over by itself. Null: once is for good.</summary>
    public int? Days { get; init; }

    /// <summary>Calendar months of one interval; zero: it does not renew.</summary>
    internal int Months => Interval switch { PlanInterval.Month => 1, PlanInterval.Year => 12, PlanInterval.Once => 0 };

    internal bool IsForGood => Months == 0 && Days is null;

    /// <summary>Of the first period. Null: never.</summary>
    internal DateTimeOffset? EndFrom(DateTimeOffset start) => Days is { } days ? start.AddDays(days) : Months > 0 ? start.AddMonths(Months) : null;
}

public abstract record PlanEvent
{
    private protected PlanEvent() { }
}

[EventType("plan-offered.v1")]
public sealed record PlanOffered(Terms Terms, int TrialDays, DateTimeOffset At) : PlanEvent;

/// <summary>Nobody subscribes any more; who has, goes on.</summary>
[EventType("plan-withdrawn.v1")]
public sealed record PlanWithdrawn(DateTimeOffset At) : PlanEvent;

internal abstract record PlanCommand;

internal sealed record OfferPlan(Terms Terms, int TrialDays, DateTimeOffset At) : PlanCommand;

internal sealed record WithdrawPlan(DateTimeOffset At) : PlanCommand;

internal enum PlanStatus
{
    Unknown,
    Offered,
    Withdrawn
}

/// <summary>A way to subscribe. Its terms never change: another price is another plan, so that nobody's price changes unasked.</summary>
internal sealed record Plan(PlanStatus Status)
{
    public static readonly Decider<Plan, PlanCommand, PlanEvent> Decider = new(new Plan(PlanStatus.Unknown), Decide, Evolve);

    public Terms? Terms { get; init; }

    public int TrialDays { get; init; }

    public static Guid Stream(Guid planId) => planId;

    private static Decision<PlanEvent> Decide(Plan plan, PlanCommand command) => (plan.Status, command) switch
    {
        (PlanStatus.Unknown, OfferPlan { TrialDays: > 0, Terms.Interval: PlanInterval.Once }) =>
            new Rejection("plan-without-renewal", "What is paid once has no trial."),
        (PlanStatus.Unknown, OfferPlan { Terms: { Days: not null, Interval: not PlanInterval.Once } }) =>
            new Rejection("plan-renews", "Only what is paid once has a fixed length."),
        (PlanStatus.Unknown, OfferPlan c) => new PlanOffered(c.Terms, c.TrialDays, c.At),
        (_, OfferPlan) => Decision.Nothing,
        (PlanStatus.Unknown, WithdrawPlan) => Rejection.NotFound,
        (PlanStatus.Offered, WithdrawPlan c) => new PlanWithdrawn(c.At),
        (_, WithdrawPlan) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a plan.")
    };

    private static Plan Evolve(Plan plan, PlanEvent @event) => @event switch
    {
        PlanOffered e => new Plan(PlanStatus.Offered) { Terms = e.Terms, TrialDays = e.TrialDays },
        PlanWithdrawn => plan with { Status = PlanStatus.Withdrawn },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a plan.")
    };
}
