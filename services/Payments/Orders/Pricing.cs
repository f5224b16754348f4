using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Web;
using Marten;

namespace Community.Payments.Orders;

/// <summary>Why a member does not order something; each module knows of its own kind of thing.</summary>
internal interface IOrderRule
{
    /// <returns>Null: nothing speaks against it.</returns>
    Task<Rejection?> Refuse(OrderLine line, Guid member, CancellationToken ct);
}

internal sealed class Pricing(IDocumentStore store, Tax tax, KnownMembers members, IEnumerable<IOrderRule> rules)
{
    /// <summary>The order at the prices of now, with the reservation of its coupon where it has one.</summary>
    public async Task<(PlaceOrder Place, ReserveUse? Reserve, Rejection? Rejection)> Price(
        NewOrder wish, Guid orderId, Guid member, DateTimeOffset now, CancellationToken ct)
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

        if (wish.GiftTo is { } receiver && await RefuseGift(receiver, lines, member, ct) is { } ungiven)
        {
            return (place, null, ungiven);
        }

        // Asked for again under its id, it is what was ordered then.
        if (await Refuse(lines, member, ct) is { } had && (await store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is not Placed)
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

    private async Task<Rejection?> RefuseGift(Guid receiver, OrderLine[] lines, Guid giver, CancellationToken ct) =>
        lines.All(line => line.Kind != "gift") ? new Rejection("gift-without-plan", "Only a plan is given to somebody else.")
        : receiver == giver ? new Rejection("gift-to-oneself", "Order the plan for yourself.")
        : await members.Knows(receiver, ct) ? null : KnownMembers.Unknown;

    private async Task<Rejection?> Refuse(OrderLine[] lines, Guid member, CancellationToken ct)
    {
        foreach (var line in lines)
        {
            foreach (var rule in rules)
            {
                if (await rule.Refuse(line, member, ct) is { } refusal)
                {
                    return refusal;
                }
            }
        }

        return null;
    }

    /// <summary>The use of the coupon and the order come together, or neither does.</summary>
    public async Task<Rejection?> PlaceWith(Guid orderId, PlaceOrder place, ReserveUse reserve, CancellationToken ct)
    {
        var placed = Order.Decider.Decide(Order.Decider.Initial, place);
        var handled = await store.Handle(
            Coupon.Decider, Coupon.Stream(place.Coupon?.Code ?? ""), reserve,
            new CommandOptions { Together = [Besides.Append(Order.Stream(orderId), [.. placed.Events])] }, ct);

        return handled.Rejection;
    }
}
