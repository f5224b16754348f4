using Community.Analytics.Activity;
using Community.Analytics.Exports;

namespace Community.Analytics.Retention;

internal enum RetentionMode { On, OnOrAfter }

/// <summary>By what members are grouped: the period of their first activity, of joining, of their first payment.</summary>
internal enum CohortBy { Activity, Joining, Payment }

/// <param name="Size">Members of the cohort, also those who were never active.</param>
/// <param name="Active">Members active in the k-th period after the cohort's, from k = 0 on; periods to come are not there.</param>
/// <param name="Complete">False: the last of these periods is not over yet, or the range ends within it.</param>
internal sealed record Cohort(DateOnly Start, long Size, IReadOnlyList<long> Active, bool Complete);

/// <inheritdoc cref="ActivityAnswer"/>
internal sealed record RetentionAnswer(IReadOnlyList<Cohort> Cohorts, string TimeZone) : ITabular
{
    public Table ToTable() => new(
        ["start", "size", .. Enumerable.Range(0, Cohorts.Select(cohort => cohort.Active.Count).DefaultIfEmpty().Max()).Select(k => $"{k}"), "complete"],
        Cohorts.Select(cohort => (IReadOnlyList<object?>)
        [
            cohort.Start, cohort.Size, .. cohort.Active.Cast<object?>(),
            .. Enumerable.Repeat<object?>(null, Cohorts.Max(c => c.Active.Count) - cohort.Active.Count), cohort.Complete
        ]));
}

/// <summary>How many members of a cohort were active in a period, or, for "on or after", were so for the last time; without a period: all of them.</summary>
internal sealed record CohortCount(DateOnly Cohort, DateOnly? Start, long Count);

/// <param name="Zone">In which the instants of joining and paying become days.</param>
internal sealed record RetentionQuestion(CohortBy By, RetentionMode Mode, string Zone)
{
    /// <summary>
    /// Whether whole periods answer it: no range, or one that begins and ends with a period. "On or after" must know the last
    /// activity within the range, so that it is so only where nothing comes later.
    /// </summary>
    public bool IsOfWholePeriods(FigureShape shape)
    {
        var (from, to) = (shape.Range.From, shape.Range.To);
        var endsWithData = to >= shape.Extent.To;
        var endsWithPeriod = to == DateOnly.MaxValue || shape.Period.StartOf(to.AddDays(1)) == to.AddDays(1);
        var beginsWithPeriod = shape.Period.StartOf(from) == from;

        return By == CohortBy.Activity
            ? (beginsWithPeriod || from <= shape.Extent.From) && (endsWithData || (endsWithPeriod && Mode == RetentionMode.On))
            : beginsWithPeriod && endsWithPeriod && (endsWithData || Mode == RetentionMode.On);
    }
}

internal static class RetentionFigures
{
    /// <summary>A CTE <c>members (member_id, cohort)</c>.</summary>
    internal static string Members(CohortBy by) => by == CohortBy.Activity
        ? """
          members as (
              select member_id, min(start) as cohort from member_periods where period = @period and first_day <= @To group by member_id having min(first_day) >= @From)
          """
        : """
          members as (
              select member_id, date_trunc(@period, at at time zone @zone)::date as cohort from member_starts
              where kind = @by and at >= (@From::timestamp at time zone @zone) and at < ((@To::date + 1)::timestamp at time zone @zone))
          """;

    public static async Task<IReadOnlyList<Cohort>> Cohorts(this ActivitySnapshot snapshot, FigureShape shape, RetentionQuestion question, CancellationToken ct)
    {
        var last = question.Mode == RetentionMode.OnOrAfter;
        var sql = question.IsOfWholePeriods(shape) && await snapshot.HasCells(ct) ? OfCells(last) : OfMembers(question.By, last);
        var rows = await snapshot.Rows<CohortCount>(
            sql, new { period = shape.Period.Word(), shape.Range.From, shape.Range.To, zone = question.Zone, by = Web.EnumWords.ToWord(question.By) }, ct);

        return shape.Cohorts(rows, last);
    }

    // As many rows as the answer has numbers, however many members and activities there are.
    private static string OfCells(bool last) =>
        $"""
        select cohort, null::date as start, size as count from retention_cells
        where cohort_by = @by and period = @period and start = cohort and cohort between date_trunc(@period, @From::timestamp)::date and @To and size > 0
        union all
        select cohort, start, {(last ? "last" : "active")} from retention_cells
        where cohort_by = @by and period = @period and cohort between date_trunc(@period, @From::timestamp)::date and @To and start <= @To and {(last ? "last" : "active")} > 0
        """;

    // One row for each member and period that lies in the range.
    private static string OfMembers(CohortBy by, bool last) =>
        $"""
        with {Members(by)},
        seen as (select member_id, start from member_periods where period = @period and first_day <= @To),
        cells as (
            select member_id, cohort, {(last ? "max(start) as start" : "start")} from members join seen using (member_id)
            where start >= cohort {(last ? "group by member_id, cohort" : "")})
        select cohort, null::date as start, count(*) as count from members group by cohort
        union all select cohort, start, count(*) from cells group by cohort, start
        """;

    private static IReadOnlyList<Cohort> Cohorts(this FigureShape shape, IEnumerable<CohortCount> rows, bool last) =>
    [
        .. from row in rows
           group row by row.Cohort into cohort
           orderby cohort.Key
           let counts = cohort.Where(row => row.Start is not null).ToDictionary(row => row.Start!.Value, row => row.Count)
           let cells = shape.Period.Between(cohort.Key, shape.End).Select(start => counts.GetValueOrDefault(start)).ToList()
           select new Cohort(
               cohort.Key, cohort.Single(row => row.Start is null).Count, last ? SumFromEnd(cells) : cells, shape.IsComplete(shape.Period.StartOf(shape.End)))
    ];

    private static List<long> SumFromEnd(List<long> cells)
    {
        for (var k = cells.Count - 2; k >= 0; k--)
        {
            cells[k] += cells[k + 1];
        }

        return cells;
    }
}
