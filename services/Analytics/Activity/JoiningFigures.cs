namespace Community.Analytics.Activity;

/// <summary>Who joined, active or not.</summary>
internal static class JoiningFigures
{
    public static Task<IReadOnlyList<PeriodCount>> Joined(this ActivitySnapshot snapshot, FigureShape shape, string zone, CancellationToken ct) => snapshot.Rows<PeriodCount>(
        """
        select date_trunc(@period, at at time zone @zone)::date as start, count(*) as count from member_starts
        where kind = 'joining' and at >= (@From::timestamp at time zone @zone) and at < ((@To::date + 1)::timestamp at time zone @zone)
        group by 1
        """, new { period = shape.Period.Word(), shape.Range.From, shape.Range.To, zone }, ct);
}
