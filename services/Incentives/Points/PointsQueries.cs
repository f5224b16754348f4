using Community.Privacy;
using Dapper;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Points;

/// <summary>Every point as a row, inline: the balance is their sum, and a cause that has one gets no second.</summary>
internal sealed class PointsEntries : EventProjection
{
    private readonly string _insert;

    public PointsEntries(StoreOptions options)
    {
        Name = "points-entries";
        IncludeType<PointsEarned>();
        var table = new Table($"{options.DatabaseSchemaName}.points_entries");
        table.AddColumn<Guid>("entry_id").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").NotNull();
        table.AddColumn<int>("points").NotNull();
        table.AddColumn<string>("rule").NotNull();
        table.AddColumn<int>("rule_version").NotNull();
        table.AddColumn<string>("cause").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.AddColumn<DateTimeOffset>("recorded_at").NotNull();
        table.Indexes.Add(new IndexDefinition("points_entries_member_cause") { Columns = ["member_id", "cause"], IsUnique = true });
        table.Indexes.Add(new IndexDefinition("points_entries_member_at") { Columns = ["member_id", "at", "entry_id"] });
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _insert = $"insert into {table.Identifier.QualifiedName} (entry_id, member_id, points, rule, rule_version, cause, at, recorded_at) values (?, ?, ?, ?, ?, ?, ?, ?)";
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is PointsEarned earned)
        {
            operations.QueueSqlCommand(
                _insert, e.Id, earned.MemberId, earned.Points, earned.Rule, earned.RuleVersion, earned.Cause, earned.At.ToUniversalTime(), e.Timestamp);
        }

        return ValueTask.CompletedTask;
    }
}

internal sealed record PointsEntry(Guid EntryId, int Points, string Rule, int RuleVersion, string Cause, DateTimeOffset At);

/// <param name="Streak">Business days in a row with points, up to today or yesterday.</param>
internal sealed record PointsTotals(long Balance, long Lifetime, int Streak);

/// <summary>Asks the ledger.</summary>
internal sealed class PointsQueries(NpgsqlDataSource database)
{
    /// <summary>Whether the cause has earned, on whatever day, or has earned nothing on the day of the instant.</summary>
    public async Task<bool> IsSettled(Guid memberId, string cause, DateTimeOffset at, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            select exists (select 1 from points_entries where member_id = @memberId and cause = @cause)
                or exists (select 1 from mt_streams where id = @withheld)
            """,
            new { memberId, cause, withheld = Withholding.Stream(memberId, cause, at) }, cancellationToken: ct));
    }

    /// <param name="zone">In which days are counted.</param>
    public async Task<PointsTotals> Totals(Guid memberId, DateTimeOffset asOf, TimeZoneInfo zone, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        // Days of an unbroken row differ from their rank, counted backwards, by the same last day.
        return await connection.QuerySingleAsync<PointsTotals>(new CommandDefinition(
            """
            with entries as (
                select points, (at at time zone @zone)::date as day from points_entries where member_id = @memberId and recorded_at <= @asOf),
            days as (
                select day, day + (row_number() over (order by day desc))::int - 1 as last from (select distinct day from entries where day <= @today) d),
            streak as (
                select count(*)::int as length from days where last = (select max(day) from days) and last >= @today - 1)
            select coalesce(sum(points), 0)::bigint as balance, coalesce(sum(points) filter (where points > 0), 0)::bigint as lifetime,
                (select length from streak) as streak
            from entries
            """,
            new { memberId, asOf, today = zone.DayOf(asOf), zone = zone.Id }, cancellationToken: ct));
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<PointsEntry>> Entries(Guid memberId, EntryKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(Guid EntryId, int Points, string Rule, int RuleVersion, string Cause, DateTime At)>(new CommandDefinition(
            """
            select entry_id, points, rule, rule_version, cause, at from points_entries
            where member_id = @memberId and (@at::timestamptz is null or (at, entry_id) < (@at::timestamptz, @entryId::uuid))
            order by at desc, entry_id desc limit @limit
            """,
            new { memberId, at = after?.At, entryId = after?.EntryId, limit }, cancellationToken: ct));

        return [.. rows.Select(row => new PointsEntry(row.EntryId, row.Points, row.Rule, row.RuleVersion, row.Cause, row.At))];
    }
}

/// <summary>Where a page of entries ended.</summary>
internal sealed record EntryKey(DateTimeOffset At, Guid EntryId);
