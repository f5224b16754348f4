using Community.Payments.Orders;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Core;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.Payments.Ledger;

/// <summary>One side of a movement of money, in minor units; the other of debit and credit is zero.</summary>
internal sealed record Posting(string Account, string Currency, long Debit, long Credit);

/// <summary>Double entry: each event that moves money debits one account and credits another with the same amount.</summary>
internal static class Movements
{
    /// <summary>What we owe to payers whose money fits no order.</summary>
    public const string RefundsOwed = "refunds-owed";

    public const string Sales = "sales";

    public const string Refunds = "refunds";

    /// <summary>What a gateway holds for us.</summary>
    public static string HeldBy(string gateway) => $"gateway:{gateway}";

    public static IReadOnlyList<Posting> Of(OrderEvent @event) => @event switch
    {
        OrderPaid e => Move(HeldBy(e.Receipt.Gateway), Sales, e.Amount),
        RefundOwed e => Move(HeldBy(e.Receipt.Gateway), RefundsOwed, e.Amount),
        OrderRefunded e => Move(Refunds, HeldBy(e.Gateway), e.Amount),
        OwedMoneyReturned e => Move(RefundsOwed, HeldBy(e.Receipt.Gateway), e.Amount),
        _ => []
    };

    private static IReadOnlyList<Posting> Move(string debit, string credit, Money money) =>
        [new(debit, money.Currency, money.Amount, 0), new(credit, money.Currency, 0, money.Amount)];
}

/// <summary>The ledger as a table of postings, made from the log alone.</summary>
internal sealed class Postings : EventProjection
{
    private readonly string _insert;

    public Postings(StoreOptions options)
    {
        var table = TableIn(options.DatabaseSchemaName);
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        IncludeType<OrderPaid>();
        IncludeType<RefundOwed>();
        IncludeType<OrderRefunded>();
        IncludeType<OwedMoneyReturned>();
        _insert = $"""
            insert into {table.Identifier.QualifiedName} (event_id, line, at, order_id, account, currency, debit, credit)
            values (?, ?, ?, ?, ?, ?, ?, ?)
            """;
    }

    public static string TableName(string schema) => TableIn(schema).Identifier.QualifiedName;

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        var line = 0;

        foreach (var posting in Movements.Of((OrderEvent)e.Data))
        {
            operations.QueueSqlCommand(
                _insert, e.Id, line++, e.Timestamp, e.StreamId, posting.Account, posting.Currency, posting.Debit, posting.Credit);
        }

        return ValueTask.CompletedTask;
    }

    private static Table TableIn(string schema)
    {
        var table = new Table($"{schema}.ledger_postings");
        table.AddColumn<Guid>("event_id").AsPrimaryKey();
        table.AddColumn<int>("line").AsPrimaryKey();
        table.AddColumn("at", "timestamptz").NotNull();
        table.AddColumn<Guid>("order_id").NotNull();
        table.AddColumn("account", "text").NotNull();
        table.AddColumn("currency", "text").NotNull();
        table.AddColumn("debit", "bigint").NotNull();
        table.AddColumn("credit", "bigint").NotNull();

        return table;
    }
}
