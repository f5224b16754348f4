using System.Globalization;

namespace Community.Oracle;

public sealed record Triple(string Member, DateTimeOffset At, string Kind);

public enum Period
{
    Day,
    Week,
    Month,
}

public enum RetentionMode
{
    On,
    OnOrAfter,
}

public sealed record ActivityPeriod(DateOnly Start, int Active, IReadOnlyDictionary<string, int> Counts);

public sealed record StickinessMonth(DateOnly Start, double Dau, int Mau, double Stickiness);

public sealed record Cohort(DateOnly Start, int Size, IReadOnlyList<int> Active);

public sealed record LifecyclePeriod(DateOnly Start, int New, int Returning, int Resurrecting, int Dormant);

/// <summary>
/// What the analytics service should answer, computed a second time and in another way: plain loops over triples, by the
/// definitions of the API and nothing else. All periods are UTC; weeks start on Monday.
/// </summary>
/// <remarks>
/// <c>from</c> and <c>to</c> are dates, both inclusive. What happened after <c>to</c> is not known to any answer. What happened
/// before <c>from</c> is not shown, but is remembered: it decides who is new, and whose first activity it was.
/// Both are clipped to the first and last activity there is; between them every list runs without holes.
/// </remarks>
public static class Expected
{
    public static IReadOnlyList<Triple> Read(string dumpDirectory, Func<long, string>? memberId = null) =>
        StackExchangeDump.Read(dumpDirectory, memberId ?? (id => id.ToString(CultureInfo.InvariantCulture)));

    public static IReadOnlyList<ActivityPeriod> Activity(IReadOnlyList<Triple> triples, Period period, DateOnly? from = null, DateOnly? to = null)
    {
        var answer = new List<ActivityPeriod>();
        foreach (var start in Shown(triples, period, from, to))
        {
            var members = new HashSet<string>();
            var counts = new Dictionary<string, int>();
            foreach (var triple in triples)
            {
                if (StartOf(period, Day(triple)) != start || !Within(Day(triple), from, to))
                    continue;

                members.Add(triple.Member);
                counts[triple.Kind] = counts.GetValueOrDefault(triple.Kind) + 1;
            }

            answer.Add(new ActivityPeriod(start, members.Count, counts));
        }

        return answer;
    }

    /// <summary>A month without activity has stickiness 0.</summary>
    public static IReadOnlyList<StickinessMonth> Stickiness(IReadOnlyList<Triple> triples, DateOnly? from = null, DateOnly? to = null)
    {
        var answer = new List<StickinessMonth>();
        foreach (var start in Shown(triples, Period.Month, from, to))
        {
            var ofMonth = new HashSet<string>();
            var ofDays = new HashSet<(DateOnly, string)>();
            foreach (var triple in triples)
            {
                if (StartOf(Period.Month, Day(triple)) != start || !Within(Day(triple), from, to))
                    continue;

                ofMonth.Add(triple.Member);
                ofDays.Add((Day(triple), triple.Member));
            }

            var dau = ofDays.Count / (double)DateTime.DaysInMonth(start.Year, start.Month);
            answer.Add(new StickinessMonth(start, dau, ofMonth.Count, ofMonth.Count == 0 ? 0 : dau / ofMonth.Count));
        }

        return answer;
    }

    /// <summary>A cohort without members is not listed.</summary>
    public static IReadOnlyList<Cohort> Retention(IReadOnlyList<Triple> triples, Period period, DateOnly? from, DateOnly? to, RetentionMode mode)
    {
        var periods = Shown(triples, period, null, to);
        var answer = new List<Cohort>();
        for (var c = 0; c < periods.Count; c++)
        {
            var cohort = new List<HashSet<int>>();
            foreach (var (first, active) in Histories(triples, period, periods, to))
            {
                if (StartOf(period, first) == periods[c] && Within(first, from, to))
                    cohort.Add(active);
            }

            if (cohort.Count == 0)
                continue;

            var cells = new List<int>();
            for (var p = c; p < periods.Count; p++)
            {
                var cell = 0;
                foreach (var active in cohort)
                {
                    if (mode == RetentionMode.On ? active.Contains(p) : active.Max() >= p)
                        cell++;
                }

                cells.Add(cell);
            }

            answer.Add(new Cohort(periods[c], cohort.Count, cells));
        }

        return answer;
    }

    public static IReadOnlyList<LifecyclePeriod> Lifecycle(IReadOnlyList<Triple> triples, Period period, DateOnly? from = null, DateOnly? to = null)
    {
        var periods = Shown(triples, period, null, to);
        var shown = Shown(triples, period, from, to);
        var answer = new List<LifecyclePeriod>();
        for (var p = 0; p < periods.Count; p++)
        {
            var (fresh, returning, resurrecting, dormant) = (0, 0, 0, 0);
            foreach (var (_, active) in Histories(triples, period, periods, to))
            {
                if (active.Contains(p) && active.Min() == p)
                    fresh++;
                else if (active.Contains(p) && active.Contains(p - 1))
                    returning++;
                else if (active.Contains(p))
                    resurrecting++;
                else if (active.Contains(p - 1))
                    dormant++;
            }

            if (shown.Contains(periods[p]))
                answer.Add(new LifecyclePeriod(periods[p], fresh, returning, resurrecting, dormant));
        }

        return answer;
    }

    /// <summary>For each member: the day of the first activity, and the numbers of the periods with activity.</summary>
    private static List<(DateOnly First, HashSet<int> Active)> Histories(IReadOnlyList<Triple> triples, Period period, List<DateOnly> periods, DateOnly? to)
    {
        var numbers = new Dictionary<DateOnly, int>();
        for (var p = 0; p < periods.Count; p++)
            numbers[periods[p]] = p;

        var histories = new Dictionary<string, (DateOnly First, HashSet<int> Active)>();
        foreach (var triple in triples)
        {
            var day = Day(triple);
            if (!Within(day, null, to))
                continue;

            var (first, active) = histories.TryGetValue(triple.Member, out var known) ? known : (day, []);
            active.Add(numbers[StartOf(period, day)]);
            histories[triple.Member] = (day < first ? day : first, active);
        }

        return [.. histories.Values];
    }

    private static List<DateOnly> Shown(IReadOnlyList<Triple> triples, Period period, DateOnly? from, DateOnly? to)
    {
        DateOnly? earliest = null, latest = null;
        foreach (var triple in triples)
        {
            var day = Day(triple);
            earliest = earliest is null || day < earliest ? day : earliest;
            latest = latest is null || day > latest ? day : latest;
        }

        var periods = new List<DateOnly>();
        if (earliest is null || latest is null)
            return periods;

        var begin = from > earliest ? from.Value : earliest.Value;
        var end = to < latest ? to.Value : latest.Value;
        for (var start = StartOf(period, begin); start <= end; start = Next(period, start))
            periods.Add(start);

        return periods;
    }

    private static bool Within(DateOnly day, DateOnly? from, DateOnly? to) => (from is null || day >= from) && (to is null || day <= to);

    private static DateOnly Day(Triple triple) => DateOnly.FromDateTime(triple.At.UtcDateTime);

    private static DateOnly StartOf(Period period, DateOnly day) => period switch
    {
        Period.Day => day,
        Period.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
        Period.Month => new DateOnly(day.Year, day.Month, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(period)),
    };

    private static DateOnly Next(Period period, DateOnly start) => period switch
    {
        Period.Day => start.AddDays(1),
        Period.Week => start.AddDays(7),
        Period.Month => start.AddMonths(1),
        _ => throw new ArgumentOutOfRangeException(nameof(period)),
    };
}
