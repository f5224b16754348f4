using Community.Incentives.Contracts;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.Payments.Contracts;
using MassTransit;
using Npgsql;
using Weasel.Core;
using Weasel.Postgresql.Tables;

namespace Community.Content.Access;

/// <summary>What somebody may read whole because they pay for it, or were given it.</summary>
/// <param name="Level">By points; 0: nobody's.</param>
internal sealed record MemberEntitlements(IReadOnlySet<Guid> Bought, IReadOnlySet<string> Tiers, int Level)
{
    public static readonly MemberEntitlements None = new(new HashSet<Guid>(), new HashSet<string>(), 0);

    public bool Open(Guid content, Requirements requires) =>
        Bought.Contains(content) || (requires.Tier is { } tier && Tiers.Contains(tier)) || Level >= requires.Level;
}

/// <summary>
/// Who has bought which content, as payments tell it, and who has which tier, as membership does, and who is on which level, as incentives do. Payment and refund are facts
/// of their own beside each other, so that they may come in any order and again; of what is told of a tier or a level, the latest holds.
/// </summary>
internal sealed class Entitlements(NpgsqlDataSource database, TimeProvider clock)
{
    public static Table Tiers
    {
        get
        {
            var table = new Table("member_tiers");
            table.AddColumn<Guid>("member_id").AsPrimaryKey();
            table.AddColumn<string>("source").AsPrimaryKey();
            table.AddColumn<string>("tier").NotNull(); // empty: none
            table.AddColumn("until", "timestamptz").NotNull();
            table.AddColumn("version", "bigint").NotNull();

            return table;
        }
    }

    public static Table Levels
    {
        get
        {
            var table = new Table("member_levels");
            table.AddColumn<Guid>("member_id").AsPrimaryKey();
            table.AddColumn<int>("level").NotNull();
            table.AddColumn("version", "bigint").NotNull();

            return table;
        }
    }

    public static Table Table
    {
        get
        {
            var table = new Table("content_purchases");
            table.AddColumn<Guid>("order_id").AsPrimaryKey();
            table.AddColumn<Guid>("content_id").AsPrimaryKey();
            table.AddColumn<Guid>("member_id").NotNull();
            table.AddColumn("paid_at", "timestamptz");
            table.AddColumn("refunded_at", "timestamptz");
            table.Indexes.Add(new IndexDefinition("ix_content_purchases_member") { Columns = ["member_id", "content_id"] });

            return table;
        }
    }

    /// <summary>Which of these contents the member has paid for, by an order whose money was not wholly given back, and which tiers the member has.</summary>
    public async Task<MemberEntitlements> Of(Guid? member, IReadOnlyCollection<Guid> contents, CancellationToken ct)
    {
        if (member is null || contents.Count == 0)
        {
            return MemberEntitlements.None;
        }

        var (bought, tiers, level) = (new HashSet<Guid>(), new HashSet<string>(), 1); // which everybody has
        await using var select = database.CreateCommand(
            """
            select content_id, null::text, null::int from content_purchases
            where member_id = $1 and content_id = any($2) and paid_at is not null and refunded_at is null
            union all
            select null, tier, null from member_tiers where member_id = $1 and tier <> '' and until > $3
            union all
            select null, null, level from member_levels where member_id = $1
            """);
        select.Parameters.Add(new() { Value = member });
        select.Parameters.Add(new() { Value = contents.ToArray() });
        select.Parameters.Add(new() { Value = clock.GetUtcNow() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            if (!rows.IsDBNull(0))
            {
                bought.Add(rows.GetGuid(0));
            }
            else if (!rows.IsDBNull(1))
            {
                tiers.Add(rows.GetString(1));
            }
            else
            {
                level = rows.GetInt32(2);
            }
        }

        return new MemberEntitlements(bought, tiers, level);
    }

    internal static void Has(IDocumentSession session, Guid member, string source, string? tier, DateTimeOffset? until, long version) =>
        session.QueueSqlCommand(
            """
            insert into member_tiers as m (member_id, source, tier, until, version) values (?, ?, ?, ?, ?)
            on conflict (member_id, source) do update set tier = excluded.tier, until = excluded.until, version = excluded.version
            where m.version < excluded.version
            """,
            member, source, tier ?? "", until?.ToUniversalTime() ?? DateTimeOffset.MaxValue, version);

    internal static void Has(IDocumentSession session, LevelChanged told) => session.QueueSqlCommand(
        """
        insert into member_levels as m (member_id, level, version) values (?, ?, ?)
        on conflict (member_id) do update set level = excluded.level, version = excluded.version where m.version < excluded.version
        """,
        told.MemberId, told.Level, told.Version);

    internal static void Paid(IDocumentSession session, OrderPaid paid)
    {
        foreach (var content in ContentsOf(paid.Lines))
        {
            session.QueueSqlCommand(
                """
                insert into content_purchases (order_id, content_id, member_id, paid_at) values (?, ?, ?, ?)
                on conflict (order_id, content_id) do update set paid_at = excluded.paid_at
                """,
                paid.OrderId, content, paid.MemberId, paid.At.ToUniversalTime());
        }
    }

    internal static void Refunded(IDocumentSession session, OrderRefunded refunded)
    {
        foreach (var content in ContentsOf(refunded.Lines))
        {
            session.QueueSqlCommand(
                """
                insert into content_purchases (order_id, content_id, member_id, refunded_at) values (?, ?, ?, ?)
                on conflict (order_id, content_id) do update set refunded_at = excluded.refunded_at
                """,
                refunded.OrderId, content, refunded.MemberId, refunded.At.ToUniversalTime());
        }
    }

    // In one order, so that two messages about the same order never wait for each other crosswise.
    private static IEnumerable<Guid> ContentsOf(IEnumerable<OrderLine> lines) =>
        lines.Where(line => line.Kind == "content").Select(line => line.SubjectId).Distinct().Order();
}

internal sealed class UnlockContentWhenOrderPaid(IDocumentStore store) : IConsumer<OrderPaid>
{
    public Task Consume(ConsumeContext<OrderPaid> context) =>
        store.Once(context, session => Entitlements.Paid(session, context.Message));
}

/// <summary>A part given back is a courtesy and leaves what was bought open.</summary>
internal sealed class LockContentWhenOrderRefunded(IDocumentStore store) : IConsumer<OrderRefunded>
{
    public Task Consume(ConsumeContext<OrderRefunded> context) => store.Once(context, session =>
    {
        if (context.Message.Whole)
        {
            Entitlements.Refunded(session, context.Message);
        }
    });
}

internal sealed class OpenContentByLevel(IDocumentStore store) : IConsumer<LevelChanged>
{
    public Task Consume(ConsumeContext<LevelChanged> context) => store.Once(context, session => Entitlements.Has(session, context.Message));
}

internal sealed class OpenContentByTier(IDocumentStore store) : IConsumer<TierGranted>, IConsumer<TierEnded>
{
    public Task Consume(ConsumeContext<TierGranted> context) => store.Once(context, session => Entitlements.Has(
        session, context.Message.MemberId, context.Message.Source, context.Message.Tier, context.Message.Until, context.Message.Version));

    public Task Consume(ConsumeContext<TierEnded> context) => store.Once(context, session => Entitlements.Has(
        session, context.Message.MemberId, context.Message.Source, null, null, context.Message.Version));
}
