namespace Community.Analytics.Figures;

/// <param name="Complete">False: the period is not over yet, or the range ends within it.</param>
internal sealed record ActivityPeriod(DateOnly Start, long Active, IReadOnlyDictionary<string, long> Counts, bool Complete);

/// <param name="Dau">Mean daily active members over all days of the month.</param>
/// <param name="Mau">Members active in the month.</param>
internal sealed record StickinessMonth(DateOnly Start, double Dau, long Mau, double Stickiness, bool Complete);

/// <param name="TimeZone">In which days begin: after a change of the community's zone the one before, until all is counted anew.</param>
internal sealed record ActivityAnswer(IReadOnlyList<ActivityPeriod> Periods, IReadOnlyList<StickinessMonth> Stickiness, string TimeZone);

/// <param name="Active">Members active in the k-th period after the first, from k = 0 on.</param>
/// <param name="Complete">False: the last of these periods is not over yet, or the range ends within it.</param>
internal sealed record Cohort(DateOnly Start, long Size, IReadOnlyList<long> Active, bool Complete);

/// <inheritdoc cref="ActivityAnswer"/>
internal sealed record RetentionAnswer(IReadOnlyList<Cohort> Cohorts, string TimeZone);

internal sealed record LifecyclePeriod(DateOnly Start, long New, long Returning, long Resurrecting, long Dormant, bool Complete);

/// <inheritdoc cref="ActivityAnswer"/>
internal sealed record LifecycleAnswer(IReadOnlyList<LifecyclePeriod> Periods, string TimeZone);

/// <summary>From sums of the read model to what is answered, without holes. Definitions: the end of the API's document.</summary>
/// <param name="Extent">From the first to the last day with activity: ranges are clipped to it.</param>
/// <param name="LastWholeDay">The last day that is over and within the range.</param>
internal sealed record FigureBuilder(Period Period, Range Range, Range Extent, DateOnly LastWholeDay)
{
    // What is before the range is not shown, but remembered: it decides who is new.
    private IEnumerable<DateOnly> Shown => Period.Between(Range.From > Extent.From ? Range.From : Extent.From, End);

    private DateOnly End => Range.To < Extent.To ? Range.To : Extent.To;

    public IReadOnlyList<ActivityPeriod> Activity(IEnumerable<KindCount> kinds, IEnumerable<PeriodCount> active)
    {
        var byKind = kinds.ToLookup(row => row.Start);
        var byStart = active.ToDictionary(row => row.Start, row => row.Count);

        return [.. Shown.Select(start => new ActivityPeriod(
            start, byStart.GetValueOrDefault(start), byKind[start].OrderBy(row => row.Kind, StringComparer.Ordinal).ToDictionary(row => row.Kind, row => row.Count), IsComplete(start)))];
    }

    public IReadOnlyList<StickinessMonth> Stickiness(IEnumerable<PeriodCount> activeDays, IEnumerable<PeriodCount> active)
    {
        var days = activeDays.ToDictionary(row => row.Start, row => row.Count);
        var members = active.ToDictionary(row => row.Start, row => row.Count);

        return [.. Shown.Select(start =>
        {
            var mau = members.GetValueOrDefault(start);
            var dau = days.GetValueOrDefault(start) / (double)DateTime.DaysInMonth(start.Year, start.Month);

            return new StickinessMonth(start, dau, mau, mau == 0 ? 0 : dau / mau, IsComplete(start));
        })];
    }

    public IReadOnlyList<Cohort> Cohorts(IEnumerable<CohortCount> rows, bool last) =>
    [
        .. from row in rows
           group row by row.Cohort into cohort
           orderby cohort.Key
           let counts = cohort.ToDictionary(row => row.Start, row => row.Count)
           let cells = Period.Between(cohort.Key, End).Select(start => counts.GetValueOrDefault(start)).ToList()
           let active = last ? SumFromEnd(cells) : cells
           select new Cohort(cohort.Key, active[0], active, IsComplete(Period.StartOf(End)))
    ];

    public IReadOnlyList<LifecyclePeriod> Lifecycle(IEnumerable<ArrivalCount> rows)
    {
        var byStart = rows.ToDictionary(row => row.Start);
        var answer = new List<LifecyclePeriod>();
        long activeBefore = 0;

        foreach (var start in Period.Between(Extent.From, End))
        {
            var row = byStart.GetValueOrDefault(start, new ArrivalCount(start, 0, 0, 0));
            answer.Add(new LifecyclePeriod(start, row.Fresh, row.Returning, row.Resurrecting, activeBefore - row.Returning, IsComplete(start)));
            activeBefore = row.Fresh + row.Returning + row.Resurrecting;
        }

        var shown = Shown.ToHashSet();

        return answer.FindAll(period => shown.Contains(period.Start));
    }

    private static List<long> SumFromEnd(List<long> cells)
    {
        for (var k = cells.Count - 2; k >= 0; k--)
        {
            cells[k] += cells[k + 1];
        }

        return cells;
    }

    private bool IsComplete(DateOnly start) => Period.Next(start).AddDays(-1) <= LastWholeDay;
}
