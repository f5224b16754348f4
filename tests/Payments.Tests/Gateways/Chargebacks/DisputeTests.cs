using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Content.Contracts;
using Community.Testing;

namespace Community.Payments.Tests.Gateways.Chargebacks;

/// <summary>What the payer's bank asks back does not go out a second time, and what it got is no longer paid for.</summary>
public sealed class DisputeTests(PaymentsService payments)
{
    [Fact]
    public async Task A_disputed_payment_is_not_refunded_and_after_a_won_dispute_all_is_as_before()
    {
        var (client, order, page) = await Bought(await payments.Offer(9_900, "MXN"));
        await Tell($"{page}/chargeback");
        Assert.True((await PaymentsService.Get(client, order))["disputed"]!.GetValue<bool>());

        foreach (var amount in new object?[] { null, new { amount = 1, currency = "MXN" } })
        {
            await (await Refund(order, amount)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-disputed");
        }

        var held = await payments.Balance("MXN", 19_800);
        Assert.Equal(((9_900, 9_900), (9_900, 0)), (held["gateway:sandbox"], held["chargebacks"]));
        await Tell($"{page}/chargeback/closure?won=true");
        var again = await PaymentsService.Get(client, order);
        Assert.Equal(("paid", false), (again.Text("status"), again["disputed"]!.GetValue<bool>()));
        await (await Refund(order, null)).Body(HttpStatusCode.Created);
        var back = await payments.Balance("MXN", 39_600);
        Assert.Equal(((19_800, 19_800), (9_900, 9_900)), (back["gateway:sandbox"], back["chargebacks"]));
        Assert.Empty(await Differences(order));
    }

    [Fact]
    public async Task After_a_lost_dispute_access_and_subscription_end_as_by_a_refund_and_nothing_goes_out()
    {
        var (client, order, page) = await Bought(await payments.Plan("disputed", 3_000, "BRL"));
        var id = order.Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == "active");
        await Tell($"{page}/chargeback");
        Assert.Equal("active", (await (await client.GetAsync($"/subscriptions/{id}")).Body(HttpStatusCode.OK)).Text("status"));
        await Tell($"{page}/chargeback/closure?won=false");
        await Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == "ended");
        var told = await Eventually.Value(
            () => Task.FromResult(payments.Content.Heard.Select(heard => heard.Fact).OfType<Contracts.OrderRefunded>().SingleOrDefault(fact => fact.OrderId == id)),
            fact => fact is not null, "the fact that closes what was bought");
        Assert.Equal((true, 3_000), (told!.Whole, told.Amount));
        Assert.Equal("refunded", (await PaymentsService.Get(client, order)).Text("status"));
        await (await Refund(order, null)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-charged-back");

        // The gateway holds nothing, and no refund is on its way.
        var balance = await payments.Balance("BRL", 12_000);
        Assert.Equal(
            ((3_000, 3_000), (3_000, 3_000), (3_000, 3_000)), (balance["gateway:sandbox"], balance["chargebacks"], balance["deferred-revenue"]));
        Assert.DoesNotContain(
            (await (await payments.Operator.GetAsync("/refunds?limit=100")).Body(HttpStatusCode.OK))["items"]!.AsArray(), refund => refund.Id("orderId") == id);
        Assert.Empty(await Differences(order));
    }

    [Fact]
    public async Task The_share_of_what_is_disputed_is_not_paid_out_and_ends_with_a_lost_dispute()
    {
        var broker = await Servers.CreateVirtualHost("payments");
        await using var content = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, new Dictionary<string, string?> { ["RevenueShare:Percent"] = "60", ["RevenueShare:HoldDays"] = "0" }, messaging: broker);
        var (author, product) = (PaymentsService.New(), PaymentsService.New());
        await content.Publish(PaymentsService.New(), new ContentPublished(product, author, "Talk", "Shopping", "video", 4, new Price(1_000, "CNY"), PaymentsService.Now));
        using var staff = host.Client(payments.Issuer.Token(PaymentsService.New(), "operator"));
        using var creator = host.Client(payments.Issuer.Token(author, "creator"));
        await Eventually.Value(() => creator.GetAsync($"/products/{product}"), answer => answer.IsSuccessStatusCode, "the product");
        var pages = new List<string>();

        for (var n = 0; n < 2; n++)
        {
            using var buyer = host.Client(payments.Issuer.Token(PaymentsService.New(), "member"));
            var order = await PaymentsService.Place(buyer, (product, 1));
            pages.Add((await PaymentsService.StartPayment(buyer, order))["action"].Text("url"));
            Assert.Equal(HttpStatusCode.NoContent, (await host.Client().PostAsync(pages[n], null)).StatusCode);
        }

        await Balance(held: 0, available: 1_200);

        foreach (var page in pages)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await host.Client().PostAsync($"{page}/chargeback", null)).StatusCode);
        }

        await Balance(held: 1_200, available: 0);
        Assert.Empty((await (await staff.PostAsync("/payouts", null)).Body(HttpStatusCode.OK))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client().PostAsync($"{pages[0]}/chargeback/closure?won=false", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client().PostAsync($"{pages[1]}/chargeback/closure?won=true", null)).StatusCode);
        await Balance(held: 0, available: 600);

        Task Balance(long held, long available) => Neighbourhood.Until(
            creator, "/payouts/balance", b => b["items"]!.AsArray() is [{ } one] && one["held"]!.GetValue<long>() == held && one["available"]!.GetValue<long>() == available);
    }

    [Fact]
    public async Task What_went_back_before_the_bank_took_it_too_is_named_by_the_reconciliation()
    {
        var (_, order, page) = await Bought(await payments.Offer(4_000, "ZAR"));
        await (await Refund(order, new { amount = 1_000, currency = "ZAR" })).Body(HttpStatusCode.Created);
        await Tell($"{page}/chargeback");
        await Tell($"{page}/chargeback/closure?won=false");
        var difference = Assert.Single(await Differences(order));
        Assert.Equal(("paidOutTwice", 1_000), (difference.Text("kind"), difference["found"]!["amount"]!.GetValue<long>()));
    }

    [Fact]
    public async Task A_chargeback_of_what_was_never_paid_is_refused_and_seen()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(700, "CLP"), 1));
        var page = (await PaymentsService.StartPayment(client, order))["action"].Text("url");
        var before = await Seen();

        foreach (var path in new[] { "chargeback", "chargeback/closure?won=false", "chargeback/closure?won=true" })
        {
            await (await payments.Anybody().PostAsync($"{page}/{path}", null)).ShouldBeProblem(HttpStatusCode.Conflict, "chargeback-of-unknown-payment");
        }

        Assert.Equal(before + 3, await Seen());
        Assert.Equal("placed", (await PaymentsService.Get(client, order)).Text("status"));

        // Told before the payment, it is repeated after it, and then it holds.
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync(page, null)).StatusCode);
        await Tell($"{page}/chargeback");
        await (await Refund(order, null)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-disputed");

        async Task<long> Seen() => (await (await payments.Operator.GetAsync("/gateways")).Body(HttpStatusCode.OK))["items"]!.AsArray()
            .Single(g => g.Text("gateway") == "sandbox")!["refused"]!.AsArray().Where(r => r.Text("code") == "chargeback-of-unknown-payment").Sum(r => r!["count"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_refund_that_failed_is_neither_tried_again_nor_noted_while_the_payment_is_disputed()
    {
        var (_, order, page) = await Bought(await payments.Offer(2_000, "COP"));
        var refund = (await (await Refund(order, new { amount = 500, currency = "COP" })).Body(HttpStatusCode.Created)).Id("refundId");
        await Neighbourhood.Until(payments.Operator, $"/refunds/{refund}", r => r.Text("status") == "sent");
        await Tell($"{page}/refunds/{refund}/failure");
        await Tell($"{page}/chargeback");
        await (await payments.Operator.PostAsync($"/refunds/{refund}/attempts", null)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-disputed");
        await (await payments.Operator.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference = "till 4" })).ShouldBeProblem(HttpStatusCode.Conflict, "payment-disputed");
        await Tell($"{page}/chargeback/closure?won=false");
        await (await payments.Operator.PostAsync($"/refunds/{refund}/attempts", null)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-charged-back");
    }

    [Fact]
    public async Task What_is_owed_back_and_disputed_is_not_sent_and_after_a_lost_dispute_not_owed()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(800, "PEN"), 1));
        await payments.Pay(client, order);
        var payment = PaymentsService.New();
        await Told("paid");
        var owed = (await Owed(present: true))!.Id("refundOwedId");
        await Told("chargeback");
        await (await payments.Operator.PostAsync($"/refunds-owed/{owed}/refund", null)).ShouldBeProblem(HttpStatusCode.Conflict, "payment-disputed");
        await Told("chargebackLost");
        await Owed(present: false);
        var balance = await payments.Balance("PEN", 3_200);
        Assert.Equal(((800, 800), (800, 800), (1_600, 800)), (balance["refunds-owed"], balance["chargebacks"], balance["gateway:sandbox"]));
        Assert.Equal("paid", (await PaymentsService.Get(client, order)).Text("status"));

        async Task Told(string outcome) => Assert.Equal(HttpStatusCode.NoContent, (await payments.Webhook(
            PaymentsService.Notification(order.Id("orderId"), payment, $"second {payment}", 800, "PEN", outcome))).StatusCode);

        Task<JsonNode?> Owed(bool present) => Eventually.Value(
            async () => (await (await payments.Operator.GetAsync("/refunds-owed?limit=100")).Body(HttpStatusCode.OK))["items"]!.AsArray()
                .SingleOrDefault(o => o.Id("orderId") == order.Id("orderId")),
            found => found is not null == present, present ? "what is owed" : "nothing to be owed");
    }

    private async Task<(HttpClient Client, JsonNode Order, string Page)> Bought(Guid product)
    {
        var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (product, 1));

        return (client, order, await payments.Pay(client, order));
    }

    private async Task Tell(string address) => Assert.Equal(HttpStatusCode.NoContent, (await payments.Anybody().PostAsync(address, null)).StatusCode);

    private Task<HttpResponseMessage> Refund(JsonNode order, object? amount) =>
        payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken", amount });

    private async Task<List<JsonNode>> Differences(JsonNode order)
    {
        await payments.AllIsProjected(order.Id("orderId"));

        return [.. (await (await payments.Operator.GetAsync("/reconciliation")).Body(HttpStatusCode.OK))["differences"]!.AsArray()
            .Where(d => d.Text("subject") == order.Text("orderId")).Select(d => d!)];
    }
}
