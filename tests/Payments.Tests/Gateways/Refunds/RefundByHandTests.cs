using System.Net;
using System.Net.Http.Json;
using Community.Testing;

namespace Community.Payments.Tests.Gateways.Refunds;

public sealed class RefundByHandTests(PaymentsService payments)
{
    [Fact]
    public async Task What_came_without_a_gateway_is_given_back_by_hand_and_that_is_noted_once()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = (await PaymentsService.Place(client, (await payments.Offer(1_000, "ILS"), 1))).Id("orderId");
        await (await payments.Operator.PostAsJsonAsync($"/orders/{order}/offline-payments", new { reference = $"cash {order}" })).Body(HttpStatusCode.Created);
        var refund = (await (await payments.Operator.PostAsJsonAsync($"/orders/{order}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created)).Id("refundId");
        var failed = await Eventually.Value(
            async () => await (await payments.Operator.GetAsync($"/refunds/{refund}")).Body(HttpStatusCode.OK), r => r.Text("status") == "failed", "a refund that no gateway sends");
        Assert.Contains("by hand", failed.Text("reason"), StringComparison.Ordinal);
        await (await client.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference = "till 4" })).ShouldBeProblem(HttpStatusCode.Forbidden);

        for (var times = 0; times < 2; times++)
        {
            var sent = await (await payments.Operator.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference = "till 4" })).Body(HttpStatusCode.OK);
            Assert.Equal(("sent", "till 4"), (sent.Text("status"), sent.Text("number")));
        }

        await (await payments.Operator.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference = "till 5" })).ShouldBeProblem(HttpStatusCode.Conflict, "refund-sent");
        await (await payments.Operator.PostAsJsonAsync($"/refunds/{PaymentsService.New()}/confirmation", new { reference = "till 4" })).ShouldBeProblem(HttpStatusCode.NotFound);
    }
}
