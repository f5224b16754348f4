using Community.Analytics.Ingestion;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Activity;

/// <summary>
/// The log as figures need it: who did how much of what on which day, and who was active in which week and month, since
/// which day of it. Sums and minima only, so that the order in which activities were heard does not matter. All of it is
/// counted in one time zone, which is kept with it; another zone takes a read model built anew (<see cref="RebuildOnTimeZoneChange"/>).
/// </summary>
internal sealed class MemberDays : EventProjection
{
    public const string ProjectionName = "member-days";
    private readonly string _begin;
    private readonly string _day;
    private readonly string _periods;

    public MemberDays(StoreOptions options)
    {
        Name = ProjectionName;
        IncludeType<ActivityRecorded>();

        var days = new Table($"{options.DatabaseSchemaName}.member_days");
        days.AddColumn<Guid>("member_id").AsPrimaryKey();
        days.AddColumn("day", "date").AsPrimaryKey();
        days.AddColumn("kind", "text").AsPrimaryKey();
        days.AddColumn("count", "integer").NotNull();
        days.Indexes.Add(new IndexDefinition("member_days_day") { Columns = ["day", "kind", "member_id"] });

        var periods = new Table($"{options.DatabaseSchemaName}.member_periods");
        periods.AddColumn("period", "text").AsPrimaryKey();
        periods.AddColumn<Guid>("member_id").AsPrimaryKey();
        periods.AddColumn("start", "date").AsPrimaryKey();
        periods.AddColumn("first_day", "date").NotNull();
        periods.Indexes.Add(new IndexDefinition("member_periods_start") { Columns = ["period", "start", "member_id"] });

        // One row, written before the first day; without it the days are those of UTC.
        var calendar = new Table($"{options.DatabaseSchemaName}.member_calendar");
        calendar.AddColumn("time_zone", "text").AsPrimaryKey();

        foreach (var table in new[] { days, periods, calendar })
        {
            SchemaObjects.Add(table);
            Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        }

        var (intoDays, intoPeriods, intoCalendar) = (days.Identifier.QualifiedName, periods.Identifier.QualifiedName, calendar.Identifier.QualifiedName);
        var day = $"(?::timestamptz at time zone coalesce((select time_zone from {intoCalendar}), 'UTC'))::date";
        _begin = $"""
            insert into {intoCalendar} (time_zone) select {CommunityTimeZone.InForce(options.Events.DatabaseSchemaName)}
            where not exists (select from {intoCalendar}) and not exists (select from {intoDays})
            """;
        _day = $"""
            insert into {intoDays} as known (member_id, day, kind, count) values (?, {day}, ?, 1)
            on conflict (member_id, day, kind) do update set count = known.count + 1
            """;
        _periods = $"""
            insert into {intoPeriods} as known (period, member_id, start, first_day)
            select period, ?, date_trunc(period, day::timestamp)::date, day from (select {day} as day) d, (values ('week'), ('month')) p (period)
            on conflict (period, member_id, start) do update set first_day = excluded.first_day where excluded.first_day < known.first_day
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is ActivityRecorded { Kind: not ActivityKinds.Search } activity)
        {
            var at = activity.At.ToUniversalTime();
            operations.QueueSqlCommand(_begin);
            operations.QueueSqlCommand(_day, activity.MemberId, at, activity.Kind);
            operations.QueueSqlCommand(_periods, activity.MemberId, at);
        }

        return ValueTask.CompletedTask;
    }
}
