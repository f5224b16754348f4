using Community.EventStore;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Points;

/// <summary>Every entry as a row, and what a member has by them, inline.</summary>
internal sealed class PointsEntries : EventProjection
{
    private readonly string _insert;
    private readonly string _add;
    private readonly string _inherit;
    private readonly string _look;

    public PointsEntries(StoreOptions options)
    {
        Name = "points-entries";
        IncludeType<PointsEarned>();
        IncludeType<PointsReversed>();
        IncludeType<PointsAdjusted>();
        IncludeType<PointsSpent>();
        IncludeType<PointsRefunded>();
        IncludeType<PointsExpired>();

        var entries = new Table($"{options.DatabaseSchemaName}.points_entries");
        entries.AddColumn<Guid>("entry_id").AsPrimaryKey();
        entries.AddColumn<Guid>("member_id").NotNull();
        entries.AddColumn<int>("points").NotNull();
        entries.AddColumn<string>("rule").NotNull();
        entries.AddColumn<int>("rule_version").NotNull();
        entries.AddColumn<string>("cause").NotNull();
        entries.AddColumn<DateTimeOffset>("at").NotNull();
        entries.AddColumn<DateTimeOffset>("recorded_at").NotNull();
        entries.AddColumn<string>("kind").NotNull().DefaultValueByExpression("'earned'");
        entries.AddColumn<int>("number").NotNull().DefaultValueByExpression("0");
        entries.AddColumn<string>("reason");
        entries.AddColumn<string>("words");
        entries.AddColumn<DateTimeOffset>("expires_at");
        entries.Indexes.Add(new IndexDefinition("points_entries_member_cause") { Columns = ["member_id", "cause"] });
        entries.Indexes.Add(new IndexDefinition("points_entries_member_at") { Columns = ["member_id", "at", "entry_id"] });
        entries.Indexes.Add(new IndexDefinition("points_entries_expiring") { Columns = ["expires_at"], Predicate = "expires_at is not null" });
        SchemaObjects.Add(entries);
        Options.DeleteDataInTableOnTeardown(entries.Identifier.QualifiedName);
        _insert =
            $"""
            insert into {entries.Identifier.QualifiedName} (entry_id, member_id, kind, points, rule, rule_version, cause, at, recorded_at, number, reason, words, expires_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, 'infinity'::timestamptz))
            """;
        // What is taken back, or comes again, ends when what it was paid with does.
        _inherit =
            $"""
            update {entries.Identifier.QualifiedName} r set expires_at = e.expires_at from {entries.Identifier.QualifiedName} e
            where r.entry_id = ? and (e.member_id, e.cause, e.rule, e.kind) = (r.member_id, r.cause, r.rule, 'earned') and e.expires_at is not null
            """;

        var expiries = new Table($"{options.DatabaseSchemaName}.points_expiries");
        expiries.AddColumn<Guid>("member_id").AsPrimaryKey();
        expiries.AddColumn("next_at", "timestamptz").NotNull();
        expiries.Indexes.Add(new IndexDefinition("points_expiries_next") { Columns = ["next_at"] });
        SchemaObjects.Add(expiries);
        Options.DeleteDataInTableOnTeardown(expiries.Identifier.QualifiedName);
        _look =
            $"""
            insert into {expiries.Identifier.QualifiedName} as x (member_id, next_at)
            select member_id, expires_at from {entries.Identifier.QualifiedName} where entry_id = ? and expires_at is not null
            on conflict (member_id) do update set next_at = least(x.next_at, excluded.next_at)
            """;

        var balances = new Table($"{options.DatabaseSchemaName}.points_balances");
        balances.AddColumn<Guid>("member_id").AsPrimaryKey();
        balances.AddColumn("balance", "bigint").NotNull();
        balances.AddColumn("lifetime", "bigint").NotNull();
        balances.AddColumn("wallet", "bigint").NotNull();
        SchemaObjects.Add(balances);
        Options.DeleteDataInTableOnTeardown(balances.Identifier.QualifiedName);
        _add =
            $"""
            insert into {balances.Identifier.QualifiedName} as b (member_id, balance, lifetime, wallet) values (?, ?, ?, ?)
            on conflict (member_id) do update set
                balance = b.balance + excluded.balance, lifetime = b.lifetime + excluded.lifetime, wallet = b.wallet + excluded.wallet
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (Entry.Of(e) is { } entry)
        {
            operations.QueueSqlCommand(
                _insert, e.Id, entry.MemberId, entry.Kind, entry.Points, entry.Rule, entry.RuleVersion, entry.Cause, entry.At.ToUniversalTime(),
                e.Timestamp, entry.Number, entry.Reason, entry.Words?.Ciphertext ?? "", entry.ExpiresAt?.ToUniversalTime() ?? DateTimeOffset.MaxValue);

            if (e.Data is PointsReversed)
            {
                operations.QueueSqlCommand(_inherit, e.Id);
            }

            if (entry.CountsForLife)
            {
                operations.QueueSqlCommand(_look, e.Id);
            }

            operations.QueueSqlCommand(_add, entry.MemberId, (long)entry.Points, entry.CountsForLife ? entry.Points : 0L, entry.IsOfWallet ? entry.Points : 0L);
        }

        return ValueTask.CompletedTask;
    }

    private sealed record Entry(Guid MemberId, string Kind, int Points, string Rule, int RuleVersion, string Cause, DateTimeOffset At)
    {
        public int Number { get; init; }

        public string Reason { get; init; } = "";

        public Sealed? Words { get; init; }

        public DateTimeOffset? ExpiresAt { get; init; }

        /// <summary>Levels go by what was ever earned, so that spending takes none away.</summary>
        public bool CountsForLife => Kind is "earned" or "reversed" or "adjusted" && Rule != "redemption";

        public bool IsOfWallet => Rule is "adjustment" or "redemption" or "expiry";

        public static Entry? Of(IEvent e) => e.Data switch
        {
            PointsEarned p => new(p.MemberId, "earned", p.Points, p.Rule, p.RuleVersion, p.Cause, p.At) { Number = p.Number, ExpiresAt = p.ExpiresAt },
            PointsReversed p => new(p.MemberId, "reversed", p.Points, p.Rule, p.RuleVersion, p.Cause, p.At) { Number = p.Number, Reason = p.Because },
            PointsAdjusted p => new(p.MemberId, "adjusted", p.Points, "adjustment", 0, $"adjustment/{p.AdjustmentId}", p.At) { Reason = p.Reason, Words = p.Words },
            PointsSpent p => new(p.MemberId, "spent", -p.Points, "redemption", 0, $"redemption/{p.RedemptionId}", p.At),
            PointsRefunded p => new(p.MemberId, "reversed", p.Points, "redemption", 0, $"redemption/{p.RedemptionId}", p.At) { Reason = "cancelled" },
            PointsExpired { Points: not 0 } p => new(p.MemberId, "expired", p.Points, "expiry", 0, "expiry", p.At),
            _ => null
        };
    }
}

/// <summary>A release that settled day by day kept no balances: at the first start after it they are summed, before anything is settled.</summary>
internal sealed class FillBalances(NpgsqlDataSource database) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var fill = database.CreateCommand(
            """
            insert into points_balances (member_id, balance, lifetime, wallet)
            select member_id, sum(points), sum(points), 0 from points_entries
            where not exists (select from points_balances) group by member_id
            on conflict do nothing
            """);
        await fill.ExecuteNonQueryAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
