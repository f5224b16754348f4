using Community.Analytics.Ingestion;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Activity;

/// <summary>
/// The log as figures need it: who did how much of what on which day, who was active in which week and month, since which day
/// of it, when each member joined and first paid, and how many of each cohort were active in each period. Sums and minima
/// only, so that the order in which events were heard does not matter. All of it is counted in one time zone, which is kept
/// with it; another zone takes a read model built anew (<see cref="RebuildWhereOutdated"/>).
/// </summary>
internal sealed class MemberDays : EventProjection
{
    public const string ProjectionName = "member-days";
    private readonly string _begin;
    private readonly string _day;
    private readonly string _periods;
    private readonly string _start;

    public MemberDays(StoreOptions options)
    {
        Name = ProjectionName;
        IncludeType<ActivityRecorded>();
        IncludeType<MemberJoinRecorded>();
        IncludeType<PaymentRecorded>();

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

        var starts = new Table($"{options.DatabaseSchemaName}.member_starts");
        starts.AddColumn("kind", "text").AsPrimaryKey();
        starts.AddColumn<Guid>("member_id").AsPrimaryKey();
        starts.AddColumn("at", "timestamptz").NotNull();
        starts.Indexes.Add(new IndexDefinition("member_starts_at") { Columns = ["kind", "at", "member_id"] });

        var cells = new RetentionCells($"{options.DatabaseSchemaName}.retention_cells");

        // One row, written before the first day; without it the days are those of UTC, and the cells were not kept from the beginning.
        var calendar = new Table($"{options.DatabaseSchemaName}.member_calendar");
        calendar.AddColumn("time_zone", "text").AsPrimaryKey();
        calendar.AddColumn("has_cells", "boolean").NotNull().DefaultValueByExpression("false");

        foreach (var table in new[] { days, periods, starts, cells, calendar })
        {
            SchemaObjects.Add(table);
            Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        }

        var (intoDays, intoPeriods, intoStarts, intoCalendar) =
            (days.Identifier.QualifiedName, periods.Identifier.QualifiedName, starts.Identifier.QualifiedName, calendar.Identifier.QualifiedName);
        var zone = $"coalesce((select time_zone from {intoCalendar}), 'UTC')";
        _begin = $"""
            insert into {intoCalendar} (time_zone, has_cells) select {CommunityTimeZone.InForce(options.Events.DatabaseSchemaName)}, true
            where not exists (select from {intoCalendar}) and not exists (select from {intoDays}) and not exists (select from {intoStarts})
            """;
        _day = $"""
            insert into {intoDays} as known (member_id, day, kind, count) values (?, (?::timestamptz at time zone {zone})::date, ?, 1)
            on conflict (member_id, day, kind) do update set count = known.count + 1
            """;
        _periods = cells.AfterActivity(intoPeriods, intoStarts, zone);
        _start = cells.AfterStart(intoPeriods, intoStarts, zone);
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case ActivityRecorded { Kind: not ActivityKinds.Search } activity:
                var at = activity.At.ToUniversalTime();
                operations.QueueSqlCommand(_begin);
                operations.QueueSqlCommand(_day, activity.MemberId, at, activity.Kind);
                operations.QueueSqlCommand(_periods, activity.MemberId, at);
                break;
            case MemberJoinRecorded join:
                Start(MemberStarts.Joining, join.MemberId, join.At);
                break;
            case PaymentRecorded { Amount: > 0 } payment:
                Start(MemberStarts.Payment, payment.MemberId, payment.At);
                break;
        }

        return ValueTask.CompletedTask;

        void Start(string kind, Guid memberId, DateTimeOffset start)
        {
            operations.QueueSqlCommand(_begin);
            operations.QueueSqlCommand(_start, kind, memberId, start.ToUniversalTime());
        }
    }
}

/// <summary>What begins a cohort besides the first activity.</summary>
internal static class MemberStarts
{
    public const string Joining = "joining";
    public const string Payment = "payment";
}
