using Community.EventStore;
using Community.Payments.Chargebacks;
using Community.Payments.Creators;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
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

    /// <summary>Paid for days of subscriptions that are not over.</summary>
    public const string DeferredRevenue = "deferred-revenue";

    public const string SubscriptionRevenue = "subscription-revenue";

    /// <summary>What changes to cheaper plans left over, for the next renewals.</summary>
    public const string MemberCredit = "member-credit";

    /// <summary>What creators get of what is sold: an expense.</summary>
    public const string CreatorShares = "creator-shares";

    /// <summary>What we owe to creators.</summary>
    public const string PayableToCreators = "payable:creators";

    public const string Bank = "bank";

    /// <summary>Owed to the tax office.</summary>
    public const string Tax = "tax";

    /// <summary>Of what is sold, what is not ours: it lessens sales and subscription revenue, which are with tax.</summary>
    public const string TaxIncluded = "tax-included";

    /// <summary>What gateways keep for their service.</summary>
    public const string Fees = "gateway-fees";

    /// <summary>What payers' banks have taken back and nothing is given up for: it is disputed, or was sent back before, too.</summary>
    public const string Chargebacks = "chargebacks";

    /// <summary>What a gateway holds for us.</summary>
    public static string HeldBy(string gateway) => $"gateway:{gateway}";

    public static IReadOnlyList<Posting> Of(object @event) => @event switch
    {
        OrderPaid e => Paid(e),
        RefundOwed e => Move(HeldBy(e.Receipt.Gateway), RefundsOwed, e.Amount),
        OrderRefunded e => [.. Move(Refunds, e.Dispute is null ? HeldBy(e.Gateway) : Chargebacks, e.Amount), .. Move(Tax, TaxIncluded, e.Tax)],
        OwedMoneyTakenBack e => Move(RefundsOwed, Chargebacks, e.Amount),
        OwedMoneyReturned e => Move(RefundsOwed, HeldBy(e.Receipt.Gateway), e.Amount),
        ChargebackOpened e => Move(Chargebacks, HeldBy(e.Receipt.Gateway), e.Amount),
        ChargebackClosed { Won: true } e => Move(HeldBy(e.Receipt.Gateway), Chargebacks, e.Taken),
        ChargebackClosed { Taken: null } e => Move(Chargebacks, HeldBy(e.Receipt.Gateway), e.Amount),
        SubscriptionStarted { Earning: null } e => Move(DeferredRevenue, SubscriptionRevenue, e.Paid),
        SubscriptionRenewed e => Move(MemberCredit, DeferredRevenue, e.CreditUsed),
        SubscriptionChanged e => [.. Move(MemberCredit, DeferredRevenue, e.CreditUsed), .. Move(DeferredRevenue, MemberCredit, e.Credited)],
        PlanChangeUndone e => Move(DeferredRevenue, Refunds, e.Returned),
        PaymentNotNeeded e => Move(DeferredRevenue, Refunds, e.Amount), // and by its order's refund back to the payer
        ShareEarned e => Move(CreatorShares, PayableToCreators, e.Amount),
        ShareReversed e => Move(PayableToCreators, CreatorShares, e.Amount),
        PayoutPaid e => Move(PayableToCreators, Bank, e.Amount),
        SubscriptionEnded e =>
        [
            .. Move(DeferredRevenue, Refunds, e.Returned), .. Move(DeferredRevenue, SubscriptionRevenue, e.Forfeited),
            .. Move(MemberCredit, Refunds, e.CreditLeft)
        ],
        _ => []
    };

    /// <summary>What a gateway has kept, by its report: both sides of each receipt's fee.</summary>
    public static IEnumerable<(string Receipt, Posting Posting, int Side)> OfFees(GatewayReportUploaded report) =>
        from line in report.Lines
        from posting in Move(Fees, HeldBy(report.Gateway), line.Fee).Index()
        select (line.Receipt, posting.Item, posting.Index);

    /// <summary>How, from its event on, an amount moves from deferred revenue to revenue day by day.</summary>
    public static Earning? EarningOf(object @event) => @event switch
    {
        SubscriptionStarted e => e.Earning,
        SubscriptionRenewed e => e.Earning,
        SubscriptionChanged e => e.Earning,
        PlanChangeUndone { Paused: false } e => e.Earning,
        SubscriptionResumed e => e.Earning,
        SubscriptionBroughtForward e => e.Earning,
        _ => null
    };

    /// <summary>When what was earned before is earned no further; null: it goes on.</summary>
    public static DateTimeOffset? StopsAt(object @event) => @event switch
    {
        SubscriptionRenewed e => e.At,
        SubscriptionChanged e => e.At,
        PlanChangeUndone e => e.At,
        SubscriptionPaused e => e.At,
        SubscriptionBroughtForward e => e.At,
        SubscriptionEnded e => e.At,
        _ => null
    };

    private static List<Posting> Paid(OrderPaid e)
    {
        var postings = new List<Posting>(Move(TaxIncluded, Tax, e.Tax));

        foreach (var lines in e.Lines.Zip(e.Lines.Net(e.Amount)).GroupBy(l => l.First.IsOfSubscription() ? DeferredRevenue : Sales))
        {
            postings.AddRange(Move(HeldBy(e.Receipt.Gateway), lines.Key, e.Amount with { Amount = lines.Sum(l => l.Second.Amount) }));
        }

        return postings;
    }

    private static IReadOnlyList<Posting> Move(string debit, string credit, Money? money) => money is null or { Amount: 0 }
        ? []
        : [new(debit, money.Currency, money.Amount, 0), new(credit, money.Currency, 0, money.Amount)];
}

/// <summary>The ledger as a table of postings, made from the log alone.</summary>
internal sealed class Postings : EventProjection
{
    private readonly string _insert;
    private readonly string _fee;
    private readonly string _stop;
    private readonly string _earn;

    public Postings(StoreOptions options)
    {
        var table = TableIn(options.DatabaseSchemaName);
        var earnings = EarningsIn(options.DatabaseSchemaName);

        foreach (var own in new[] { table, earnings })
        {
            SchemaObjects.Add(own);
            Options.DeleteDataInTableOnTeardown(own.Identifier.QualifiedName);
        }

        IncludeType<OrderPaid>();
        IncludeType<RefundOwed>();
        IncludeType<OrderRefunded>();
        IncludeType<OwedMoneyReturned>();
        IncludeType<OwedMoneyTakenBack>();
        IncludeType<ShareEarned>();
        IncludeType<ShareReversed>();
        IncludeType<PayoutPaid>();
        IncludeType<ChargebackOpened>();
        IncludeType<ChargebackClosed>();
        IncludeType<GatewayReportUploaded>();
        IncludeType<SubscriptionStarted>();
        IncludeType<SubscriptionRenewed>();
        IncludeType<SubscriptionChanged>();
        IncludeType<PlanChangeUndone>();
        IncludeType<SubscriptionPaused>();
        IncludeType<SubscriptionResumed>();
        IncludeType<SubscriptionBroughtForward>();
        IncludeType<PaymentNotNeeded>();
        IncludeType<SubscriptionEnded>();
        _insert = $"""
            insert into {table.Identifier.QualifiedName} (event_id, line, at, order_id, account, currency, debit, credit)
            values (?, ?, ?, ?, ?, ?, ?, ?)
            """;
        _fee = $"""
            insert into {table.Identifier.QualifiedName} (event_id, line, at, order_id, account, currency, debit, credit)
            values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing
            """;
        _stop = $"update {earnings.Identifier.QualifiedName} set stopped_at = ? where stream_id = ? and stopped_at is null";
        _earn = $"""
            insert into {earnings.Identifier.QualifiedName} (event_id, stream_id, at, begins_at, days, amount, currency) values (?, ?, ?, ?, ?, ?, ?)
            """;
    }

    public static string TableName(string schema) => TableIn(schema).Identifier.QualifiedName;

    /// <summary>What is being earned; how much of it by an instant is a matter of whole days, so that no clock is needed here.</summary>
    public static string EarningsTableName(string schema) => EarningsIn(schema).Identifier.QualifiedName;

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        var line = 0;

        foreach (var posting in Movements.Of(e.Data))
        {
            operations.QueueSqlCommand(
                _insert, e.Id, line++, e.Timestamp, e.StreamId, posting.Account, posting.Currency, posting.Debit, posting.Credit);
        }

        // Reports overlap: of each receipt the fee is taken once, by what the receipt is called.
        if (e.Data is GatewayReportUploaded report)
        {
            foreach (var (receipt, posting, side) in Movements.OfFees(report))
            {
                operations.QueueSqlCommand(
                    _fee, StreamId.Of("gateway-fee", $"{report.Gateway}/{receipt}"), side, e.Timestamp, e.StreamId, posting.Account,
                    posting.Currency, posting.Debit, posting.Credit);
            }
        }

        if (Movements.StopsAt(e.Data) is { } stop)
        {
            operations.QueueSqlCommand(_stop, stop, e.StreamId);
        }

        if (Movements.EarningOf(e.Data) is { Amount.Amount: > 0 } earning)
        {
            operations.QueueSqlCommand(
                _earn, e.Id, e.StreamId, e.Timestamp, earning.From, earning.Days, earning.Amount.Amount, earning.Amount.Currency);
        }

        return ValueTask.CompletedTask;
    }

    private static Table EarningsIn(string schema)
    {
        var table = new Table($"{schema}.ledger_earnings");
        table.AddColumn<Guid>("event_id").AsPrimaryKey();
        table.AddColumn<Guid>("stream_id").NotNull().AddIndex();
        table.AddColumn("at", "timestamptz").NotNull();
        table.AddColumn("begins_at", "timestamptz").NotNull();
        table.AddColumn<int>("days").NotNull();
        table.AddColumn("amount", "bigint").NotNull();
        table.AddColumn("currency", "text").NotNull();
        table.AddColumn("stopped_at", "timestamptz");

        return table;
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
