using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Orders;

/// <param name="GiftTo">The member who gets the plan among the items, for one of its intervals.</param>
internal sealed record NewOrder(
    [property: MinLength(1), MaxLength(50)] IReadOnlyList<NewOrderItem> Items, [property: Text(100)] string? CouponCode = null,
    Guid? GiftTo = null);

/// <summary>What an order would cost.</summary>
/// <param name="Subtotal">Before the discount.</param>
/// <param name="Tax">Included in the total; null: none.</param>
internal sealed record OrderPreview(Money Subtotal, Money Discount, Money Total, Money? Tax, IReadOnlyList<OrderItemView> Items);

internal sealed record NewOrderItem(Guid ProductId, [property: Range(1, 1000)] int Quantity);

internal sealed record NewRefund([property: Text(1000, MultiLine = true)] string Reason, [property: Positive] Money? Amount = null);

internal sealed record RefundView(Guid RefundId, Money Amount);

internal sealed record OrderItemView(Guid ProductId, string Kind, Guid SubjectId, string Name, int Quantity, Money Price);

internal sealed record PaymentView(Guid PaymentId, string Gateway, PaymentStatus Status);

/// <param name="Refunded">Null where nothing was.</param>
/// <param name="Tax">Included in the total; null: none.</param>
/// <param name="Disputed">The payer's bank asks for the money back and has not decided.</param>
internal sealed record OrderView(
    Guid OrderId, Guid MemberId, OrderStatus Status, Money Total, IReadOnlyList<OrderItemView> Items, DateTimeOffset PlacedAt,
    DateTimeOffset? PaidAt, Money? Refunded, IReadOnlyList<PaymentView> Payments, CouponUse? Coupon = null, Money? Tax = null, bool Disputed = false);

internal sealed record OrderInListView(
    Guid OrderId, Guid MemberId, OrderStatus Status, Money Total, IReadOnlyList<OrderItemView> Items, DateTimeOffset PlacedAt);

internal static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithTag("Orders", "What members order, pay and get back.");
        orders.MapPost("", Place).AnswersVersion().WithSummary("Places an order, at the prices of now");
        orders.MapPost("/previews", Preview).WithSummary("What an order would cost now; nothing is ordered");
        orders.MapGet("", List).WithSummary("One's own orders, the latest first; for operators, all");
        orders.MapGet("/{id}", Get).AnswersVersion().WithSummary("An order, or what it was at an instant");
        orders.MapGet("/{id}/history", History).WithSummary("All that happened to an order");
        orders.MapPost("/{id}/cancellation", Cancel).TakesVersion().WithSummary("Cancels an order that is not paid");
        orders.MapPost("/{id}/refunds", Refund).RequireRoles("operator").AnswersVersion().TakesVersion().WithSummary("Gives money back, all that is left unless an amount is named");
        orders.MapPayments();
    }

    /// <summary>The order as its member or an operator may see it; to anybody else it does not exist.</summary>
    public static async Task<(Placed Order, long Version)?> FindOrder(
        this IDocumentStore store, Guid id, ClaimsPrincipal user, DateTimeOffset? asOf, CancellationToken ct)
    {
        var loaded = await store.Load(Order.Decider, Order.Stream(id), asOf, ct);

        return loaded.State.IsSeenBy(user) ? ((Placed)loaded.State, loaded.Version) : null;
    }

    private static bool IsSeenBy(this Order order, ClaimsPrincipal user) =>
        order is Placed placed && (placed.MemberId == user.MemberId() || user.May("operator"));

    private static async Task<Results<Created<OrderView>, ProblemHttpResult>> Place(
        NewOrder wish, [AsParameters] CommandContext context, Pricing pricing, CancellationToken ct)
    {
        var (user, http, store, clock) = context;
        var (id, now) = (http.NewId(clock), clock.GetUtcNow());
        var (place, reserve, rejected) = await pricing.Price(wish, id, user.MemberId(), now, ct);

        if (rejected is not null)
        {
            return rejected.ToProblem();
        }

        if (reserve is not null)
        {
            return await pricing.PlaceWith(id, place, reserve, ct) is { } refused
                ? refused.ToProblem()
                : TypedResults.Created($"/orders/{id}", View(id, (Placed)(await store.Load(Order.Decider, Order.Stream(id), null, ct)).State));
        }

        var handled = await store.Handle(Order.Decider, Order.Stream(id), place, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/orders/{id}", View(id, (Placed)handled.State));
    }

    private static async Task<Results<Ok<OrderPreview>, ProblemHttpResult>> Preview(
        NewOrder wish, ClaimsPrincipal user, HttpContext http, Pricing pricing, TimeProvider clock, CancellationToken ct)
    {
        var (place, _, rejection) = await pricing.Price(wish, http.NewId(clock), user.MemberId(), clock.GetUtcNow(), ct);

        if (rejection is not null)
        {
            return rejection.ToProblem();
        }

        var total = Order.Decider.Decide(Order.Decider.Initial, place).Events.OfType<OrderPlaced>().Single().Total;
        var discount = place.Coupon?.Discount ?? total with { Amount = 0 };

        return TypedResults.Ok(new OrderPreview(
            total with { Amount = total.Amount + discount.Amount }, discount, total, total.TaxAt(place.TaxPercent), Items(place.Lines)));
    }

    private static async Task<Results<Ok<OrderView>, ProblemHttpResult>> Get(
        Guid id, Instant? asOf, ClaimsPrincipal user, HttpContext http, IDocumentStore store, CancellationToken ct)
    {
        if (await store.FindOrder(id, user, asOf?.Value, ct) is not var (order, version))
        {
            return Problems.NotFound("order");
        }

        http.SetVersion(version);

        return TypedResults.Ok(View(id, order));
    }

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(
        Guid id, ClaimsPrincipal user, IDocumentStore store, KeyRing keys, CancellationToken ct) =>
        await store.FindOrder(id, user, null, ct) is not null && await store.History(keys, Order.Stream(id), ct) is { } history
            ? TypedResults.Ok(history)
            : Problems.NotFound("order");

    private static async Task<Page<OrderInListView>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, IQuerySession session, CancellationToken ct)
    {
        var orders = session.Query<OrderInList>().AsQueryable();

        if (!user.May("operator"))
        {
            var member = user.MemberId();
            orders = orders.Where(order => order.MemberId == member);
        }

        if (paging.Key<Guid>(out var after))
        {
            orders = orders.Where(order => order.Id < after);
        }

        // The latest first: ids of version 7 grow with time.
        var rows = await orders.OrderByDescending(order => order.Id).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page(
            [.. rows.Select(o => new OrderInListView(o.Id, o.MemberId, o.Status, o.Total, Items(o.Lines), o.PlacedAt))], o => o.OrderId);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Cancel(
        Guid id, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var handled = await store.Handle(
            Order.Decider.Where(order => order.IsSeenBy(user)), Order.Stream(id), new CancelOrder(clock.GetUtcNow()),
            new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        return handled.Rejection is { } rejection ? Refused(rejection) : TypedResults.NoContent();
    }

    private static async Task<Results<Created<RefundView>, ProblemHttpResult>> Refund(
        Guid id, NewRefund wish, [AsParameters] CommandContext context, StaffNotes notes, CancellationToken ct)
    {
        var (user, http, store, clock) = context;

        if (await store.FindOrder(id, user, null, ct) is not var (found, _))
        {
            return Problems.NotFound("order");
        }

        var refund = new RefundOrder(http.NewId(clock), wish.Amount, "", clock.GetUtcNow())
        {
            ReasonInWords = await notes.Seal(found.MemberId, wish.Reason, ct)
        };
        var handled = await store.Handle(
            Order.Decider.Where(order => order.IsSeenBy(user)), Order.Stream(id), refund, new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        if (handled.Rejection is { } rejection)
        {
            return Refused(rejection);
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/orders/{id}", new RefundView(refund.RefundId, ((Paid)handled.State).Refunds[refund.RefundId]));
    }

    private static ProblemHttpResult Refused(Rejection rejection) =>
        rejection == Rejection.NotFound ? Problems.NotFound("order") : rejection.ToProblem();

    internal static OrderView View(Guid id, Placed order)
    {
        var paid = order as Paid;

        return new OrderView(
            id, order.MemberId, StatusOf(order), order.Total, Items(order.Lines), order.PlacedAt, paid?.PaidAt,
            paid is { Refunds.Count: > 0 } ? paid.Total.Less(paid.Left) : null,
            [.. order.Payments.Select(p => new PaymentView(p.Key, p.Value.Gateway, p.Value.Status))], order.Coupon, order.Total.TaxAt(order.TaxPercent),
            !order.Disputes.IsEmpty);
    }

    private static OrderStatus StatusOf(Placed order) => order switch
    {
        Cancelled => OrderStatus.Cancelled,
        Paid { WhollyRefunded: true } => OrderStatus.Refunded,
        Paid { Refunds.Count: > 0 } => OrderStatus.PartiallyRefunded,
        Paid => OrderStatus.Paid,
        _ => OrderStatus.Placed
    };

    internal static OrderItemView[] Items(OrderLine[] lines) =>
        [.. lines.Select(line => new OrderItemView(line.ProductId, line.Kind, line.SubjectId, line.Name, line.Quantity, line.Price))];
}
