using System.Net;
using System.Net.Http.Json;
using Community.Testing;

namespace Community.Payments.Tests;

public sealed class ExportTests(PaymentsService payments)
{
    [Fact]
    public async Task Who_gets_a_gift_is_handed_out_the_gift_and_not_the_givers_order()
    {
        var plan = (await (await payments.Operator.PostAsJsonAsync(
            "/plans", new { name = "Plan", tier = "gift", price = new { amount = 4321, currency = "CNY" }, interval = "month" })).Body(HttpStatusCode.Created)).Id("planId");
        var (giver, receiver) = (PaymentsService.New(), await payments.Join());
        using var gives = payments.Member(giver);
        using var gets = payments.Member(receiver);
        var order = await PaymentsService.Give(gives, plan, receiver);
        await payments.Anybody().PostAsync((await PaymentsService.StartPayment(gives, order))["action"].Text("url"), null);

        var givers = await Export(gives, until: "order-paid.v1");
        var receivers = await Export(gets, until: "subscription-started.v1");

        Assert.Contains("4321", givers, StringComparison.Ordinal);
        Assert.Contains("order-placed.v1", givers, StringComparison.Ordinal);
        Assert.DoesNotContain("order-", receivers, StringComparison.Ordinal);
        Assert.DoesNotContain("4321", receivers, StringComparison.Ordinal);
        Assert.DoesNotContain($"{giver}", receivers, StringComparison.Ordinal);
    }

    private static async Task<string> Export(HttpClient client, string until) => await Eventually.Value(
        async () => (await (await client.GetAsync("/members/me/export?limit=100")).Body(HttpStatusCode.OK))["items"]!.ToJsonString(),
        items => items.Contains(until, StringComparison.Ordinal), $"the export to hold {until}");
}
