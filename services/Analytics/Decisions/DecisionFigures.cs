using Community.Analytics.Activity;
using Community.Analytics.Forecasts;
using Community.Analytics.Ingestion;

namespace Community.Analytics.Decisions;

/// <summary>Reads what rules and outcomes are about: nothing that is later than the day that is asked about.</summary>
internal static class DecisionFigures
{
    private sealed record Window(long Active, long Ratings, double? MeanRating, long Regulars, long Silent);

    /// <summary>Null: there is no activity yet.</summary>
    public static async Task<Evidence?> Evidence(this ActivitySnapshot snapshot, DateTimeOffset now, CancellationToken ct)
    {
        var zone = await snapshot.TimeZone(ct);
        var today = Calendar.DayIn(zone, now);

        if (await snapshot.Extent(ct) is not { } extent || extent.From > today)
        {
            return null;
        }

        var running = Period.Month.StartOf(today);
        var past = await Past.Read(Period.Month, snapshot, now, ct);
        var shape = await snapshot.Shape(Period.Month, new DayRange(running.AddMonths(-4), running.AddDays(-1)), zone, now, ct);
        IReadOnlyList<StickinessMonth> stickiness = shape is null ? [] : shape.Stickiness(await snapshot.ActiveDays(shape, ct), await snapshot.Active(shape, ct));
        var from = today.AddDays(1 - Decisions.Evidence.WindowDays);
        var counts = await snapshot.Rows<KindSum>(
            "select kind, sum(count)::bigint as count from member_days where day between @from and @today group by 1", new { from, today }, ct);
        var week = Period.Week.StartOf(today);
        var window = (await snapshot.Rows<Window>(
            """
            select (select count(distinct member_id) from member_days where day between @from and @today) as active,
                ratings, meanrating, regulars, silent
            from (
                select count(*) as ratings, avg(rating)::float8 as meanrating from content_ratings
                where at >= (@from::timestamp at time zone @zone) and at < ((@today::date + 1)::timestamp at time zone @zone)) rated,
            (select count(*) filter (where before >= 3) as regulars, count(*) filter (where before >= 3 and lately = 0) as silent from (
                select count(*) filter (where start < @silence) as before, count(*) filter (where start >= @silence) as lately
                from member_periods where period = 'week' and start between @since and @week group by member_id) seen) weeks
            """, new { from, today, zone, week, silence = week.AddDays(-14), since = week.AddDays(-42) }, ct))[0];

        return new Evidence(
            today, extent.From, window.Active, counts.ToDictionary(row => row.Kind, row => row.Count), past, stickiness.Count == 4 ? stickiness : [],
            window.Ratings, window.MeanRating ?? 0, window.Regulars, window.Silent);
    }

    /// <summary>What came of a decision that was resolved on a day.</summary>
    public static async Task<(Share Before, Share After, (long Before, long After) Active)> Outcome(
        this ActivitySnapshot snapshot, string metric, DateOnly resolved, CancellationToken ct)
    {
        var (before, after) = (resolved.AddDays(-Outcomes.WindowDays), resolved.AddDays(Outcomes.WindowDays - 1));
        var (active, activeAfter) = (await Active(before, resolved.AddDays(-1)), await Active(resolved, after));
        var earlier = before.AddDays(-Outcomes.WindowDays);

        return metric switch
        {
            "commented-or-shared" => (new(await Did(before, resolved.AddDays(-1)), active), new(await Did(resolved, after), activeAfter), (active, activeAfter)),
            "rated-four-or-better" => (await Rated(before, resolved.AddDays(-1)), await Rated(resolved, after), (active, activeAfter)),
            _ => (
                new(await Again(earlier, before.AddDays(-1), before, resolved.AddDays(-1)), await Active(earlier, before.AddDays(-1))),
                new(await Again(before, resolved.AddDays(-1), resolved, after), active), (active, activeAfter))
        };

        Task<long> Active(DateOnly from, DateOnly to) => One<long>("select count(distinct member_id) from member_days where day between @from and @to", new { from, to });

        Task<long> Did(DateOnly from, DateOnly to) => One<long>(
            "select count(distinct member_id) from member_days where day between @from and @to and kind = any(@kinds)",
            new { from, to, kinds = new[] { ActivityKinds.Comment, ActivityKinds.Reply, ActivityKinds.Share } });

        Task<long> Again(DateOnly from, DateOnly to, DateOnly later, DateOnly end) => One<long>(
            """
            select count(*) from (
                select member_id from member_days where day between @from and @to intersect select member_id from member_days where day between @later and @end) again
            """, new { from, to, later, end });

        async Task<Share> Rated(DateOnly from, DateOnly to) => await One<Share>(
            """
            select count(*) filter (where rating >= 4) as members, count(*) as "of" from content_ratings
            where at >= (@from::timestamp at time zone @zone) and at < ((@to::date + 1)::timestamp at time zone @zone)
            """, new { from, to, zone = await snapshot.TimeZone(ct) });

        async Task<T> One<T>(string sql, object parameters) => (await snapshot.Rows<T>(sql, parameters, ct))[0];
    }

    private sealed record KindSum(string Kind, long Count);
}
