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

    public BadgeAwards(StoreOptions options)
    {
        Name = "badge-awards";
        IncludeType<BadgeAwarded>();
        var table = new Table($"{options.DatabaseSchemaName}.badge_awards");
        table.AddColumn<Guid>("award_id").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").NotNull();
        table.AddColumn<string>("name").NotNull();
        table.AddColumn<string>("class").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.Indexes.Add(new IndexDefinition("badge_awards_member") { Columns = ["member_id"] });
        table.Indexes.Add(new IndexDefinition("badge_awards_name") { Columns = ["name", "class"] });
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _insert = $"insert into {table.Identifier.QualifiedName} (award_id, member_id, name, class, at) values (?, ?, ?, ?, ?)";
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is BadgeAwarded award)
        {
            operations.QueueSqlCommand(_insert, award.AwardId, award.MemberId, award.Name, award.Class, award.At.ToUniversalTime());
        }

        return ValueTask.CompletedTask;
    }
}

internal sealed record BadgeCount(string Name, string Class, long Count);

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
