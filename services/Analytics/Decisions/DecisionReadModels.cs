using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Analytics.Decisions;

/// <param name="MeasureAt">When its outcome can be told; null: not resolved, or told already.</param>
internal sealed record DecisionInList(Guid Id, DecisionOpened Opened, DateTimeOffset OpenedAt, string Family, bool Lapsed, DecisionResolved? Resolved, DecisionMeasured? Measured)
{
    public bool Open { get; init; }

    public DateTimeOffset? MeasureAt { get; init; }
}

internal sealed partial class DecisionList : SingleStreamProjection<DecisionInList, Guid>
{
    public static DecisionInList Create(IEvent<DecisionOpened> e) =>
        new(e.StreamId, e.Data, e.Data.At, e.Data.Family, false, null, null) { Open = true };

    public static DecisionInList Apply(DecisionLapsed _, DecisionInList decision) => decision with { Lapsed = true, Open = false };

    public static DecisionInList Apply(DecisionResolved e, DecisionInList decision) =>
        decision with { Resolved = e, Open = false, MeasureAt = e.At.AddDays(Outcomes.WindowDays + 1) };

    public static DecisionInList Apply(DecisionMeasured e, DecisionInList decision) => decision with { Measured = e, MeasureAt = null };
}
