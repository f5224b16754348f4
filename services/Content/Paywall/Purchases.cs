using Community.Messaging;
using Community.Payments.Contracts;
using MassTransit;
using Npgsql;
using Weasel.Core;
using Weasel.Postgresql.Tables;

namespace Community.Content.Paywall;

/// <summary>
/// Who has bought which content, as payments tell it. Payment and refund are facts of their own beside each other, so that
/// they may come in any order and again.
/// </summary>
internal sealed class Purchases(NpgsqlDataSource database)
{
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

    /// <summary>Which of these contents the member has paid for, by an order whose money was not wholly given back.</summary>
    public async Task<HashSet<Guid>> Of(Guid? member, IReadOnlyCollection<Guid> contents, CancellationToken ct)
    {
        var bought = new HashSet<Guid>();

        if (member is null || contents.Count == 0)
        {
            return bought;
        }

        await using var select = database.CreateCommand(
            """
            select content_id from content_purchases
            where member_id = $1 and content_id = any($2) and paid_at is not null and refunded_at is null
            """);
        select.Parameters.Add(new() { Value = member });
        select.Parameters.Add(new() { Value = contents.ToArray() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            bought.Add(rows.GetGuid(0));
        }

        return bought;
    }

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
        store.Once(context, session => Purchases.Paid(session, context.Message));
}

/// <summary>A part given back is a courtesy and leaves what was bought open.</summary>
internal sealed class LockContentWhenOrderRefunded(IDocumentStore store) : IConsumer<OrderRefunded>
{
    public Task Consume(ConsumeContext<OrderRefunded> context) => store.Once(context, session =>
    {
        if (context.Message.Whole)
        {
            Purchases.Refunded(session, context.Message);
        }
    });
}
