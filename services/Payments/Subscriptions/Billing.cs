using Community.EventSourcing;
using Community.Payments.Coupons;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Plans;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Daemon;
using Marten.Subscriptions;
using Npgsql;

namespace Community.Payments.Subscriptions;

/// <summary>
/// What orders do to subscriptions, and subscriptions to orders: from the log, at least once and in its order. Each step is
/// a command that does nothing the second time.
/// </summary>
internal sealed class Billing : SubscriptionBase
{
    private readonly IServiceProvider _services;

    public Billing(IServiceProvider services)
    {
        _services = services;
        Name = "billing";
        IncludeType<OrderPaid>();
        IncludeType<OrderRefunded>();
        IncludeType<OrderCancelled>();
        IncludeType<PaymentFailed>();
        IncludeType<RenewalDue>();
        IncludeType<PlanChangeAsked>();
        IncludeType<SubscriptionPastDue>();
        IncludeType<SubscriptionPaused>();
        IncludeType<SubscriptionEnded>();
    }

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        var store = _services.GetRequiredService<IDocumentStore>();

        foreach (var @event in page.Events)
        {
            Origin.Set(new Origin("billing", @event.Id.ToString(), @event.CorrelationId));
            await Follow(store, @event, cancellationToken);
        }

        return NullChangeListener.Instance;
    }

    private Task Follow(IDocumentStore store, IEvent @event, CancellationToken ct) => @event.Data switch
    {
        OrderPaid e => Paid(store, @event.StreamId, e, ct),
        OrderRefunded { Whole: true } e => Refunded(store, @event.StreamId, e, ct),
        OrderCancelled e => Cancelled(store, @event.StreamId, e, ct),
        PaymentFailed e => Failed(store, @event.StreamId, e, ct),
        RenewalDue e => Ask(store, e.OrderId, e.MemberId, Line("renewal", e.SubscriptionId, e.Terms, e.Charge), e.Mandate, e.LapsedOrderId, e.At, ct),
        PlanChangeAsked e => Ask(store, e.OrderId, e.MemberId, Line("change", e.SubscriptionId, e.Terms, e.Charge), e.Mandate, e.LapsedOrderId, e.At, ct),
        SubscriptionPastDue { Again: true, Mandate: { } mandate } e => Charge(store, e.OrderId, e.Charge, mandate, e.Attempt, e.At, ct),
        SubscriptionPaused { LapsedOrderId: { } lapsed } e => Cancel(store, [lapsed], e.At, ct),
        SubscriptionEnded e => Cancel(store, e.OpenOrders, e.At, ct),
        _ => Task.CompletedTask
    };

    private static async Task Paid(IDocumentStore store, Guid orderId, OrderPaid e, CancellationToken ct)
    {
        var mandate = e.Receipt.Gateway == Sandbox.Gateway ? Sandbox.Gateway : null;
        var coupon = (await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Placed { Coupon: { } use }
            ? (await store.Load(Coupon.Decider, Coupon.Stream(use.Code), null, ct)).State.Terms
            : null;

        foreach (var (line, paid) in e.Lines.Zip(e.Lines.Net(e.Amount)))
        {
            if (line.Kind is "renewal" or "change")
            {
                await Tell(store, line.SubjectId, new RecordPayment(orderId, paid, mandate, e.At), ct);
            }
            else if (line.Kind is "plan" or "gift" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { } terms)
            {
                var (member, source) = line.Kind == "plan" ? (e.MemberId, SubscriptionSource.Paid) : (line.SubjectId, SubscriptionSource.Gift);
                await Tell(store, orderId, new StartSubscription(
                    orderId, member, terms, source, coupon?.ForRenewals(terms.Months), orderId, mandate, paid, null, e.At), ct);
            }
        }
    }

    private static async Task Refunded(IDocumentStore store, Guid orderId, OrderRefunded e, CancellationToken ct)
    {
        var order = (Placed)(await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State;

        foreach (var (line, paid) in e.Lines.Zip(e.Lines.Net(order.Total)))
        {
            if (line.Kind is "plan" or "gift" or "renewal" or "change")
            {
                var subscription = line.Kind is "plan" or "gift" ? orderId : line.SubjectId;
                await Tell(store, subscription, new RecordRefund(orderId, paid, e.At), ct);
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
            await Tell(store, line.SubjectId, new RecordFailedPayment(orderId, e.At), ct);
        }
    }

    private async Task Ask(
        IDocumentStore store, Guid orderId, Guid member, OrderLine line, string? mandate, Guid? lapsed, DateTimeOffset at, CancellationToken ct)
    {
        await Cancel(store, lapsed is { } one ? [one] : [], at, ct);
        await store.Handle(Order.Decider, Order.Stream(orderId), new PlaceOrder(member, [line], at), ct);

        if (mandate is not null)
        {
            await Charge(store, orderId, line.Price, mandate, 1, at, ct);
        }
    }

    // The sandbox charges again by itself. Others send the payer a link, which is the order.
    private async Task Charge(IDocumentStore store, Guid orderId, Money amount, string mandate, int attempt, DateTimeOffset at, CancellationToken ct)
    {
        if (mandate != Sandbox.Gateway || _services.GetService<Sandbox>() is null)
        {
            return;
        }

        var payment = StreamId.Of("charge", $"{orderId}/{attempt}");
        var handled = await store.Handle(Order.Decider, Order.Stream(orderId), new StartPayment(payment, mandate, at), ct);

        if (handled.Rejection is null)
        {
            var now = _services.GetRequiredService<TimeProvider>().GetUtcNow();
            OrderCommand outcome = _services.GetRequiredService<IConfiguration>().GetValue<bool>("Gateways:Sandbox:RefusesMandates")
                ? new FailPayment(payment, now)
                : new ConfirmPayment(payment, new Receipt(mandate, $"sandbox-{payment}"), amount, now);
            await store.Handle(Order.Decider, Order.Stream(orderId), outcome, ct);
        }
    }

    private static async Task Cancel(IDocumentStore store, IEnumerable<Guid> orders, DateTimeOffset at, CancellationToken ct)
    {
        foreach (var order in orders)
        {
            await store.Handle(Order.Decider, Order.Stream(order), new CancelOrder(at), ct); // refused where it was paid meanwhile
        }
    }

    private static async Task Tell(IDocumentStore store, Guid subscriptionId, SubscriptionCommand command, CancellationToken ct) =>
        await store.Handle(Subscription.Decider, Subscription.Stream(subscriptionId), command, ct);

    private static OrderLine Line(string kind, Guid subscriptionId, Terms terms, Money charge) =>
        new(terms.PlanId, kind, subscriptionId, terms.Name, 1, charge);
}

internal sealed class BillingSubscription(IServiceProvider services) : IStorePart
{
    public void Configure(StoreOptions options) => options.Projections.Subscribe(new Billing(services));
}

/// <summary>
/// Does what time makes due: on every replica, for the streams decide, and a step done twice is done once. What fell due
/// while nothing ran is found at the next start.
/// </summary>
internal sealed class DueSubscriptions(IDocumentStore store, TimeProvider clock, ILogger<DueSubscriptions> log) : BackgroundService
{
    private const int AtOnce = 200;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Every, clock);

        while (await beat.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await Advance(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested
                && e is NpgsqlException or System.Net.Sockets.SocketException or TimeoutException or VersionConflictException or Marten.Exceptions.MartenCommandException)
            {
                log.LogWarning("Due subscriptions wait: {Reason}", e.Message);
            }
        }
    }

    private async Task Advance(CancellationToken ct)
    {
        Origin.Set(new Origin("billing", null, null));
        var now = clock.GetUtcNow();
        await using var session = store.QuerySession();
        var due = await session.Query<SubscriptionInList>().Where(s => s.DueAt <= now).OrderBy(s => s.DueAt).Take(AtOnce).ToListAsync(ct);

        foreach (var subscription in due)
        {
            await store.Handle(
                Subscription.Decider, subscription.Id, new AdvanceSubscription(Guid.CreateVersion7(now), now), ct);
        }
    }
}
