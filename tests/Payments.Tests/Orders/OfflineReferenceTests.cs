using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Community.Payments.Tests.Orders;

public sealed class OfflineReferenceTests(PaymentsService payments)
{
    [Fact]
    public async Task The_same_reference_is_the_same_money_and_pays_one_order()
    {
        var product = await payments.Offer(1_000, "UGX");
        using var one = payments.Member(PaymentsService.New());
        using var two = payments.Member(PaymentsService.New());
        var (first, second) = (await PaymentsService.Place(one, (product, 1)), await PaymentsService.Place(two, (product, 1)));
        var reference = $"Transfer {PaymentsService.New()}";

        for (var times = 0; times < 2; times++)
        {
            Assert.Equal("paid", (await (await Record(first, reference)).Body(HttpStatusCode.Created)).Text("status"));
        }

        foreach (var spelled in new[] { reference, $" {reference.ToLowerInvariant()} " })
        {
            await (await Record(second, spelled)).ShouldBeProblem(HttpStatusCode.Conflict, "reference-used");
        }

        Assert.Equal("placed", (await PaymentsService.Get(two, second)).Text("status"));

        // Two at once: one of them is paid.
        var third = await PaymentsService.Place(one, (await payments.Offer(1_000, "UGX"), 1));
        var answers = await Task.WhenAll(Record(second, $"{reference}b"), Record(third, $"{reference}b"));
        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.Conflict], answers.Select(answer => answer.StatusCode).Order());
        var balance = await payments.Balance("UGX", 2_000);
        Assert.Equal((2_000, 0), balance["gateway:offline"]);
    }

    [Fact]
    public async Task A_gateways_receipt_pays_one_order()
    {
        var product = await payments.Offer(1_000, "GHS");
        var orders = new List<(HttpClient Client, JsonNode Order)>();

        for (var n = 0; n < 2; n++)
        {
            var client = payments.Member(PaymentsService.New());
            orders.Add((client, await PaymentsService.Place(client, (product, 1))));
        }

        var receipt = $"receipt {PaymentsService.New()}";
        Assert.Equal(HttpStatusCode.NoContent, (await Told(0)).StatusCode);
        await (await Told(1)).ShouldBeProblem(HttpStatusCode.Conflict, "receipt-of-another-order");
        Assert.Equal(HttpStatusCode.NoContent, (await Told(0)).StatusCode);
        Assert.Equal("placed", (await PaymentsService.Get(orders[1].Client, orders[1].Order)).Text("status"));
        Assert.Equal((1_000, 0), (await payments.Balance("GHS", 1_000))["gateway:sandbox"]);

        Task<HttpResponseMessage> Told(int n) => payments.Webhook(PaymentsService.Notification(orders[n].Order.Id("orderId"), PaymentsService.New(), receipt, 1_000, "GHS"));
    }

    [Fact]
    public async Task A_refund_is_given_back_by_hand_by_money_of_its_own()
    {
        var reference = $"till {PaymentsService.New()}";

        foreach (var expected in new[] { HttpStatusCode.OK, HttpStatusCode.Conflict })
        {
            using var client = payments.Member(PaymentsService.New());
            var order = await PaymentsService.Place(client, (await payments.Offer(300, "RON"), 1));
            await (await Record(order, $"cash {order.Text("orderId")}")).Body(HttpStatusCode.Created);
            var refund = (await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created)).Id("refundId");
            await Neighbourhood.Until(payments.Operator, $"/refunds/{refund}", r => r.Text("status") == "failed");
            using var noted = await payments.Operator.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference });
            Assert.Equal(expected, noted.StatusCode);
        }
    }

    [Fact]
    public async Task An_order_that_a_coupon_made_free_is_paid_wherever_it_is_shown()
    {
        var code = $"FREE{PaymentsService.New():N}"[..20];
        await (await payments.Operator.PostAsJsonAsync("/coupons", new { code, percentOff = 100, duration = "once" })).Body(HttpStatusCode.Created);
        using var client = payments.Member(PaymentsService.New());
        using var placed = await client.PostAsJsonAsync("/orders", new { items = new[] { new { productId = await payments.Offer(), quantity = 1 } }, couponCode = code });
        var order = await placed.Body(HttpStatusCode.Created);
        Assert.Equal("paid", order.Text("status"));
        Assert.Equal("paid", (await PaymentsService.Get(client, order)).Text("status"));
        await payments.AllIsProjected(order.Id("orderId"));
        Assert.Equal("paid", (await (await client.GetAsync("/orders")).Body(HttpStatusCode.OK))["items"]![0].Text("status"));
    }

    private Task<HttpResponseMessage> Record(JsonNode order, string reference) =>
        payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference });
}
