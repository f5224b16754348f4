using Community.Analytics.Figures;
using Community.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Activities;

/// <summary>
/// The log as figures need it: who did how much of what on which day, and who was active in which week and month, since
/// which day of it. Sums and minima only, so that the order in which activities were heard does not matter.
/// </summary>
internal sealed class MemberDays : EventProjection
{
    private readonly string _day;
    private readonly string _periods;

    public MemberDays(StoreOptions options)
    {
        Name = "member-days";
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

        foreach (var table in new[] { days, periods })
        {
            SchemaObjects.Add(table);
            Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        }

        _day = $"""
            insert into {days.Identifier.QualifiedName} as known (member_id, day, kind, count) values (?, ?, ?, 1)
            on conflict (member_id, day, kind) do update set count = known.count + 1
            """;
        _periods = $"""
            insert into {periods.Identifier.QualifiedName} as known (period, member_id, start, first_day) values (?, ?, ?, ?)
            on conflict (period, member_id, start) do update set first_day = excluded.first_day where excluded.first_day < known.first_day
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is ActivityRecorded activity)
        {
            var day = DateOnly.FromDateTime(activity.At.UtcDateTime);
            operations.QueueSqlCommand(_day, activity.MemberId, day, activity.Kind);

            foreach (var period in new[] { Period.Week, Period.Month })
            {
                operations.QueueSqlCommand(_periods, period.ToWord(), activity.MemberId, period.StartOf(day), day);
            }
        }

        return ValueTask.CompletedTask;
    }
}
