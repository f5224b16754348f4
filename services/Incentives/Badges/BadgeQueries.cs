using Dapper;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Badges;

/// <summary>Every award as a row, inline.</summary>
internal sealed class BadgeAwards : EventProjection
{
    private readonly string _insert;
    private readonly string _delete;

    public BadgeAwards(StoreOptions options)
    {
        Name = "badge-awards";
        IncludeType<BadgeAwarded>();
        IncludeType<BadgeWithdrawn>();
        var table = new Table($"{options.DatabaseSchemaName}.badge_awards");
        table.AddColumn<Guid>("award_id").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").NotNull();
        table.AddColumn<string>("name").NotNull();
        table.AddColumn<string>("class").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.AddColumn<Guid>("badge_id");
        table.AddColumn<string>("cause");
        table.Indexes.Add(new IndexDefinition("badge_awards_member") { Columns = ["member_id", "at", "award_id"] });
        table.Indexes.Add(new IndexDefinition("badge_awards_name") { Columns = ["name", "class"] });
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _insert = $"insert into {table.Identifier.QualifiedName} (award_id, member_id, name, class, at, badge_id, cause) values (?, ?, ?, ?, ?, nullif(?, '{Guid.Empty}'::uuid), nullif(?, ''))";
        _delete = $"delete from {table.Identifier.QualifiedName} where award_id = ?";
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case BadgeAwarded award:
                operations.QueueSqlCommand(
                    _insert, award.AwardId, award.MemberId, award.Name, award.Class, award.At.ToUniversalTime(), award.BadgeId ?? Guid.Empty, award.Cause ?? "");
                break;

            case BadgeWithdrawn gone:
                operations.QueueSqlCommand(_delete, gone.AwardId);
                break;
        }

        return ValueTask.CompletedTask;
    }
}

internal sealed record BadgeCount(string Name, string Class, long Count);

internal sealed record BadgeAward(Guid AwardId, string Name, string Class, DateTimeOffset At, Guid? BadgeId, string? Cause);

/// <summary>Where a page of awards ended.</summary>
internal sealed record AwardKey(DateTimeOffset At, Guid AwardId);

/// <summary>Where a page of the catalogue ended.</summary>
internal sealed record BadgeKey(string Name, string Class);

internal sealed class BadgeQueries(NpgsqlDataSource database)
{
    public async Task<IReadOnlyList<BadgeCount>> Of(Guid memberId, DateTimeOffset asOf, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<BadgeCount>(new CommandDefinition(
            """
            select name, class, count(*) as count from badge_awards
            where member_id = @memberId and at <= @asOf group by name, class order by name, class
            """,
            new { memberId, asOf }, cancellationToken: ct))];
    }

    /// <summary>The latest first. None of a member who was stopped, who left or was forgotten.</summary>
    public async Task<IReadOnlyList<BadgeAward>> Awards(Guid memberId, AwardKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. (await connection.QueryAsync<(Guid Id, string Name, string Class, DateTime At, Guid? Badge, string? Cause)>(new CommandDefinition(
            """
            select award_id, name, class, at, badge_id, cause from badge_awards
            where member_id = @memberId and (@at::timestamptz is null or (at, award_id) < (@at::timestamptz, @awardId::uuid))
                and not exists (select from stopped_members s where s.member_id = @memberId and s.until > now())
            order by at desc, award_id desc limit @limit
            """,
            new { memberId, at = after?.At, awardId = after?.AwardId, limit }, cancellationToken: ct)))
            .Select(row => new BadgeAward(row.Id, row.Name, row.Class, row.At, row.Badge, row.Cause))];
    }

    /// <summary>All badges that were ever awarded, and how often.</summary>
    public async Task<IReadOnlyList<BadgeCount>> All(BadgeKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<BadgeCount>(new CommandDefinition(
            """
            select name, class, count(*) as count from badge_awards
            where @name::text is null or (name, class) > (@name, @class)
            group by name, class order by name, class limit @limit
            """,
            new { name = after?.Name, @class = after?.Class, limit }, cancellationToken: ct))];
    }
}
