using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Charging;
using Community.Payments.Gateways;

namespace Community.Payments.Orders;

internal abstract record OrderCommand
{
    /// <summary>It tells what happened elsewhere, and only of an order that is itself from there.</summary>
    public bool Imported { get; init; }
}

/// <summary>A coupon as it is used for an order.</summary>
/// <param name="Discount">What it takes off.</param>
internal sealed record CouponUse(string Code, Money Discount);

internal sealed record PlaceOrder(Guid MemberId, OrderLine[] Lines, DateTimeOffset At) : OrderCommand
{
    public CouponUse? Coupon { get; init; }

    /// <summary>As <see cref="OrderPlaced.TaxPercent"/>.</summary>
    public decimal? TaxPercent { get; init; }
}

internal sealed record StartPayment(Guid PaymentId, string Gateway, DateTimeOffset At) : OrderCommand
{
    /// <summary>As <see cref="PaymentStarted.ByMandate"/>.</summary>
    public bool ByMandate { get; init; }
}

internal sealed record TryCharge(Guid PaymentId, DateTimeOffset At) : OrderCommand;

/// <summary>A gateway has received money.</summary>
internal sealed record ConfirmPayment(Guid PaymentId, Receipt Receipt, Money Amount, DateTimeOffset At) : OrderCommand
{
    /// <summary>As <see cref="OrderPaid.SharesOwed"/>.</summary>
    public bool SharesOwed { get; init; }
}

internal sealed record FailPayment(Guid PaymentId, DateTimeOffset At) : OrderCommand;

/// <summary>Sends back what the receipt brought and no order could take.</summary>
internal sealed record ReturnOwedMoney(Guid RefundId, Receipt Receipt, DateTimeOffset At) : OrderCommand;

internal sealed record CancelOrder(DateTimeOffset At) : OrderCommand;

/// <param name="Amount">All that is left if null.</param>
internal sealed record RefundOrder(Guid RefundId, Money? Amount, string Reason, DateTimeOffset At) : OrderCommand
{
    /// <summary>As <see cref="OrderRefunded.ReasonInWords"/>.</summary>
    public Sealed? ReasonInWords { get; init; }

    /// <summary>It follows from something else and nobody waits for an answer: no more than is left, and where the payment is disputed, later.</summary>
    public bool ByItself { get; init; }
}

/// <summary>What the payer's bank says of the money of a receipt.</summary>
/// <param name="Number">The gateway's own for the dispute.</param>
internal abstract record OfDispute(string Number, Receipt Receipt) : OrderCommand
{
    public string Dispute => $"{Receipt.Gateway}/{Number}";
}

internal sealed record DisputePayment(string Number, Receipt Receipt, Money Amount, DateTimeOffset At) : OfDispute(Number, Receipt);

internal sealed record CloseDispute(string Number, Receipt Receipt, Money Amount, bool Won, DateTimeOffset At) : OfDispute(Number, Receipt);

internal abstract record Order
{
    public static readonly Decider<Order, OrderCommand, OrderEvent> Decider = new(new NotPlaced(), Decide, Evolve);

    /// <summary>All money that ever came for it.</summary>
    public ImmutableHashSet<Receipt> Receipts { get; init; } = [];

    /// <summary>Of it, what belongs to its payers and is not on its way back.</summary>
    public ImmutableDictionary<Receipt, Money> Owed { get; init; } = ImmutableDictionary<Receipt, Money>.Empty;

    /// <summary>What of it is on its way back, or there, by refund.</summary>
    public ImmutableDictionary<Guid, Receipt> Returned { get; init; } = ImmutableDictionary<Guid, Receipt>.Empty;

    /// <summary>Whose end is not told.</summary>
    public ImmutableDictionary<string, Receipt> Disputes { get; init; } = ImmutableDictionary<string, Receipt>.Empty;

    /// <summary>Disputes that have ended.</summary>
    public ImmutableHashSet<string> Decided { get; init; } = [];

    /// <summary>What payers' banks have taken by disputes that were lost.</summary>
    public ImmutableDictionary<Receipt, Money> TakenBack { get; init; } = ImmutableDictionary<Receipt, Money>.Empty;

    public static Guid Stream(Guid orderId) => orderId;

    /// <summary>Why money that came by a receipt does not go out; null: it does.</summary>
    public Rejection? Bar(Receipt receipt) => Disputes.ContainsValue(receipt) ? Disputed : HasTaken(receipt) ? ChargedBack : null;

    /// <summary>The money that a refund sends back.</summary>
    public Receipt? ReceiptOf(Guid refundId) => Returned.TryGetValue(refundId, out var owed) ? owed : (this as Paid)?.Receipt;

    /// <summary>The payer's bank has taken so much that a refund would come on top of it.</summary>
    protected virtual bool HasTaken(Receipt receipt) => TakenBack.ContainsKey(receipt) && !Owed.ContainsKey(receipt);

    public static readonly Rejection Disputed = new("payment-disputed", "The payer's bank asks for the money back: until it has decided, nothing is refunded.");

    private static readonly Rejection ChargedBack = new("payment-charged-back", "The payer's bank has taken the money back.");

    private static Decision<OrderEvent> Decide(Order order, OrderCommand command) => (order, command) switch
    {
        (Placed { Imported: false }, { Imported: true }) => new Rejection("order-id-taken", "Another order has this id."),
        (NotPlaced, PlaceOrder c) => Place(c),
        (Placed o, PlaceOrder c) when o.IsSame(c) => Decision.Nothing,
        (Placed, PlaceOrder) => new Rejection("order-id-taken", "Another order has this id."),

        // Money that came is a fact: it pays the order, or it is owed back.
        (_, ConfirmPayment c) when order.Receipts.Contains(c.Receipt) => Decision.Nothing,
        (Open o, ConfirmPayment c) when c.Amount == o.Total => new OrderPaid(o.MemberId, o.Lines, c.PaymentId, c.Receipt, c.Amount, c.At)
        {
            Tax = c.Amount.TaxAt(o.TaxPercent),
            Imported = c.Imported,
            SharesOwed = c.SharesOwed
        },
        (_, ConfirmPayment c) => new RefundOwed(c.PaymentId, c.Receipt, c.Amount, order.Reason, c.At),

        // Of what never came there is nothing to ask back.
        (_, OfDispute c) when !order.Receipts.Contains(c.Receipt) => new Rejection("chargeback-of-unknown-payment", "No such payment has come."),
        (_, OfDispute c) when order.Decided.Contains(c.Dispute) => Decision.Nothing,
        (_, DisputePayment c) when order.Disputes.ContainsKey(c.Dispute) => Decision.Nothing,
        (_, DisputePayment c) => new PaymentDisputed(c.Number, c.Receipt, c.Amount, c.At),
        (_, CloseDispute c) => order.Close(c),

        (_, ReturnOwedMoney c) when order.Bar(c.Receipt) is { } bar => bar,
        (_, ReturnOwedMoney c) when order.Owed.TryGetValue(c.Receipt, out var owed) => new OwedMoneyReturned(c.RefundId, c.Receipt, owed, c.At),
        (_, ReturnOwedMoney) => new Rejection("refund-not-owed", "It was not owed, or is on its way back."),

        // A gateway that says twice how it ended, or of what we never began, changes nothing.
        (Placed o, FailPayment c) when o.StatusOf(c.PaymentId) is PaymentStatus.Pending => new PaymentFailed(c.PaymentId, c.At),
        (_, FailPayment) => Decision.Nothing,

        (NotPlaced, _) => Rejection.NotFound,

        (Placed o, StartPayment c) when o.StatusOf(c.PaymentId) is not null => Decision.Nothing,
        (Open { Charged: not null }, StartPayment { ByMandate: true }) => new Rejection("charge-under-way", "What came of the last charge is not known yet."),
        (Open o, StartPayment c) => new PaymentStarted(c.PaymentId, c.Gateway, o.Total, c.At) { ByMandate = c.ByMandate },
        (Cancelled, StartPayment) => new Rejection("order-cancelled", "A cancelled order is not paid."),
        (Paid, StartPayment) => new Rejection("order-already-paid", "The order is paid already."),

        (Open { Charged: { } charge }, TryCharge c) when charge.PaymentId == c.PaymentId && c.At >= charge.DueAt =>
            new ChargeTried(c.PaymentId, charge.Tries + 1, c.At + Charge.BackOff.After(charge.Tries + 1), c.At),
        (Placed, TryCharge) => new Rejection("charge-not-due", "It has its outcome, or somebody else tries."),

        (Open, CancelOrder c) => new OrderCancelled(c.At),
        (Cancelled, CancelOrder) => Decision.Nothing,
        (Paid, CancelOrder) => new Rejection("order-already-paid", "A paid order is refunded, not cancelled."),

        (Paid o, RefundOrder c) when o.Refunds.ContainsKey(c.RefundId) || o.Postponed.ContainsKey(c.RefundId) => Decision.Nothing,
        (Paid o, RefundOrder { ByItself: true, Amount: { } amount } c) when o.Bar(o.Receipt) == Disputed => new RefundPostponed(c.RefundId, amount, c.Reason, c.At),
        (Paid o, RefundOrder) when o.Bar(o.Receipt) == Disputed => Disputed,
        (Paid { Left.Amount: 0, TakenBack.IsEmpty: false }, RefundOrder) => ChargedBack,
        (Paid o, RefundOrder c) => Refund(o, c),
        (Placed, RefundOrder) => new Rejection("order-not-paid", "Only a paid order is refunded."),

        _ => throw new UnreachableException($"{command.GetType().Name} is no command of an order.")
    };

    private static Order Evolve(Order order, OrderEvent @event) => (order, @event) switch
    {
        (NotPlaced, OrderPlaced e) => new Open(e)
        {
            Receipts = order.Receipts,
            Owed = order.Owed,
            Returned = order.Returned,
            Disputes = order.Disputes,
            Decided = order.Decided,
            TakenBack = order.TakenBack
        },
        (Open o, CouponApplied e) => o with { Coupon = new CouponUse(e.Code, e.Discount) },
        (Placed o, PaymentStarted e) => o with
        {
            Payments = o.Payments.Add(e.PaymentId, new Payment(e.Gateway, PaymentStatus.Pending)),
            Charged = e.ByMandate ? new Charge(e.PaymentId, 0, e.At) : o.Charged
        },
        (Placed o, ChargeTried e) => o with { Charged = new Charge(e.PaymentId, e.Attempt, e.NextAt) },
        (Placed o, PaymentFailed e) => o.Now(e.PaymentId, PaymentStatus.Failed),
        (Open o, OrderPaid e) => new Paid(o.Now(e.PaymentId, PaymentStatus.Paid), e) { Receipts = o.Receipts.Add(e.Receipt) },
        (Placed o, RefundOwed e) => o.Now(e.PaymentId, PaymentStatus.OwedBack) with { Receipts = o.Receipts.Add(e.Receipt), Owed = o.Owed.Add(e.Receipt, e.Amount) },
        (_, RefundOwed e) => order with { Receipts = order.Receipts.Add(e.Receipt), Owed = order.Owed.Add(e.Receipt, e.Amount) },
        (_, OwedMoneyReturned e) => order with { Owed = order.Owed.Remove(e.Receipt), Returned = order.Returned.Add(e.RefundId, e.Receipt) },
        (_, OwedMoneyTakenBack e) => order with { Owed = e.Left.Amount > 0 ? order.Owed.SetItem(e.Receipt, e.Left) : order.Owed.Remove(e.Receipt) },
        (_, PaymentDisputed e) => order with { Disputes = order.Disputes.Add($"{e.Receipt.Gateway}/{e.Number}", e.Receipt) },
        (_, DisputeClosed e) => order with
        {
            Disputes = order.Disputes.Remove($"{e.Receipt.Gateway}/{e.Number}"),
            Decided = order.Decided.Add($"{e.Receipt.Gateway}/{e.Number}"),
            TakenBack = e.Won ? order.TakenBack : order.TakenBack.SetItem(
                e.Receipt, order.TakenBack.GetValueOrDefault(e.Receipt) is { } before && before.Currency == e.Amount.Currency ? e.Amount.Plus(before) ?? e.Amount : e.Amount)
        },
        (Open o, OrderCancelled) => new Cancelled(o),
        (Paid o, OrderRefunded e) => o with
        {
            Refunds = o.Refunds.Add(e.RefundId, e.Amount),
            Postponed = o.Postponed.Remove(e.RefundId),
            Sent = e.Dispute is null ? o.Sent + e.Amount.Amount : o.Sent,
            WhollyRefunded = e.Whole,
            Left = o.Left.Less(e.Amount),
            TaxLeft = e.Tax is { } tax ? o.TaxLeft?.Less(tax) : o.TaxLeft
        },
        (Paid o, RefundPostponed e) => o with { Postponed = o.Postponed.Add(e.RefundId, e) },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {order.GetType().Name}.")
    };

    // Lost, it takes what is left of what it is about; what was sent back before is lost with it. What waited for its end goes.
    private Decision<OrderEvent> Close(CloseDispute c)
    {
        List<OrderEvent> events = [new DisputeClosed(c.Number, c.Receipt, c.Amount, c.Won, c.At)];

        if (!c.Won && this is Paid { Left.Amount: > 0 } paid && paid.Receipt == c.Receipt)
        {
            var taken = Part(paid.Left, c.Amount);
            events.Add(paid.Back(StreamId.Of("dispute", c.Dispute), taken, "The payer's bank has taken it back.", c.At) with { Dispute = c.Number });
        }
        else if (!c.Won && Owed.TryGetValue(c.Receipt, out var owed))
        {
            var taken = Part(owed, c.Amount);
            events.Add(new OwedMoneyTakenBack(c.Receipt, taken, owed.Less(taken), c.At));
        }

        if (events.Aggregate(this, Evolve) is Paid { Postponed.IsEmpty: false } left && left.Bar(left.Receipt) is null)
        {
            foreach (var refund in left.Postponed.Values.OrderBy(r => r.RefundId).TakeWhile(_ => left.Left.Amount > 0))
            {
                events.Add(left.Back(refund.RefundId, Part(left.Left, refund.Amount), refund.Reason, c.At));
                left = (Paid)Evolve(left, events[^1]);
            }
        }

        return [.. events];

        // Banks reckon in their own currency, too: then it is about all of it.
        static Money Part(Money of, Money amount) => amount.Currency == of.Currency && amount.Amount < of.Amount ? amount : of;
    }

    private OwedBecause Reason => this switch
    {
        Open => OwedBecause.AmountDiffers,
        Cancelled => OwedBecause.OrderCancelled,
        Paid => OwedBecause.OrderAlreadyPaid,
        _ => OwedBecause.OrderUnknown
    };

    private static Decision<OrderEvent> Place(PlaceOrder c)
    {
        if (c.Lines.Any(line => line.Price.Currency != c.Lines[0].Price.Currency))
        {
            return new Rejection("currencies-mixed", "All items of an order are paid in one currency.");
        }

        if (c.Lines.Where(line => line.Kind is "plan" or "gift").ToList() is { Count: > 1 } or [{ Quantity: > 1 }])
        {
            return new Rejection("plan-once-per-order", "An order begins one subscription.");
        }

        var total = c.Lines.Aggregate<OrderLine, Money?>(
            c.Lines[0].Price with { Amount = 0 },
            (sum, line) => line.Price.Times(line.Quantity) is { } amount ? sum?.Plus(amount) : null);

        return total is null
            ? new Rejection("total-too-large", $"An order costs at most {Money.Most} minor units.")
            : Priced(c, c.Coupon is { } coupon ? total.Less(coupon.Discount) : total);
    }

    // Where the coupon leaves nothing, there is nothing to wait for.
    private static Decision<OrderEvent> Priced(PlaceOrder c, Money total)
    {
        var placed = new OrderPlaced(c.MemberId, c.Lines, total, c.At) { TaxPercent = c.TaxPercent, Imported = c.Imported };

        if (c.Coupon is not { } coupon)
        {
            return placed;
        }

        var applied = new CouponApplied(coupon.Code, coupon.Discount, c.At);

        return total.Amount > 0
            ? [placed, applied]
            : [placed, applied, new OrderPaid(c.MemberId, c.Lines, Guid.Empty, new Receipt("coupon", coupon.Code), total, c.At)];
    }

    private static Decision<OrderEvent> Refund(Paid order, RefundOrder c)
    {
        var amount = c.Amount ?? order.Left;

        if (c.ByItself && amount.Currency == order.Left.Currency && amount.Amount > order.Left.Amount)
        {
            amount = order.Left;
        }

        return amount.Currency != order.Left.Currency
            ? new Rejection("refund-in-other-currency", $"The order was paid in {order.Left.Currency}.")
            : amount.Amount < 1 || amount.Amount > order.Left.Amount
            ? new Rejection("refund-exceeds-payment", $"{order.Left} are left to refund.")
            : order.Back(c.RefundId, amount, c.Reason, c.At) with { ReasonInWords = c.ReasonInWords, Imported = c.Imported };
    }
}

/// <summary>No such order, though money may have come for it.</summary>
internal sealed record NotPlaced : Order;

internal sealed record Payment(string Gateway, PaymentStatus Status);

internal abstract record Placed(Guid MemberId, OrderLine[] Lines, Money Total, DateTimeOffset PlacedAt) : Order
{
    public CouponUse? Coupon { get; init; }

    public decimal? TaxPercent { get; init; }

    public bool Imported { get; init; }

    public ImmutableSortedDictionary<Guid, Payment> Payments { get; init; } = ImmutableSortedDictionary<Guid, Payment>.Empty;

    /// <summary>At most one at a time: two might both succeed.</summary>
    public Charge? Charged { get; init; }

    public PaymentStatus? StatusOf(Guid paymentId) => Payments.TryGetValue(paymentId, out var payment) ? payment.Status : null;

    /// <summary>The same wish, whatever the products cost and are called meanwhile.</summary>
    public bool IsSame(PlaceOrder c) => MemberId == c.MemberId
        && Lines.Select(line => (line.ProductId, line.Quantity)).SequenceEqual(c.Lines.Select(line => (line.ProductId, line.Quantity)));

    // What has paid the order stays so, also when the gateway brings more money under the same payment.
    public Placed Now(Guid paymentId, PaymentStatus status) =>
        Payments.TryGetValue(paymentId, out var payment) && payment.Status != PaymentStatus.Paid
        ? this with
        {
            Payments = Payments.SetItem(paymentId, payment with { Status = status }),
            Charged = Charged?.PaymentId == paymentId ? null : Charged
        }
        : this;
}

internal sealed record Open : Placed
{
    public Open(OrderPlaced e) : base(e.MemberId, e.Lines, e.Total, e.At) => (TaxPercent, Imported) = (e.TaxPercent, e.Imported);
}

internal sealed record Cancelled : Placed
{
    public Cancelled(Placed order) : base(order) { }
}

internal sealed record Paid : Placed
{
    public Paid(Placed order, OrderPaid e) : base(order) => (Receipt, PaidAt, Left, TaxLeft) = (e.Receipt, e.At, e.Amount, e.Tax);

    public Receipt Receipt { get; }

    public DateTimeOffset PaidAt { get; }

    public ImmutableDictionary<Guid, Money> Refunds { get; init; } = ImmutableDictionary<Guid, Money>.Empty;

    /// <summary>Until a dispute is over.</summary>
    public ImmutableDictionary<Guid, RefundPostponed> Postponed { get; init; } = ImmutableDictionary<Guid, RefundPostponed>.Empty;

    /// <summary>By refunds of ours, in minor units.</summary>
    public long Sent { get; init; }

    /// <summary>The last refund has said so: what cost nothing has nothing left and is paid all the same.</summary>
    public bool WhollyRefunded { get; init; }

    /// <summary>Of what was paid, after all refunds.</summary>
    public Money Left { get; init; }

    /// <summary>The tax in <see cref="Left"/>.</summary>
    public Money? TaxLeft { get; init; }

    public OrderRefunded Back(Guid refundId, Money amount, string reason, DateTimeOffset at) =>
        new(MemberId, Lines, refundId, Receipt.Gateway, amount, amount == Left, reason, at) { Tax = TaxOf(amount) };

    protected override bool HasTaken(Receipt receipt) => receipt != Receipt ? base.HasTaken(receipt)
        : TakenBack.TryGetValue(receipt, out var taken) && (taken.Currency != Total.Currency || taken.Amount + Sent > Total.Amount);

    /// <summary>Of a part its share, of all that is left all that is left: so nothing of it stays.</summary>
    public Money? TaxOf(Money refund) => TaxLeft is { } left && refund != Left && refund.TaxAt(TaxPercent) is { } share
        ? share.Amount < left.Amount ? share : left
        : TaxLeft;
}
