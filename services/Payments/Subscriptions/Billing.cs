using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Charging;
using Community.Payments.Orders;
using JasperFx.Events;
using Marten;

namespace Community.Payments.Subscriptions;

/// <summary>
/// What orders do to subscriptions, and subscriptions to orders: from the log, at least once and in its order. Each step is
/// a command that does nothing the second time.
/// </summary>
internal sealed class Billing(IServiceProvider services) : EventSubscription(services, "billing",
    typeof(OrderPaid), typeof(OrderRefunded), typeof(OrderCancelled), typeof(PaymentFailed), typeof(RenewalDue), typeof(PlanChangeAsked),
    typeof(SubscriptionPastDue), typeof(SubscriptionPaused), typeof(PlanChangeUndone), typeof(PaymentNotNeeded), typeof(SubscriptionEnded))
{
    private static readonly TimeSpan NewFor = TimeSpan.FromDays(14);

    protected override Task Follow(IEvent fact, CancellationToken ct) => fact.Data switch
    {
        OrderPaid e => Paid(Store, fact.StreamId, e, ct),
        OrderRefunded { Whole: true } e => Refunded(Store, fact.StreamId, e, ct),
        OrderCancelled e => Cancelled(Store, fact.StreamId, e, ct),
        PaymentFailed e => Failed(Store, fact.StreamId, e, ct),
        RenewalDue e => Ask(Store, e.OrderId, e.MemberId, Line("renewal", e.SubscriptionId, e.Terms, e.Charge), e.Mandate, e.LapsedOrderId, e.At, ct),
        PlanChangeAsked e => Ask(Store, e.OrderId, e.MemberId, Line("change", e.SubscriptionId, e.Terms, e.Charge), e.Mandate, e.LapsedOrderId, e.At, ct),
        SubscriptionPastDue { Again: true, Mandate: { } mandate } e => Charge(Store, e.OrderId, mandate, e.Attempt, e.At, ct),
        SubscriptionPaused { LapsedOrderId: { } lapsed } e => Cancel(Store, [lapsed], e.At, ct),
        PlanChangeUndone { LapsedOrderId: { } lapsed } e => Cancel(Store, [lapsed], e.At, ct),
        PaymentNotNeeded e => GiveBack(Store, e.OrderId, StreamId.Of("not-needed", e.OrderId), e.Amount, e.At, ct),
        SubscriptionEnded e => Ended(Store, fact.StreamId, e, ct),
        _ => Task.CompletedTask
    };

    private async Task Paid(IDocumentStore store, Guid orderId, OrderPaid e, CancellationToken ct)
    {
        var mandate = Service<Mandates>().Find(e.Receipt.Gateway)?.Name;
        var coupon = (await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Placed { Coupon: { } use }
            ? (await store.Load(Coupon.Decider, Coupon.Stream(use.Code), null, ct)).State.Terms
            : null;

        foreach (var (index, (line, paid)) in e.Lines.Zip(e.Lines.Net(e.Amount)).Index())
        {
            // What was paid elsewhere began, or renewed, what is itself imported.
            if (e.Imported && line.IsOfSubscription())
            {
                continue;
            }

            if (line.Kind is "renewal" or "change")
            {
                await Handle(store, line.SubjectId, new RecordPayment(orderId, paid, mandate, e.At), ct);
            }
            else if (line.Kind is "plan" or "gift" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { } terms)
            {
                var (member, source) = line.Kind == "plan" ? (e.MemberId, SubscriptionSource.Paid) : (line.SubjectId, SubscriptionSource.Gift);
                await Subscribe(store, new StartSubscription(
                    orderId, member, terms, source, coupon?.ForRenewals(terms.Months), orderId, mandate, paid, null, e.At), ct);
            }
            else if (line.IsOneContent() && await Note(store, new NotePurchase(e.MemberId, line.ProductId, orderId, e.At), ct) is not null && !e.Imported)
            {
                await GiveBack(store, orderId, StreamId.Of("not-needed", $"{orderId}/{index}"), paid, e.At, ct);
            }
        }
    }

    private async Task Subscribe(IDocumentStore store, StartSubscription start, CancellationToken ct)
    {
        var (order, member, terms) = (start.SubscriptionId, start.MemberId, start.Terms);

        // Whoever it was for was erased before it was paid.
        if (await Service<KnownMembers>().HasErased(member, ct))
        {
            await Handle(store, order, start, ct);
            await Handle(store, order, new RecordRefund(order, start.Paid, start.At), ct);
            await GiveBack(store, order, StreamId.Of("not-needed", order), start.Paid, start.At, ct);

            return;
        }

        var had = await store.HadBy(member, ct);

        if (had.Any(s => s.SubscriptionId == order || s.Settled.Contains(order)))
        {
            return;
        }

        if (start.Source == SubscriptionSource.Paid)
        {
            // Ordered before the member had it: the money goes back.
            if (had.Bar(terms) is not null && had.Holding(terms.Tier) is { } held)
            {
                await Handle(store, held.SubscriptionId, new RecordPayment(order, start.Paid, start.Mandate, start.At), ct);

                return;
            }

            foreach (var trial in had.OfType<Live>().Where(s => s.IsTrial && s.Terms.Tier == terms.Tier))
            {
                // What the trial asks for is not asked any more; where it is paid all the same, it goes back.
                await Cancel(store, trial.Due is { } due ? [due.OrderId] : [], start.At, ct);
                var convert = new ConvertTrial(order, terms, start.Paid, start.Discount, start.Mandate, start.At);

                if (await Handle(store, trial.SubscriptionId, convert, ct) is null)
                {
                    return;
                }

                await Handle(store, trial.SubscriptionId, new CancelSubscription(start.At), ct);
            }

            if (terms.IsForGood && had.Holding(terms.Tier) is { } renewing)
            {
                await Handle(store, renewing.SubscriptionId, new CancelSubscription(start.At), ct);
            }
        }

        await Handle(store, order, start with { After = terms.IsForGood ? null : await EndOf(member, terms.Tier, start.At, ct) }, ct);
    }

    // Days that are paid for are not lost to days that the member has anyway.
    private async Task<DateTimeOffset?> EndOf(Guid member, string tier, DateTimeOffset now, CancellationToken ct) =>
        (await Ending(member, tier, ct)).Select(s => s.Period.End).Where(end => end > now).Max();

    // Nor does what is given back leave its days behind: the passes that were to go on from it move up.
    private async Task MoveUp(Guid member, string tier, DateTimeOffset now, CancellationToken ct)
    {
        var ending = await Ending(member, tier, ct);
        var to = ending.Where(s => s.Period.Start <= now).Select(s => s.Period.End).Append(now).Max()!.Value;

        foreach (var pass in ending.Where(s => s.Period.Start > now).OrderBy(s => s.Period.Start))
        {
            await Handle(Store, pass.SubscriptionId, new BringForward(to, now), ct);
            to = pass.Period.Start > to ? to + (pass.Period.End!.Value - pass.Period.Start) : pass.Period.End!.Value;
        }
    }

    /// <summary>What the member has of a tier until an instant, and not beyond it by itself.</summary>
    private async Task<IReadOnlyList<Live>> Ending(Guid member, string tier, CancellationToken ct) =>
        [.. (await Store.HadBy(member, ct)).OfType<Live>().Where(s => s is { Next: null, PausedAt: null, Period.End: not null } && s.Terms.Tier == tier)];

    private static async Task Refunded(IDocumentStore store, Guid orderId, OrderRefunded e, CancellationToken ct)
    {
        var order = (Placed)(await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State;

        foreach (var (line, paid) in e.Lines.Zip(e.Lines.Net(order.Total)))
        {
            if (e.Imported && line.IsOfSubscription())
            {
                continue;
            }

            if (line.Kind is "plan" or "gift" or "renewal" or "change")
            {
                var refund = new RecordRefund(orderId, paid, e.At);

                if (await Handle(store, line.Kind is "plan" or "gift" ? orderId : line.SubjectId, refund, ct) == Rejection.NotFound
                    && (await store.HadBy(e.MemberId, ct)).FirstOrDefault(s => s.Settled.Contains(orderId)) is { } tried)
                {
                    await Handle(store, tried.SubscriptionId, refund, ct); // what it pays for began as a trial
                }
            }
            else if (line.IsOneContent())
            {
                await Note(store, new EndPurchase(e.MemberId, line.ProductId, orderId, e.At), ct);
            }
        }
    }

    private static async Task Cancelled(IDocumentStore store, Guid orderId, OrderCancelled e, CancellationToken ct)
    {
        if ((await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Placed { Coupon: { } use })
        {
            await store.Handle(Coupon.Decider, Coupon.Stream(use.Code), new ReleaseUse(orderId, e.At), ct);
        }
    }

    private static async Task Failed(IDocumentStore store, Guid orderId, PaymentFailed e, CancellationToken ct)
    {
        if ((await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Placed { Lines: [{ Kind: "renewal" } line] })
        {
            await Handle(store, line.SubjectId, new RecordFailedPayment(orderId, e.At), ct);
        }
    }

    private async Task Ask(
        IDocumentStore store, Guid orderId, Guid member, OrderLine line, string? mandate, Guid? lapsed, DateTimeOffset at, CancellationToken ct)
    {
        await Cancel(store, lapsed is { } one ? [one] : [], at, ct);
        await store.Handle(Order.Decider, Order.Stream(orderId), new PlaceOrder(member, [line], at) { TaxPercent = Service<Tax>().Percent }, ct);

        if (mandate is not null)
        {
            await Charge(store, orderId, mandate, 1, at, ct);
        }
    }

    // ChargeSender asks the gateway. Where no gateway has a mandate, the payer has a link, which is the order.
    private static async Task Charge(IDocumentStore store, Guid orderId, string mandate, int attempt, DateTimeOffset at, CancellationToken ct)
    {
        var payment = StreamId.Of("charge", $"{orderId}/{attempt}");
        await store.Handle(Order.Decider, Order.Stream(orderId), new StartPayment(payment, mandate, at) { ByMandate = true }, ct);
    }

    private async Task Ended(IDocumentStore store, Guid stream, SubscriptionEnded e, CancellationToken ct)
    {
        await Cancel(store, e.OpenOrders, e.At, ct);
        await MoveUp(e.MemberId, e.Terms.Tier, e.At, ct);
        await Declined(store, e, ct);

        if (e.CreditLeft.Amount == 0)
        {
            return;
        }

        // Credit is what was paid too much: it goes back by the orders that brought it, the latest first. What an operator
        // has given back of them before is not given twice.
        var settled = (await store.Load(Subscription.Decider, stream, null, ct)).State.Settled;
        var left = e.CreditLeft.Amount;

        foreach (var orderId in settled.OrderDescending())
        {
            if ((await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Paid order)
            {
                var refund = StreamId.Of("credit", orderId);
                var amount = (order.Refunds.GetValueOrDefault(refund) ?? order.Postponed.GetValueOrDefault(refund)?.Amount)?.Amount ?? Math.Min(left, order.Left.Amount);
                await GiveBack(store, orderId, refund, e.CreditLeft with { Amount = amount }, e.At, ct);
                left -= amount;
            }
        }
    }

    // To who gave it: the days that were not used; all of what was for good, while it is new.
    private static async Task Declined(IDocumentStore store, SubscriptionEnded e, CancellationToken ct)
    {
        if (e.Because != EndedBecause.Declined || (await store.Load(Order.Decider, Order.Stream(e.SubscriptionId), null, ct)).State is not Paid order)
        {
            return;
        }

        var paid = order.Lines.Zip(order.Lines.Net(order.Total)).Where(l => l.First.Kind == "gift").Select(l => l.Second).FirstOrDefault();
        var isNew = e.Terms.IsForGood && e.At < order.PaidAt + NewFor;
        await GiveBack(store, e.SubscriptionId, StreamId.Of("declined", e.SubscriptionId), isNew && paid is not null ? paid : e.Returned, e.At, ct);
    }

    private static async Task GiveBack(IDocumentStore store, Guid orderId, Guid refundId, Money amount, DateTimeOffset at, CancellationToken ct)
    {
        if (amount.Amount > 0)
        {
            await store.Handle(Order.Decider, Order.Stream(orderId), new RefundOrder(refundId, amount, "No longer needed.", at) { ByItself = true }, ct);
        }
    }

    private static async Task Cancel(IDocumentStore store, IEnumerable<Guid> orders, DateTimeOffset at, CancellationToken ct)
    {
        foreach (var order in orders)
        {
            await store.Handle(Order.Decider, Order.Stream(order), new CancelOrder(at), ct); // refused where it was paid meanwhile
        }
    }

    private static async Task<Rejection?> Note(IDocumentStore store, PurchaseCommand command, CancellationToken ct) =>
        (await store.Handle(Purchase.Decider, Purchase.Stream(command.MemberId, command.ProductId), command, ct)).Rejection;

    private static async Task<Rejection?> Handle(IDocumentStore store, Guid subscriptionId, SubscriptionCommand command, CancellationToken ct) =>
        (await store.Handle(Subscription.Decider, Subscription.Stream(subscriptionId), command, ct)).Rejection;

    private static OrderLine Line(string kind, Guid subscriptionId, Terms terms, Money charge) =>
        new(terms.PlanId, kind, subscriptionId, terms.Name, 1, charge);
}

/// <summary>Does what time makes due.</summary>
internal sealed class DueSubscriptions(IDocumentStore store, TimeProvider clock, ILogger<DueSubscriptions> log)
    : PeriodicJob("billing", TimeSpan.FromSeconds(2), clock, log)
{
    private const int AtOnce = 200;

    protected override async Task Do(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        await using var session = store.QuerySession();
        var due = await session.Query<SubscriptionInList>().Where(s => s.DueAt <= now).OrderBy(s => s.DueAt).Take(AtOnce).ToListAsync(ct);

        foreach (var subscription in due)
        {
            await store.Handle(
                Subscription.Decider, subscription.Id, new AdvanceSubscription(Guid.CreateVersion7(now), now), ct);
        }
    }
}
