using Community.Payments.Reconciliation;

namespace Community.Payments.Tests.Reconciliation;

public sealed class DifferenceSpecs
{
    private static readonly Money Ten = new(1000, "CNY");
    private static readonly Money Nine = new(900, "CNY");
    private static readonly MoneyFact Came = new(Id(1), Id(10), "sandbox", "r1", Ten);

    private static readonly ReconciliationInputs Agreed = new(
        [Came, new MoneyFact(Id(2), Id(11), "sandbox", null, Nine with { Amount = -900 })],
        [new LedgerFact(Id(1), "sandbox", Ten), new LedgerFact(Id(2), "sandbox", Nine with { Amount = -900 })], [],
        new Dictionary<string, IReadOnlyList<ReportLine>> { ["sandbox"] = [new ReportLine("r1", Ten)] },
        new HashSet<Guid> { Id(10) }, new HashSet<Guid> { Id(10) }, new HashSet<Guid>(),
        [new EntitlementFact(Id(10), [Id(10)], [Id(10)], true)], new HashSet<Guid> { Id(1), Id(2) });

    [Fact]
    public void Where_all_agree_there_is_no_difference() => Assert.Empty(Agreed.Differences());

    [Fact]
    public void Each_difference_has_its_name()
    {
        Is(DifferenceKind.MoneyNotInLedger, Agreed with { Ledger = [Agreed.Ledger[1]] });
        Is(DifferenceKind.MoneyNotInLedger, Agreed with { Ledger = [new LedgerFact(Id(1), "sandbox", Nine), Agreed.Ledger[1]] });
        Is(DifferenceKind.LedgerWithoutMoney, Agreed with { Ledger = [.. Agreed.Ledger, new LedgerFact(Id(3), "sandbox", Ten)] });
        Is(DifferenceKind.LedgerUnbalanced, Agreed with { Unbalanced = [("CNY", 1)] });
        Is(DifferenceKind.ReceivedNotReported, Reported());
        Is(DifferenceKind.ReportedNotReceived, Reported(new ReportLine("r1", Ten), new ReportLine("r2", Ten)));
        Is(DifferenceKind.ReportedAmountDiffers, Reported(new ReportLine("r1", Nine)));
        Is(DifferenceKind.ReportedAmountDiffers, Reported(new ReportLine("r1", Ten with { Currency = "USD" })));
        Is(DifferenceKind.PaidWithoutEntitlement, Agreed with { Entitlements = [] });
        Is(DifferenceKind.EntitlementWithoutPayment, Agreed with { PaidOrders = new HashSet<Guid>() });
        Is(DifferenceKind.EntitlementAfterRefund, Agreed with { RefundedOrders = new HashSet<Guid> { Id(10) } });
        Is(DifferenceKind.PaidOutTwice, Agreed with { Receipts = [new ReceiptFact("sandbox", "r1", Id(10), "CNY", -1), new ReceiptFact("sandbox", "r2", Id(11), "CNY", 0)] });
        Is(DifferenceKind.ChargebackWithoutPayment, Agreed with { Receipts = [new ReceiptFact("sandbox", "r1", null, "CNY", -1)] });
        Is(DifferenceKind.MoneyWithoutInvoice, Agreed with { Invoiced = new HashSet<Guid> { Id(2) } });
    }

    private static void Is(DifferenceKind kind, ReconciliationInputs witnesses) => Assert.Equal(kind, Assert.Single(witnesses.Differences()).Kind);

    private static ReconciliationInputs Reported(params ReportLine[] lines) =>
        Agreed with { Reports = new Dictionary<string, IReadOnlyList<ReportLine>> { ["sandbox"] = lines } };

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);
}
