using System.Security.Claims;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Chargebacks;
using Community.Payments.Subscriptions;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Orders;

/// <summary>What an order would cost.</summary>
/// <param name="Subtotal">Before the discount.</param>
/// <param name="Tax">Included in the total; null: none.</param>
internal sealed record OrderPreview(Money Subtotal, Money Discount, Money Total, Money? Tax, IReadOnlyList<OrderItemView> Items);

/// <param name="Reference">Of the transfer or the receipt: the same one again is the same money.</param>
/// <param name="Amount">What came; the order's total if absent.</param>
internal sealed record NewOfflinePayment([property: Text(200)] string Reference, [property: Positive] Money? Amount = null);

internal static class Pricing
{
    /// <summary>Money that came neither by a gateway nor by a coupon: cash, a transfer.</summary>
    public const string Offline = "offline";

    public static void MapPricing(this IEndpointRouteBuilder orders)
    {
        orders.MapPost("/previews", Preview).WithSummary("What an order would cost now; nothing is ordered");
        orders.MapPost("/{id}/offline-payments", Record).RequireRoles("operator").AnswersVersion().WithSummary("Records money that came without a gateway");
    }

    /// <summary>The order at the prices of now, with the reservation of its coupon where it has one.</summary>
    public static async Task<(PlaceOrder Place, ReserveUse? Reserve, Rejection? Rejection)> Price(
        this IDocumentStore store, NewOrder wish, Tax tax, KnownMembers members, Guid orderId, Guid member, DateTimeOffset now, CancellationToken ct)
    {
        if (wish.Items.Any(item => item is null))
        {
            throw new InvalidParameter("items", "must not contain null");
        }

        await using var session = store.QuerySession();
        var products = (await session.LoadManyAsync<ProductOnOffer>(ct, wish.Items.Select(item => Product.Stream(item.ProductId)).Distinct().ToArray()))
            .ToDictionary(product => product.ProductId);
        OrderLine[] lines = [.. from item in wish.Items
            let product = products.GetValueOrDefault(item.ProductId)
            where product is not null
            let gift = product.Kind == "plan" && wish.GiftTo is not null
            select new OrderLine(
                product.ProductId, gift ? "gift" : product.Kind, gift ? wish.GiftTo ?? default : product.SubjectId, product.Name, item.Quantity, product.Price)];
        var place = new PlaceOrder(member, lines, now) { TaxPercent = tax.Percent };

        if (wish.Items.FirstOrDefault(item => !products.ContainsKey(item.ProductId)) is { } unknown)
        {
            return (place, null, new Rejection("product-unknown", $"Nothing is offered under the id {unknown.ProductId}."));
        }

        if (wish.GiftTo is { } receiver && await Bar(receiver, lines, member, members, ct) is { } ungiven)
        {
            return (place, null, ungiven);
        }

        // Asked for again under its id, it is what was ordered then.
        if (await store.BarBecauseHad(lines, member, ct) is { } had && (await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is not Placed)
        {
            return (place, null, had);
        }

        var decision = Order.Decider.Decide(Order.Decider.Initial, place);

        if (wish.CouponCode is not { } code || decision.Rejection is not null)
        {
            return (place, null, decision.Rejection);
        }

        var coupon = (await store.FindCoupon(code, ct)).State;
        var total = decision.Events.OfType<OrderPlaced>().Single().Total;
        var reserve = new ReserveUse(orderId, member, total, now);

        // What is refused now may be refused for another reason in a moment, but the terms stay: so the price does.
        return coupon.Terms is { } terms && Coupon.Decider.Decide(coupon, reserve).Rejection is not { } rejection
            ? (place with { Coupon = new CouponUse(terms.Code, total.Less(terms.Price(total))) }, reserve, null)
            : (place, null, Coupon.Decider.Decide(coupon, reserve).Rejection);
    }

    private static async Task<Rejection?> Bar(Guid receiver, OrderLine[] lines, Guid giver, KnownMembers members, CancellationToken ct) =>
        lines.All(line => line.Kind != "gift") ? new Rejection("gift-without-plan", "Only a plan is given to somebody else.")
        : receiver == giver ? new Rejection("gift-to-oneself", "Order the plan for yourself.")
        : await members.Knows(receiver, ct) ? null : KnownMembers.Unknown;

    private static async Task<Rejection?> BarBecauseHad(this IDocumentStore store, OrderLine[] lines, Guid member, CancellationToken ct)
    {
        foreach (var line in lines)
        {
            if (line.Kind == "plan" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { } terms
                && (await store.HadBy(member, ct)).Bar(terms) is { } held)
            {
                return held;
            }

            if (line.IsOneContent() && (await store.Load(Purchase.Decider, Purchase.Stream(member, line.ProductId), null, ct)).State.OrderId is not null)
            {
                return new Rejection("content-bought", $"You have bought {line.Name} already.");
            }
        }

        return null;
    }

    /// <summary>The use of the coupon and the order come together, or neither does.</summary>
    public static async Task<Rejection?> PlaceWith(
        this IDocumentStore store, Guid orderId, PlaceOrder place, ReserveUse reserve, CancellationToken ct)
    {
        var placed = Order.Decider.Decide(Order.Decider.Initial, place);
        var handled = await store.Handle(
            Coupon.Decider, Coupon.Stream(place.Coupon?.Code ?? ""), reserve,
            new CommandOptions { Together = [Besides.Append(Order.Stream(orderId), [.. placed.Events])] }, ct);

        return handled.Rejection;
    }

    private static async Task<Results<Ok<OrderPreview>, ProblemHttpResult>> Preview(
        NewOrder wish, ClaimsPrincipal user, HttpContext http, Tax tax, KnownMembers members, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var (place, _, rejection) = await store.Price(wish, tax, members, http.NewId(clock), user.MemberId(), clock.GetUtcNow(), ct);

        if (rejection is not null)
        {
            return rejection.ToProblem();
        }

        var total = Order.Decider.Decide(Order.Decider.Initial, place).Events.OfType<OrderPlaced>().Single().Total;
        var discount = place.Coupon?.Discount ?? total with { Amount = 0 };

        return TypedResults.Ok(new OrderPreview(
            total with { Amount = total.Amount + discount.Amount }, discount, total, total.TaxAt(place.TaxPercent), OrderEndpoints.Items(place.Lines)));
    }

    private static async Task<Results<Created<OrderView>, ProblemHttpResult>> Record(
        Guid id, NewOfflinePayment payment, ClaimsPrincipal user, HttpContext http, StaffWords words, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (await store.FindOrder(id, user, null, ct) is not var (order, _))
        {
            return Problems.NotFound("order");
        }

        var (now, receipt) = (clock.GetUtcNow(), await words.Receipt(order.MemberId, payment.Reference, ct));

        // Also one that was recorded before references were sealed.
        if (await store.IsOfAnother(receipt, id, ct) || await store.IsOfAnother(new Receipt(Offline, payment.Reference.Trim()), id, ct)
            || (await store.Handle(Reference.Decider, Reference.OfMoney(receipt.Number), new UseReference(id, now), ct)).Rejection is not null)
        {
            return Reference.Used.ToProblem();
        }

        var confirm = new ConfirmPayment(http.NewId(clock), receipt, payment.Amount ?? order.Total, now);
        var handled = await store.Handle(Order.Decider, Order.Stream(id), confirm, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/orders/{id}", OrderEndpoints.View(id, (Placed)handled.State));
    }
}
