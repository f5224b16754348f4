using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.Payments.Tests.Subscriptions;

/// <summary>Nobody pays for what they have.</summary>
public sealed class HeldTests(PaymentsService payments)
{
    [Fact]
    public async Task A_tier_that_is_paid_for_again_and_again_is_not_ordered_a_second_time()
    {
        var (month, year) = (await payments.Plan("held"), await payments.Plan("held", 30_000, interval: "year"));
        var pass = await payments.Plan("held", 2_000, interval: "once", days: 7);
        var (forGood, other) = (await payments.Plan("held", 90_000, interval: "once"), await payments.Plan("held-other"));
        using var client = payments.Member(PaymentsService.New());
        var id = (await payments.Buy(client, (month, 1))).Id("orderId");
        await Is(client, id, "active");

        foreach (var plan in new[] { month, year, pass })
        {
            await (await Order(client, plan)).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
            await (await client.PostAsJsonAsync("/orders/previews", Wish(plan))).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
        }

        // Also one that ends with its period: its cancellation is taken back.
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/subscriptions/{id}/cancellation", null)).StatusCode);
        await (await Order(client, month)).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"/subscriptions/{id}/cancellation")).StatusCode);

        // Another tier is another thing, until one changes into the other.
        var second = (await payments.Buy(client, (other, 1))).Id("orderId");
        await Is(client, second, "active");
        await (await client.PostAsJsonAsync($"/subscriptions/{second}/plan", new { planId = year })).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");

        // For good is more than again and again, which is not charged any more.
        var good = (await payments.Buy(client, (forGood, 1))).Id("orderId");
        await Is(client, good, "active");
        await Is(client, id, "cancelled");
        await (await client.DeleteAsync($"/subscriptions/{id}/cancellation")).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
        await (await Order(client, forGood)).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
    }

    [Fact]
    public async Task Of_two_orders_that_are_both_paid_the_second_money_goes_back()
    {
        var plan = await payments.Plan("twice", 3_000, "KES");
        using var client = payments.Member(PaymentsService.New());
        var orders = new[] { await PaymentsService.Place(client, (plan, 1)), await PaymentsService.Place(client, (plan, 1)) };

        foreach (var order in orders)
        {
            await payments.Pay(client, order);
        }

        await Neighbourhood.Until(client, $"/orders/{orders[1].Id("orderId")}", o => o.Text("status") == "refunded");
        await Is(client, orders[0].Id("orderId"), "active");
        await (await client.GetAsync($"/subscriptions/{orders[1].Id("orderId")}")).ShouldBeProblem(HttpStatusCode.NotFound);
        var balance = await payments.Balance("KES", 12_000);
        Assert.Equal(((3_000, 6_000), (3_000, 3_000)), (balance["deferred-revenue"], balance["refunds"]));
        await payments.AllIsProjected(orders[1].Id("orderId"));
        Assert.DoesNotContain(
            (await (await payments.Operator.GetAsync("/reconciliation")).Body(HttpStatusCode.OK))["differences"]!.AsArray(),
            d => orders.Any(order => order.Text("orderId") == d.Text("subject")));
    }

    [Fact]
    public async Task A_payment_during_the_trial_turns_it_into_the_subscription()
    {
        var (plan, year) = (await payments.Plan("tried", trialDays: 7), await payments.Plan("tried", 30_000, interval: "year", trialDays: 7));
        using var client = payments.Member(PaymentsService.New());
        var trial = await (await client.PostAsJsonAsync("/subscriptions", new { planId = plan })).Body(HttpStatusCode.Created);
        var (id, end) = (trial.Id("subscriptionId"), trial["currentPeriodEnd"]!.GetValue<DateTimeOffset>());
        var order = await payments.Buy(client, (plan, 1));
        var paid = await Is(client, id, "active");
        Assert.Equal((end, end.AddMonths(1)), (paid["currentPeriodStart"]!.GetValue<DateTimeOffset>(), paid["currentPeriodEnd"]!.GetValue<DateTimeOffset>()));
        Assert.Null(paid["openOrderId"]);
        await (await client.GetAsync($"/subscriptions/{order.Id("orderId")}")).ShouldBeProblem(HttpStatusCode.NotFound);
        Assert.Equal(end.AddMonths(1), (await (await client.GetAsync($"/subscriptions/{id}/next-invoice")).Body(HttpStatusCode.OK))["at"]!.GetValue<DateTimeOffset>());

        // What began as a trial ends with the refund of what paid for it.
        await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created);
        await Is(client, id, "ended");

        // By another plan of the tier, too.
        using var another = payments.Member(PaymentsService.New());
        var tried = (await (await another.PostAsJsonAsync("/subscriptions", new { planId = plan })).Body(HttpStatusCode.Created)).Id("subscriptionId");
        await payments.Buy(another, (year, 1));
        Assert.Equal(year, (await Is(another, tried, "active")).Id("planId"));
    }

    [Fact]
    public async Task Who_has_a_tier_does_not_try_it()
    {
        var plan = await payments.Plan("had", trialDays: 7);
        using var client = payments.Member(PaymentsService.New());
        await Is(client, (await payments.Buy(client, (plan, 1))).Id("orderId"), "active");
        await (await client.PostAsJsonAsync("/subscriptions", new { planId = plan })).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-held");
    }

    [Fact]
    public async Task Content_is_bought_once_and_of_two_orders_that_are_both_paid_the_second_money_goes_back()
    {
        var product = await payments.Offer(1_500, "TRY");
        using var client = payments.Member(PaymentsService.New());
        var orders = new[] { await PaymentsService.Place(client, (product, 1)), await PaymentsService.Place(client, (product, 1)) };
        await payments.Pay(client, orders[0]);
        await payments.AllIsProjected(orders[0].Id("orderId"));
        await (await Order(client, product)).ShouldBeProblem(HttpStatusCode.Conflict, "content-bought");
        await payments.Pay(client, orders[1]);
        await Neighbourhood.Until(client, $"/orders/{orders[1].Id("orderId")}", o => o.Text("status") == "refunded");
        Assert.Equal("paid", (await PaymentsService.Get(client, orders[0])).Text("status"));

        // Given back, it can be bought again.
        await (await payments.Operator.PostAsJsonAsync($"/orders/{orders[0].Id("orderId")}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created);
        await payments.AllIsProjected(orders[0].Id("orderId"));
        await (await Order(client, product)).Body(HttpStatusCode.Created);
    }

    private static object Wish(Guid product) => new { items = new[] { new { productId = product, quantity = 1 } } };

    private static Task<HttpResponseMessage> Order(HttpClient client, Guid product) => client.PostAsJsonAsync("/orders", Wish(product));

    private static Task<JsonNode> Is(HttpClient client, Guid id, string status) => Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == status);
}
