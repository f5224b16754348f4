using System.Reflection;
using Community.EventStore;
using Community.Payments.Chargebacks;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using JasperFx.Events;
using Marten;

namespace Community.Payments.Reconciliation;

/// <summary>
/// What the log says of money. It is read page by page, and of what lies outside the period only ids and sums are kept: a
/// refund of today may belong to any payment that ever came.
/// </summary>
internal sealed class RecordedFacts(DateTimeOffset begin, DateTimeOffset end)
{
    public const int Page = 500;

    private static readonly string[] Known =
    [
        .. new[]
        {
            typeof(OrderPaid), typeof(RefundOwed), typeof(OwedMoneyReturned), typeof(OrderRefunded), typeof(ChargebackOpened), typeof(ChargebackClosed), typeof(GatewayReportUploaded), typeof(SubscriptionStarted),
            typeof(SubscriptionRenewed), typeof(SubscriptionChanged), typeof(PlanChangeUndone), typeof(PaymentNotNeeded), typeof(SubscriptionEnded)
        }.Select(type => type.GetCustomAttribute<EventTypeAttribute>()!.Name)
    ];

    private readonly List<MoneyFact> _money = [];
    private readonly HashSet<Guid> _withoutInvoice = [];
    private readonly HashSet<Guid> _plans = [];
    private readonly HashSet<Guid> _notNeeded = [];
    private readonly Dictionary<Guid, Receipt> _paidBy = [];
    private readonly Dictionary<(Receipt Receipt, string Currency), Moved> _moved = [];
    private readonly Dictionary<string, HashSet<ReportedMoney>> _reports = [];
    private readonly Dictionary<Guid, Entitled?> _entitled = [];

    /// <summary>Of the period.</summary>
    public IReadOnlyList<MoneyFact> Money => _money;

    /// <summary>Of the period: nothing is invoiced for money that fits no order and is owed back, nor for what a bank takes.</summary>
    public IReadOnlySet<Guid> WithoutInvoice => _withoutInvoice;

    /// <summary>Orders of plans that were paid in the period, and needed.</summary>
    public IReadOnlySet<Guid> PlanOrders => _plans.Except(_notNeeded).ToHashSet();

    public IReadOnlySet<Guid> PaidOrders => _paidBy.Keys.ToHashSet();

    public HashSet<Guid> RefundedOrders { get; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<ReportLine>> Reports => _reports.ToDictionary(
        r => r.Key, r => (IReadOnlyList<ReportLine>)[.. r.Value.Select(l => new ReportLine(l.Receipt, l.Amount))]);

    public IReadOnlyList<EntitlementFact> Entitlements =>
    [
        .. _entitled.Values.OfType<Entitled>().Select(e => new EntitlementFact(
            e.SubscriptionId, [.. e.Orders.OfType<Guid>()], [.. e.PaidBy.OfType<Guid>().Except(e.Undone)], !e.Ended))
    ];

    public IReadOnlyList<ReceiptFact> Receipts =>
    [
        .. _moved.Where(m => m.Value.IsLookedAt).Select(m => new ReceiptFact(
            m.Key.Receipt.Gateway, m.Key.Receipt.Number, m.Value.OrderId, m.Key.Currency, m.Value.Left))
    ];

    /// <param name="session">In one transaction, so that all pages are of the same instant.</param>
    public async Task Read(IQuerySession session, int page, CancellationToken ct)
    {
        for (var after = 0L; ;)
        {
            var events = await session.Events.QueryAllRawEvents()
                .Where(e => e.Sequence > after && Known.Contains(e.EventTypeName)).OrderBy(e => e.Sequence).Take(page).ToListAsync(ct);

            foreach (var e in events)
            {
                Record(e);
            }

            if (events.Count < page)
            {
                return;
            }

            after = events[^1].Sequence;
        }
    }

    private void Record(IEvent e)
    {
        var within = e.Timestamp >= begin && e.Timestamp < end;

        switch (e.Data)
        {
            case OrderPaid paid:
                _paidBy[e.StreamId] = paid.Receipt;

                if (within && paid.Lines.Any(l => l.Kind is "plan" or "gift"))
                {
                    _plans.Add(e.StreamId);
                }

                break;

            case OrderRefunded { Whole: true }:
                RefundedOrders.Add(e.StreamId);
                break;

            case PaymentNotNeeded m:
                _notNeeded.Add(m.OrderId);
                break;

            case GatewayReportUploaded m:
                (_reports.TryGetValue(m.Gateway, out var lines) ? lines : _reports[m.Gateway] = []).UnionWith(m.Lines.Where(l => l.At >= begin && l.At < end));
                break;
        }

        if (e.Data is SubscriptionEvent)
        {
            Entitle(e);
        }

        if (FactOf(e) is { } fact)
        {
            Move(e, fact, within);
        }
    }

    private void Move(IEvent e, MoneyFact fact, bool within)
    {
        if (within)
        {
            _money.Add(fact);

            if (e.Data is RefundOwed or OwedMoneyReturned or ChargebackOpened or ChargebackClosed)
            {
                _withoutInvoice.Add(e.Id);
            }
        }

        if (ReceiptOf(e) is { } receipt)
        {
            var moved = _moved.GetValueOrDefault((receipt, fact.Amount.Currency)) ?? new Moved(null, 0, false);
            _moved[(receipt, fact.Amount.Currency)] = new Moved(
                moved.OrderId ?? (e.Data is OrderPaid or RefundOwed ? e.StreamId : null), moved.Left + fact.Amount.Amount, moved.IsLookedAt || within);
        }
    }

    private void Entitle(IEvent e)
    {
        if (!_entitled.TryGetValue(e.StreamId, out var entitled))
        {
            _entitled[e.StreamId] = entitled = e.Data is SubscriptionStarted started ? new Entitled(started.SubscriptionId) : null;
        }

        if (entitled is null)
        {
            return;
        }

        // What the running period was paid by: its beginning, and changes since that are not undone.
        switch (e.Data)
        {
            case SubscriptionStarted m:
                entitled.Begins(m.OrderId);
                break;
            case SubscriptionRenewed m:
                entitled.Begins(m.OrderId);
                break;
            case SubscriptionChanged m:
                entitled.Orders.Add(m.OrderId);
                entitled.PaidBy.Add(m.OrderId);
                break;
            case PlanChangeUndone m:
                entitled.Undone.Add(m.OrderId);
                break;
            case SubscriptionEnded:
                entitled.Ended = true;
                break;
        }
    }

    private Receipt? ReceiptOf(IEvent e) => e.Data switch
    {
        OrderPaid m => m.Receipt,
        RefundOwed m => m.Receipt,
        OwedMoneyReturned m => m.Receipt,
        ChargebackOpened m => m.Receipt,
        ChargebackClosed m => m.Receipt,
        _ => _paidBy.GetValueOrDefault(e.StreamId)
    };

    private static MoneyFact? FactOf(IEvent e) => e.Data switch
    {
        OrderRefunded { Dispute: not null } => null, // it went by the chargeback
        OrderPaid m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, m.Receipt.Number, m.Amount) { Words = m.Receipt.Words },
        RefundOwed m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, m.Receipt.Number, m.Amount) { Words = m.Receipt.Words },
        OwedMoneyReturned m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        ChargebackOpened m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        ChargebackClosed { Won: true, Taken: { } taken } m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, taken),
        ChargebackClosed { Won: false, Taken: null } m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        OrderRefunded m => new MoneyFact(e.Id, e.StreamId, m.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        _ => null
    };

    private sealed record Moved(Guid? OrderId, long Left, bool IsLookedAt);

    private sealed class Entitled(Guid subscription)
    {
        public Guid SubscriptionId { get; } = subscription;

        public List<Guid?> Orders { get; } = [];

        public List<Guid?> PaidBy { get; } = [];

        public List<Guid> Undone { get; } = [];

        public bool Ended { get; set; }

        public void Begins(Guid? order)
        {
            Orders.Add(order);
            PaidBy.Clear();
            PaidBy.Add(order);
            Undone.Clear();
        }
    }
}
