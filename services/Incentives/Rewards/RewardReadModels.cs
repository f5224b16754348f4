using System.Text.Json;
using Community.EventStore;
using Dapper;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Rewards;

/// <summary>The catalogue and the redemptions as rows, inline: who has redeemed looks for it at once.</summary>
internal sealed class RewardLists : EventProjection
{
    private readonly string _rewards;
    private readonly string _redemptions;

    public RewardLists(StoreOptions options)
    {
        Name = "rewards";
        IncludeType<RewardOffered>();
        IncludeType<RewardRetired>();
        IncludeType<RewardTaken>();
        IncludeType<RewardReturned>();
        IncludeType<RewardRedeemed>();
        IncludeType<RedemptionFulfilled>();
        IncludeType<RedemptionCancelled>();
        IncludeType<RedemptionCancellationAsked>();
        IncludeType<RedemptionKept>();

        var rewards = new Table($"{options.DatabaseSchemaName}.rewards");
        rewards.AddColumn<Guid>("reward_id").AsPrimaryKey();
        rewards.AddColumn<string>("name").NotNull();
        rewards.AddColumn<string>("kind").NotNull();
        rewards.AddColumn<int>("points").NotNull();
        rewards.AddColumn<int>("stock");
        rewards.AddColumn<int>("per_member");
        rewards.AddColumn<int>("level");
        rewards.AddColumn<bool>("retired").NotNull();
        rewards.AddColumn("given", "jsonb");
        SchemaObjects.Add(rewards);
        Options.DeleteDataInTableOnTeardown(rewards.Identifier.QualifiedName);
        _rewards = rewards.Identifier.QualifiedName;

        var redemptions = new Table($"{options.DatabaseSchemaName}.redemptions");
        redemptions.AddColumn<Guid>("redemption_id").AsPrimaryKey();
        redemptions.AddColumn<Guid>("reward_id").NotNull();
        redemptions.AddColumn<Guid>("member_id").NotNull();
        redemptions.AddColumn<int>("points").NotNull();
        redemptions.AddColumn<string>("status").NotNull();
        redemptions.AddColumn<int>("number");
        redemptions.AddColumn<string>("note");
        redemptions.AddColumn<string>("words");
        redemptions.AddColumn<DateTimeOffset>("at").NotNull();
        redemptions.Indexes.Add(new IndexDefinition("redemptions_member") { Columns = ["member_id", "at", "redemption_id"] });
        redemptions.Indexes.Add(new IndexDefinition("redemptions_at") { Columns = ["at"] });
        redemptions.Indexes.Add(new IndexDefinition("redemptions_status") { Columns = ["status", "at", "redemption_id"] });
        SchemaObjects.Add(redemptions);
        Options.DeleteDataInTableOnTeardown(redemptions.Identifier.QualifiedName);
        _redemptions = redemptions.Identifier.QualifiedName;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case RewardOffered o:
                operations.QueueSqlCommand(
                    $"insert into {_rewards} (reward_id, name, kind, points, stock, per_member, level, retired, given) values (?, ?, ?, ?, nullif(?, -1), nullif(?, -1), nullif(?, -1), false, nullif(?, '')::jsonb)",
                    o.RewardId, o.Name, o.Kind.ToString(), o.Points, o.Stock ?? -1, o.PerMember ?? -1, o.Level ?? -1, o.Grant is { } grant ? JsonSerializer.Serialize(grant, EventTypes.Json) : "");
                break;

            case RewardRetired o:
                operations.QueueSqlCommand($"update {_rewards} set retired = true where reward_id = ?", o.RewardId);
                break;

            case RewardTaken o:
                operations.QueueSqlCommand($"update {_rewards} set stock = stock - 1 where reward_id = ?", o.RewardId);
                operations.QueueSqlCommand(
                    $"""
                    insert into {_redemptions} (redemption_id, reward_id, member_id, points, status, number, at) values (?, ?, ?, 0, 'Open', ?, ?)
                    on conflict (redemption_id) do update set number = excluded.number
                    """,
                    o.RedemptionId, o.RewardId, o.MemberId, o.Number, o.At.ToUniversalTime());
                break;

            case RewardReturned o:
                operations.QueueSqlCommand($"update {_rewards} set stock = stock + 1 where reward_id = ? and kind <> 'Digital'", o.RewardId);
                break;

            case RewardRedeemed o:
                operations.QueueSqlCommand(
                    $"""
                    insert into {_redemptions} (redemption_id, reward_id, member_id, points, status, at) values (?, ?, ?, ?, 'Open', ?)
                    on conflict (redemption_id) do update set points = excluded.points
                    """,
                    o.RedemptionId, o.RewardId, o.MemberId, o.Points, o.At.ToUniversalTime());
                break;

            case RedemptionFulfilled o:
                operations.QueueSqlCommand(
                    $"update {_redemptions} set status = 'Fulfilled', note = nullif(?, ''), words = nullif(?, '') where redemption_id = ?",
                    o.Note ?? "", o.Words?.Ciphertext ?? "", o.RedemptionId);
                break;

            case RedemptionCancellationAsked o:
                operations.QueueSqlCommand($"update {_redemptions} set status = 'Cancelling' where redemption_id = ?", o.RedemptionId);
                break;

            case RedemptionKept o:
                operations.QueueSqlCommand($"update {_redemptions} set status = 'Fulfilled' where redemption_id = ?", o.RedemptionId);
                break;

            case RedemptionCancelled o:
                operations.QueueSqlCommand(
                    $"update {_redemptions} set status = 'Cancelled', note = nullif(?, ''), words = nullif(?, '') where redemption_id = ?",
                    o.Reason ?? "", o.Words?.Ciphertext ?? "", o.RedemptionId);
                break;
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Codes of digital rewards: secrets, and so in no event.</summary>
internal sealed class RewardCodes : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var codes = new Table("reward_codes");
        codes.AddColumn<Guid>("reward_id").AsPrimaryKey();
        codes.AddColumn<int>("number").AsPrimaryKey();
        codes.AddColumn<string>("code").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(codes);
    }
}

/// <param name="Stock">How many are left; null: as many as are asked for.</param>
/// <param name="Level">The lowest level that may have it.</param>
internal sealed record RewardAnswer(Guid RewardId, string Name, RewardKind Kind, int Points, int? Stock, int? PerMember, int? Level)
{
    /// <summary>Of days or a coupon.</summary>
    public RewardGrant? Grant { get; init; }
}

internal sealed record RedemptionItem(Guid RedemptionId, Guid RewardId, string Name, Guid MemberId, int Points, RedemptionStatus Status, string? Note, DateTimeOffset At);

/// <summary>Where a page of redemptions ended.</summary>
internal sealed record RedemptionKey(DateTimeOffset At, Guid Id);

internal sealed class RewardQueries(NpgsqlDataSource database, WordsAbout words)
{
    public async Task<IReadOnlyList<RewardAnswer>> Offered(Guid? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(Guid Id, string Name, string Kind, int Points, int? Stock, int? PerMember, int? Level, string? Grant)>(new CommandDefinition(
            """
            select reward_id, name, kind, points, stock, per_member, level, given::text from rewards
            where not retired and (@after::uuid is null or reward_id > @after::uuid) order by reward_id limit @limit
            """,
            new { after, limit }, cancellationToken: ct));

        return [.. rows.Select(row => new RewardAnswer(row.Id, row.Name, Enum.Parse<RewardKind>(row.Kind), row.Points, row.Stock, row.PerMember, row.Level)
        {
            Grant = row.Grant is null ? null : JsonSerializer.Deserialize<RewardGrant>(row.Grant, EventTypes.Json)
        })];
    }

    /// <param name="member">Null: of everybody.</param>
    public async Task<IReadOnlyList<RedemptionItem>> Redemptions(Guid? member, RedemptionStatus? status, RedemptionKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(Guid Id, Guid Reward, string Name, Guid Member, int Points, string Status, string? Note, string? Words, DateTime At)>(new CommandDefinition(
            """
            select r.redemption_id, r.reward_id, w.name, r.member_id, r.points, r.status, r.note, r.words, r.at
            from redemptions r join rewards w on w.reward_id = r.reward_id
            where (@member::uuid is null or r.member_id = @member::uuid) and (@status::text is null or r.status = @status::text)
                and (@at::timestamptz is null or (r.at, r.redemption_id) < (@at::timestamptz, @id::uuid))
            order by r.at desc, r.redemption_id desc limit @limit
            """,
            new { member, status = status?.ToString(), at = after?.At, id = after?.Id, limit }, cancellationToken: ct));

        var keys = await words.KeysOf(rows.Select(row => row.Member), ct);

        return
        [
            .. rows.Select(row => new RedemptionItem(
                row.Id, row.Reward, row.Name, row.Member, row.Points, Enum.Parse<RedemptionStatus>(row.Status),
                row.Words is null ? row.Note : keys.Open(new Sealed(row.Member, row.Words)), row.At))
        ];
    }

    public async Task<string?> Code(Guid redemptionId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "select c.code from redemptions r join reward_codes c on (c.reward_id, c.number) = (r.reward_id, r.number) where r.redemption_id = @redemptionId",
            new { redemptionId }, cancellationToken: ct));
    }

    /// <summary>Redemptions of a member that wait for an operator.</summary>
    public async Task<IReadOnlyList<Guid>> Open(Guid member, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<Guid>(new CommandDefinition(
            "select redemption_id from redemptions where member_id = @member and status = 'Open'", new { member }, cancellationToken: ct))];
    }

    /// <summary>Points of the redemptions of a time, but for those that were cancelled.</summary>
    public async Task<long> Spent(DateTimeOffset from, DateTimeOffset until, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select coalesce(sum(points), 0)::bigint from redemptions where at >= @from and at < @until and status <> 'Cancelled'",
            new { from = from.ToUniversalTime(), until = until.ToUniversalTime() }, cancellationToken: ct));
    }

    public async Task<(long Outstanding, long Open)> Liability(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
            """
            select (select coalesce(sum(balance), 0)::bigint from points_balances where balance > 0),
                (select coalesce(sum(points), 0)::bigint from redemptions where status = 'Open')
            """,
            cancellationToken: ct));
    }
}
