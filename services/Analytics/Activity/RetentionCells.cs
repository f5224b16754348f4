using Weasel.Postgresql.Tables;

namespace Community.Analytics.Activity;

/// <summary>
/// How many members of a cohort were active in a period (<c>active</c>), and were so for the last time (<c>last</c>);
/// in the cell of the cohort's own period, how many members it has (<c>size</c>). A member who is seen in another period,
/// begins earlier than was known, or joins later than was active changes what the member's own rows add up to: each
/// statement takes away what they were worth before, and adds what they are worth then.
/// </summary>
internal sealed class RetentionCells : Table
{
    public RetentionCells(string name) : base(name)
    {
        AddColumn("cohort_by", "text").AsPrimaryKey();
        AddColumn("period", "text").AsPrimaryKey();
        AddColumn("cohort", "date").AsPrimaryKey();
        AddColumn("start", "date").AsPrimaryKey();
        AddColumn("size", "bigint").NotNull();
        AddColumn("active", "bigint").NotNull();
        AddColumn("last", "bigint").NotNull();
    }

    /// <summary>Parameters: the member, and when.</summary>
    public string AfterActivity(string periods, string starts, string zone) =>
        $"""
        with given as materialized (select ?::uuid as member_id, (?::timestamptz at time zone {zone})::date as day),
        seen as (select member_id, period, date_trunc(period, day::timestamp)::date as start, day from given, (values ('week'), ('month')) p (period)),
        kept as (
            insert into {periods} as known (period, member_id, start, first_day) select period, member_id, start, day from seen
            on conflict (period, member_id, start) do update set first_day = excluded.first_day where excluded.first_day < known.first_day),
        fresh as materialized (
            select * from seen s where not exists (select from {periods} k where k.period = s.period and k.member_id = s.member_id and k.start = s.start)),
        earlier as materialized (select k.period, k.start from fresh f join {periods} k on k.period = f.period and k.member_id = f.member_id),
        rows as (
            select period, start, -1 as sign from earlier union all select period, start, 1 from earlier union all select period, start, 1 from fresh),
        cohorts as (
            select 'activity' as cohort_by, sign, period, min(start) as cohort from rows group by sign, period
            union all
            select s.kind, sign, f.period, date_trunc(f.period, s.at at time zone {zone})::date
            from fresh f join {starts} s on s.kind in ('{MemberStarts.Joining}', '{MemberStarts.Payment}') and s.member_id = f.member_id, (values (-1), (1)) g (sign))
        {Change()}
        """;

    /// <summary>Parameters: the kind of start, the member, and when.</summary>
    public string AfterStart(string periods, string starts, string zone) =>
        $"""
        with given as materialized (select ?::text as kind, ?::uuid as member_id, ?::timestamptz as at),
        kept as (
            insert into {starts} as known (kind, member_id, at) select kind, member_id, at from given
            on conflict (kind, member_id) do update set at = excluded.at where excluded.at < known.at),
        before as materialized (select k.at from given g join {starts} k on k.kind = g.kind and k.member_id = g.member_id),
        moved as (
            select 1 as sign, at from given where not exists (select from before where before.at <= given.at)
            union all
            select -1, at from before where at > (select at from given)),
        cohorts as materialized (
            select kind as cohort_by, sign, period, date_trunc(period, moved.at at time zone {zone})::date as cohort
            from given, moved, (values ('week'), ('month')) p (period)),
        rows as (
            select k.period, k.start, s.sign from (select distinct period, sign from cohorts) s
            join {periods} k on k.period = s.period and k.member_id = (select member_id from given))
        {Change()}
        """;

    // Of cohorts (cohort_by, sign, period, cohort) and rows (period, start, sign), each with the sign -1 as before, 1 as now.
    private string Change() =>
        $"""
        , change as (
            select cohort_by, period, cohort, cohort as start, sign as size, 0 as active, 0 as last from cohorts
            union all
            select cohort_by, period, cohort, r.start, 0, sign, case when r.start = max(r.start) over (partition by cohort_by, period, sign) then sign else 0 end
            from cohorts join rows r using (period, sign) where r.start >= cohort)
        insert into {Identifier.QualifiedName} as known (cohort_by, period, cohort, start, size, active, last)
        select cohort_by, period, cohort, start, sum(size), sum(active), sum(last) from change group by cohort_by, period, cohort, start
        having sum(size) <> 0 or sum(active) <> 0 or sum(last) <> 0
        on conflict (cohort_by, period, cohort, start) do update
        set size = known.size + excluded.size, active = known.active + excluded.active, last = known.last + excluded.last
        """;
}
