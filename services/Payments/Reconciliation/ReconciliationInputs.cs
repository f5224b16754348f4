namespace Community.Payments.Reconciliation;

internal enum DifferenceKind
{
    /// <summary>Money came or went back, and the ledger does not say so, or says another amount.</summary>
    MoneyNotInLedger,

    /// <summary>The ledger moves a gateway's money by what is no fact of ours.</summary>
    LedgerWithoutMoney,

    /// <summary>Debits and credits of a currency differ.</summary>
    LedgerUnbalanced,

    /// <summary>The gateway's report does not know of money that we took for received.</summary>
    ReceivedNotReported,

    /// <summary>The report knows of money that never reached us.</summary>
    ReportedNotReceived,

    ReportedAmountDiffers,

    /// <summary>A plan was paid for, and there is no subscription by it, nor was it found to be had already.</summary>
    PaidWithoutEntitlement,

    /// <summary>A subscription says that an order paid for it, and that order was not paid.</summary>
    EntitlementWithoutPayment,

    /// <summary>What was paid for it went back whole, and the subscription goes on.</summary>
    EntitlementAfterRefund,

    /// <summary>Money without an invoice or credit note.</summary>
    MoneyWithoutInvoice,

    /// <summary>More of a payment went back than came: by refunds, and by the payer's bank.</summary>
    PaidOutTwice,

    /// <summary>A payer's bank has taken money of a payment that never came.</summary>
    ChargebackWithoutPayment
}

/// <param name="Subject">The order, or the subscription, or the receipt.</param>
internal sealed record Difference(DifferenceKind Kind, string Subject, Money? Expected, Money? Found);

/// <summary>Money that came (above zero) or went back (below), by an event of an order.</summary>
/// <param name="Receipt">Null: it went back.</param>
internal sealed record MoneyFact(Guid EventId, Guid OrderId, string Gateway, string? Receipt, Money Amount)
{
    /// <summary>Of the receipt, where staff wrote it.</summary>
    public Community.EventStore.Sealed? Words { get; init; }
}

/// <param name="Net">Debit less credit of the gateway's account by this event.</param>
internal sealed record LedgerFact(Guid EventId, string Gateway, Money Net);

/// <param name="OrderId">For which it came; null: it never came.</param>
/// <param name="Left">What came less what went back, in minor units of a currency.</param>
internal sealed record ReceiptFact(string Gateway, string Receipt, Guid? OrderId, string Currency, long Left);

internal sealed record ReportLine(string Receipt, Money Amount);

/// <param name="Live">It has not ended.</param>
/// <param name="PaidBy">The orders that pay for the running period.</param>
internal sealed record EntitlementFact(Guid SubscriptionId, IReadOnlyList<Guid> Orders, IReadOnlyList<Guid> PaidBy, bool Live);

/// <summary>What those who know of the same money independently say of it, held against each other.</summary>
internal sealed record ReconciliationInputs(
    IReadOnlyList<MoneyFact> Money, IReadOnlyList<LedgerFact> Ledger, IReadOnlyList<(string Currency, long Difference)> Unbalanced,
    IReadOnlyDictionary<string, IReadOnlyList<ReportLine>> Reports, IReadOnlySet<Guid> PlanOrders, IReadOnlySet<Guid> PaidOrders,
    IReadOnlySet<Guid> RefundedOrders, IReadOnlyList<EntitlementFact> Entitlements, IReadOnlySet<Guid> Invoiced)
{
    /// <summary>Of which money moved in the time that is looked at: all that ever came by them and went back.</summary>
    public IReadOnlyList<ReceiptFact> Receipts { get; init; } = [];

    public IReadOnlyList<Difference> Differences() =>
    [
        .. InLedger(), .. Unbalanced.Select(u => new Difference(DifferenceKind.LedgerUnbalanced, u.Currency, null, new Money(u.Difference, u.Currency))),
        .. InReports(), .. InEntitlements(),
        .. Receipts.Where(r => r.Left < 0).Select(r => new Difference(
            r.OrderId is null ? DifferenceKind.ChargebackWithoutPayment : DifferenceKind.PaidOutTwice, r.OrderId?.ToString() ?? $"{r.Gateway} {r.Receipt}", null,
            new Money(-r.Left, r.Currency))),
        .. Money.Where(m => m.Amount.Amount != 0 && !Invoiced.Contains(m.EventId)).Select(m => new Difference(DifferenceKind.MoneyWithoutInvoice, m.OrderId.ToString(), m.Amount, null))
    ];

    private IEnumerable<Difference> InLedger()
    {
        var ledger = Ledger.ToDictionary(l => (l.EventId, l.Gateway), l => l.Net);
        var facts = Money.Select(m => (m.EventId, m.Gateway)).ToHashSet();

        return Money.Where(m => m.Amount.Amount != 0 && ledger.GetValueOrDefault((m.EventId, m.Gateway)) != m.Amount)
            .Select(m => new Difference(DifferenceKind.MoneyNotInLedger, m.OrderId.ToString(), m.Amount, ledger.GetValueOrDefault((m.EventId, m.Gateway))))
            .Concat(Ledger.Where(l => !facts.Contains((l.EventId, l.Gateway)))
                .Select(l => new Difference(DifferenceKind.LedgerWithoutMoney, l.EventId.ToString(), null, l.Net)));
    }

    private IEnumerable<Difference> InReports()
    {
        foreach (var (gateway, lines) in Reports)
        {
            var came = Money.Where(m => m.Gateway == gateway && m.Receipt is not null).ToLookup(m => m.Receipt, m => m.Amount);
            var told = lines.ToLookup(l => l.Receipt, l => l.Amount);

            foreach (var receipt in came.Select(g => g.Key).Union(told.Select(g => g.Key)))
            {
                switch (Sum(came[receipt]), Sum(told[receipt ?? ""]))
                {
                    case ({ } ours, null):
                        yield return new Difference(DifferenceKind.ReceivedNotReported, $"{gateway} {receipt}", ours, null);
                        break;
                    case (null, { } theirs):
                        yield return new Difference(DifferenceKind.ReportedNotReceived, $"{gateway} {receipt}", null, theirs);
                        break;
                    case ({ } ours, { } theirs) when ours != theirs:
                        yield return new Difference(DifferenceKind.ReportedAmountDiffers, $"{gateway} {receipt}", ours, theirs);
                        break;
                }
            }
        }
    }

    private IEnumerable<Difference> InEntitlements()
    {
        var begun = Entitlements.SelectMany(e => e.Orders.Append(e.SubscriptionId)).ToHashSet();

        foreach (var order in PlanOrders.Where(order => !begun.Contains(order)))
        {
            yield return new Difference(DifferenceKind.PaidWithoutEntitlement, order.ToString(), null, null);
        }

        foreach (var entitlement in Entitlements)
        {
            foreach (var order in entitlement.Orders.Where(order => !PaidOrders.Contains(order)))
            {
                yield return new Difference(DifferenceKind.EntitlementWithoutPayment, entitlement.SubscriptionId.ToString(), null, null);
            }

            if (entitlement.Live && entitlement.PaidBy.Any(RefundedOrders.Contains))
            {
                yield return new Difference(DifferenceKind.EntitlementAfterRefund, entitlement.SubscriptionId.ToString(), null, null);
            }
        }
    }

    private static Money? Sum(IEnumerable<Money> money) =>
        money.Aggregate<Money, Money?>(null, (sum, m) => sum is null ? m : sum.Currency == m.Currency ? sum with { Amount = sum.Amount + m.Amount } : m);
}
