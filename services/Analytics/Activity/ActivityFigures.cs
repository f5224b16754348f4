using Community.Analytics.Exports;

namespace Community.Analytics.Activity;

/// <param name="Complete">False: the period is not over yet, or the range ends within it.</param>
internal sealed record ActivityPeriod(DateOnly Start, long Active, IReadOnlyDictionary<string, long> Counts, bool Complete);

/// <param name="Dau">Mean daily active members over all days of the month.</param>
/// <param name="Mau">Members active in the month.</param>
internal sealed record StickinessMonth(DateOnly Start, double Dau, long Mau, double Stickiness, bool Complete);

/// <param name="TimeZone">In which days begin: after a change of the community's zone the one before, until all is counted anew.</param>
internal sealed record ActivityAnswer(IReadOnlyList<ActivityPeriod> Periods, IReadOnlyList<StickinessMonth> Stickiness, string TimeZone) : ITabular
{
    public Table ToTable()
    {
        var kinds = Periods.SelectMany(period => period.Counts.Keys).Distinct().Order(StringComparer.Ordinal).ToList();

        return new(
            ["start", "active", .. kinds, "complete"],
            Periods.Select(period => (IReadOnlyList<object?>)[period.Start, period.Active, .. kinds.Select(kind => (object)period.Counts.GetValueOrDefault(kind)), period.Complete]));
    }
}

/// <inheritdoc cref="ActivityAnswer"/>
internal sealed record LifecycleAnswer(IReadOnlyList<LifecyclePeriod> Periods, string TimeZone) : ITabular
{
    public Table ToTable() => new(
        ["start", "new", "returning", "resurrecting", "dormant", "complete"],
        Periods.Select(p => (IReadOnlyList<object?>)[p.Start, p.New, p.Returning, p.Resurrecting, p.Dormant, p.Complete]));
}

internal sealed record KindCount(DateOnly Start, string Kind, long Count);

internal sealed record PeriodCount(DateOnly Start, long Count);

/// <summary>Activity by kind, active members, and stickiness.</summary>
internal static class ActivityFigures
{
    public static Task<IReadOnlyList<KindCount>> Kinds(this ActivitySnapshot snapshot, FigureShape shape, CancellationToken ct) => snapshot.Rows<KindCount>(
        """
        select date_trunc(@period, day::timestamp)::date as start, kind, sum(count)::bigint as count
        from member_days where day between @From and @To group by 1, 2
        """, Of(shape), ct);

    public static Task<IReadOnlyList<PeriodCount>> Active(this ActivitySnapshot snapshot, FigureShape shape, CancellationToken ct) => snapshot.Rows<PeriodCount>(
        """
        select start, count(*) as count
        from (select distinct date_trunc(@period, day::timestamp)::date as start, member_id from member_days where day between @From and @To) active
        group by start
        """, Of(shape), ct);

    /// <summary>Members active on a day, summed over the days of each period.</summary>
    public static Task<IReadOnlyList<PeriodCount>> ActiveDays(this ActivitySnapshot snapshot, FigureShape shape, CancellationToken ct) => snapshot.Rows<PeriodCount>(
        """
        select date_trunc(@period, day::timestamp)::date as start, count(*) as count
        from (select distinct day, member_id from member_days where day between @From and @To) active
        group by 1
        """, Of(shape), ct);

    public static IReadOnlyList<ActivityPeriod> Activity(this FigureShape shape, IEnumerable<KindCount> kinds, IEnumerable<PeriodCount> active)
    {
        var byKind = kinds.ToLookup(row => row.Start);
        var byStart = active.ToDictionary(row => row.Start, row => row.Count);

        return [.. shape.Shown.Select(start => new ActivityPeriod(
            start, byStart.GetValueOrDefault(start), byKind[start].OrderBy(row => row.Kind, StringComparer.Ordinal).ToDictionary(row => row.Kind, row => row.Count),
            shape.IsComplete(start)))];
    }

    /// <summary>Of a shape in months.</summary>
    public static IReadOnlyList<StickinessMonth> Stickiness(this FigureShape months, IEnumerable<PeriodCount> activeDays, IEnumerable<PeriodCount> active)
    {
        var days = activeDays.ToDictionary(row => row.Start, row => row.Count);
        var members = active.ToDictionary(row => row.Start, row => row.Count);

        return [.. months.Shown.Select(start =>
        {
            var mau = members.GetValueOrDefault(start);
            var dau = days.GetValueOrDefault(start) / (double)DateTime.DaysInMonth(start.Year, start.Month);

            return new StickinessMonth(start, dau, mau, mau == 0 ? 0 : dau / mau, months.IsComplete(start));
        })];
    }

    private static object Of(FigureShape shape) => new { period = shape.Period.Word(), shape.Range.From, shape.Range.To };
}
