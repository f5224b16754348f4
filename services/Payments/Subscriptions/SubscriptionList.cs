using Community.Payments.Catalogue;
using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Payments.Subscriptions;

internal enum SubscriptionStatus
{
    Trialing,
    Active,
    PastDue,
    Paused,
    Cancelled,
    Ended
}

/// <summary>A subscription as the lists show it, and when time has something to do on it.</summary>
/// <param name="Id">Its stream.</param>
/// <param name="DueAt">Null: time does nothing.</param>
internal sealed record SubscriptionInList(
    Guid Id, Guid SubscriptionId, Guid MemberId, Terms Terms, SubscriptionSource Source, SubscriptionStatus Status, Period Period,
    Guid? OpenOrderId, DateTimeOffset? DueAt, bool OnTrial);

internal sealed partial class SubscriptionList : SingleStreamProjection<SubscriptionInList, Guid>
{
    public static SubscriptionInList Create(IEvent<SubscriptionStarted> e) => new(
        e.StreamId, e.Data.SubscriptionId, e.Data.MemberId, e.Data.Terms, e.Data.Source,
        e.Data.Source == SubscriptionSource.Trial ? SubscriptionStatus.Trialing : SubscriptionStatus.Active, e.Data.Period, null, e.Data.Period.End,
        e.Data.Source == SubscriptionSource.Trial);

    public static SubscriptionInList Apply(RenewalDue e, SubscriptionInList s) => s with { OpenOrderId = e.OrderId, DueAt = e.NextAttempt };

    public static SubscriptionInList Apply(SubscriptionPastDue e, SubscriptionInList s) => s with { Status = SubscriptionStatus.PastDue, DueAt = e.NextAttempt };

    public static SubscriptionInList Apply(SubscriptionRenewed e, SubscriptionInList s) =>
        s with { Status = SubscriptionStatus.Active, Period = e.Period, OpenOrderId = null, DueAt = e.Period.End, OnTrial = false };

    public static SubscriptionInList Apply(SubscriptionCancelled _, SubscriptionInList s) => s with { Status = SubscriptionStatus.Cancelled };

    public static SubscriptionInList Apply(CancellationWithdrawn _, SubscriptionInList s) =>
        s with { Status = s.OnTrial ? SubscriptionStatus.Trialing : SubscriptionStatus.Active };

    public static SubscriptionInList Apply(SubscriptionPaused _, SubscriptionInList s) => s with { Status = SubscriptionStatus.Paused, DueAt = null };

    public static SubscriptionInList Apply(SubscriptionResumed e, SubscriptionInList s) =>
        s with { Status = SubscriptionStatus.Active, Period = e.Period, DueAt = e.Period.End };

    public static SubscriptionInList Apply(SubscriptionBroughtForward e, SubscriptionInList s) => s with { Period = e.Period, DueAt = e.Period.End };

    public static SubscriptionInList Apply(PlanChangeAsked e, SubscriptionInList s) => s with { OpenOrderId = e.OrderId };

    public static SubscriptionInList Apply(SubscriptionChanged e, SubscriptionInList s) =>
        s with { Terms = e.To, Period = e.Period, OpenOrderId = null, DueAt = e.Period.End };

    public static SubscriptionInList Apply(PlanChangeUndone e, SubscriptionInList s) =>
        s with { Terms = e.To, Period = e.Period, OpenOrderId = null, DueAt = e.Paused ? null : e.Period.End };

    public static SubscriptionInList Apply(SubscriptionEnded _, SubscriptionInList s) =>
        s with { Status = SubscriptionStatus.Ended, OpenOrderId = null, DueAt = null };
}
