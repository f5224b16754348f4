using JasperFx.Events;
using Marten;
using Npgsql;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.EventStore;

/// <summary>What somebody of the staff did: one event.</summary>
/// <param name="At">When it was committed here.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Subject">The stream: the member, order, content or other thing that it was done to.</param>
public sealed record StaffAction(Guid EventId, DateTimeOffset At, Guid By, string Type, Guid Subject);

/// <summary>
/// The events of people with a role among the staff, by person and time. Rows are written with the events; facts from
/// elsewhere are left out, for they were not done here. The log has nothing else by which one could find them: an index on
/// its table would be everybody's cost, and Marten would drop it.
/// </summary>
internal sealed class StaffActionTable : IStorePart
{
    /// <summary>Of events that the table lists.</summary>
    internal const string Header = "by-staff";

    public void Configure(StoreOptions options)
    {
        var table = new Table("staff_actions");
        table.AddColumn<Guid>("event_id").AsPrimaryKey();
        table.AddColumn("at", "timestamptz").NotNull();
        table.AddColumn<Guid>("by").NotNull();
        table.AddColumn("type", "text").NotNull();
        table.AddColumn<Guid>("subject").NotNull();
        table.Indexes.Add(new IndexDefinition("staff_actions_at") { Columns = ["at", "event_id"] });
        table.Indexes.Add(new IndexDefinition("staff_actions_by") { Columns = ["by", "at", "event_id"] });
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

public static class StaffActions
{
    internal static void ListStaffActions(this IDocumentSession session, Guid stream, IEnumerable<IEvent> events)
    {
        foreach (var e in events)
        {
            if (e.Headers?.ContainsKey(StaffActionTable.Header) is true)
            {
                session.QueueSqlCommand(
                    "insert into staff_actions (event_id, at, by, type, subject) values (?, ?, ?, ?, ?)",
                    e.Id, e.Timestamp, Guid.Parse(e.UserName!), e.EventTypeName, stream);
            }
        }
    }

    /// <summary>The newest first, behind a row that the caller has seen.</summary>
    /// <param name="by">Null: of everybody.</param>
    public static async Task<IReadOnlyList<StaffAction>> StaffActionsOf(
        this NpgsqlDataSource database, Guid? by, (DateTimeOffset At, Guid EventId)? behind, int most, CancellationToken ct)
    {
        await using var select = database.CreateCommand($"""
            select event_id, at, by, type, subject from staff_actions
            where {(by is null ? "$1::uuid is null" : "by = $1")} {(behind is null ? "and $2::timestamptz is null and $3::uuid is null" : "and (at, event_id) < ($2, $3)")}
            order by at desc, event_id desc limit $4
            """);
        select.Parameters.Add(new() { Value = (object?)by ?? DBNull.Value });
        select.Parameters.Add(new() { Value = (object?)behind?.At.UtcDateTime ?? DBNull.Value });
        select.Parameters.Add(new() { Value = (object?)behind?.EventId ?? DBNull.Value });
        select.Parameters.Add(new() { Value = most });
        var actions = new List<StaffAction>();
        await using var row = await select.ExecuteReaderAsync(ct);

        while (await row.ReadAsync(ct))
        {
            actions.Add(new(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.GetGuid(2), row.GetString(3), row.GetGuid(4)));
        }

        return actions;
    }
}
