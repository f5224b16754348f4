using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.Payments.Tests.Gateways;

/// <summary>What real gateways do now and then, the sandbox does on request.</summary>
public sealed class SandboxMannersTests(PaymentsService payments)
{
    [Fact]
    public async Task It_repeats_itself()
    {
        var (client, order, url) = await Started();
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}?times=20", null)).StatusCode);
        using var paid = await client.GetAsync($"/orders/{order.Id("orderId")}");
        Assert.Equal(("\"3\"", "paid"), (paid.Headers.ETag?.ToString(), (await paid.Body(HttpStatusCode.OK)).Text("status")));
    }

    [Fact]
    public async Task It_tells_late()
    {
        var (client, order, url) = await Started();
        var telling = payments.Anybody().PostAsync($"{url}?delay=2", null);
        Assert.Equal("placed", (await PaymentsService.Get(client, order)).Text("status"));
        Assert.Equal(HttpStatusCode.NoContent, (await telling).StatusCode);
        Assert.Equal("paid", (await PaymentsService.Get(client, order)).Text("status"));
    }

    [Fact]
    public async Task It_tells_an_earlier_failure_after_the_money()
    {
        var (client, order, url) = await Started();
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}?outOfOrder=true&times=2", null)).StatusCode);
        var paid = await PaymentsService.Get(client, order);
        Assert.Equal(("paid", "paid"), (paid.Text("status"), paid["payments"]![0].Text("status")));
    }

    [Fact]
    public async Task It_fails_again_and_again_and_then_pays()
    {
        var (client, order, url) = await Started();
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}/failure?times=3", null)).StatusCode);
        Assert.Equal("failed", (await PaymentsService.Get(client, order))["payments"]![0].Text("status"));
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync(url, null)).StatusCode);
        Assert.Equal("paid", (await PaymentsService.Get(client, order)).Text("status"));
    }

    [Theory]
    [InlineData("won", "")]
    [InlineData("lost", "")]
    [InlineData("lost", "&outOfOrder=true&times=2")]
    public async Task The_payers_bank_asks_the_money_back(string end, string manner)
    {
        var (_, order, url) = await Started();
        await payments.Anybody().PostAsync(url, null);

        if (manner.Length == 0)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}/chargeback?times=2", null)).StatusCode);
            Assert.Equal("open", (await Chargeback(order)).Text("status"));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}/chargeback/closure?won={(end == "won" ? "true" : "false")}{manner}", null)).StatusCode);
        Assert.Equal(end, (await Chargeback(order)).Text("status"));
    }

    [Fact]
    public async Task A_refund_is_sent_and_comes_back()
    {
        var (_, order, url) = await Started();
        await payments.Anybody().PostAsync(url, null);
        using var staff = payments.Operator;
        using var refunding = await staff.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" });
        var id = (await refunding.Body(HttpStatusCode.Created)).Id("refundId");
        await Refund(id, "sent");
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync($"{url}/refunds/{id}/failure?times=2", null)).StatusCode);
        await Refund(id, "failed");
        await (await staff.PostAsync($"/refunds/{id}/attempts", null)).Body(HttpStatusCode.OK);
        await Refund(id, "sent");
    }

    [Theory]
    [InlineData("?times=0")]
    [InlineData("?times=101")]
    [InlineData("?delay=61")]
    [InlineData("?delay=-1")]
    [InlineData("?delay=x")]
    [InlineData("?outOfOrder=perhaps")]
    [InlineData("/chargeback/closure")]
    [InlineData("/refunds/x/failure")]
    public async Task What_it_cannot_do_is_refused(string manner)
    {
        var (client, order, url) = await Started();
        using var answer = await payments.Anybody().PostAsync($"{url}{manner}", null);
        Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{answer.StatusCode}");
        Assert.Equal("placed", (await PaymentsService.Get(client, order)).Text("status"));
    }

    [Theory]
    [InlineData("/chargeback")]
    [InlineData("/chargeback/closure?won=true")]
    [InlineData("/refunds/01970000-0000-7000-8000-000000000000/failure")]
    public async Task A_guessed_address_leads_nowhere(string manner) =>
        await (await payments.Anybody().PostAsync($"/sandbox/guessed{manner}", null)).ShouldBeProblem(HttpStatusCode.NotFound);

    private async Task<(HttpClient Client, JsonNode Order, string Url)> Started()
    {
        var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));

        return (client, order, (await PaymentsService.StartPayment(client, order))["action"].Text("url"));
    }

    private async Task<JsonNode> Chargeback(JsonNode order)
    {
        string? next = null;

        do
        {
            var page = await (await payments.Operator.GetAsync($"/chargebacks?limit=100{(next is null ? "" : $"&after={next}")}")).Body(HttpStatusCode.OK);

            if (page["items"]!.AsArray().SingleOrDefault(c => c!["orderId"]?.GetValue<string>() == order.Text("orderId")) is { } found)
            {
                return found;
            }

            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);

        throw new Xunit.Sdk.XunitException("There is no chargeback of the order.");
    }

    private Task<JsonNode> Refund(Guid id, string status) => Eventually.Value(
        async () => await (await payments.Operator.GetAsync($"/refunds/{id}")).Body(HttpStatusCode.OK), refund => refund.Text("status") == status, $"the refund to be {status}");
}
