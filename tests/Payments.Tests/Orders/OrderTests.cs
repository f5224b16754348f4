using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Payments.Ledger;
using Community.Payments.Refunds;
using Community.Testing;
using Marten;

namespace Community.Payments.Tests.Orders;

public sealed class OrderTests(PaymentsService payments)
{
    private static readonly string[] WholeStory = ["order-placed.v1", "order-payment-started.v1", "order-paid.v1", "order-refunded.v1"];

    [Fact]
    public async Task An_order_is_placed_paid_and_refunded_and_everybody_is_told()
    {
        var (member, product) = (PaymentsService.New(), await payments.Offer(9900));
        using var client = payments.Member(member);
        using var placing = await client.PostAsJsonAsync("/orders", new { items = new[] { new { productId = product, quantity = 2 } } });
        var order = await placing.Body(HttpStatusCode.Created);
        var id = order.Id("orderId");
        Assert.Equal($"/orders/{id}", placing.Headers.Location?.ToString());
        Assert.Equal("\"1\"", placing.Headers.ETag?.ToString());
        Assert.Equal("placed", order.Text("status"));
        Assert.Equal("""{"amount":19800,"currency":"CNY"}""", order["total"]!.ToJsonString());
        Assert.Equal((product, 2), (order["items"]![0].Id("productId"), order["items"]![0]!["quantity"]!.GetValue<int>()));

        var payment = await PaymentsService.StartPayment(client, order);
        Assert.Equal(("pending", "redirect"), (payment.Text("status"), payment["action"].Text("kind")));
        var url = new Uri(payment["action"].Text("url"));
        Assert.True(url.IsAbsoluteUri);

        for (var times = 0; times < 3; times++)
        {
            using var paying = await payments.Anybody().PostAsync(url, null);
            Assert.Equal(HttpStatusCode.NoContent, paying.StatusCode);
        }

        order = await PaymentsService.Get(client, order);
        Assert.Equal("paid", order.Text("status"));
        Assert.Equal("paid", order["payments"]![0].Text("status"));

        using var refunding = await payments.Operator.PostAsJsonAsync($"/orders/{id}/refunds", new { reason = "Broken", amount = new { amount = 800, currency = "CNY" } });
        var refund = await refunding.Body(HttpStatusCode.Created);
        Assert.Equal("""{"amount":800,"currency":"CNY"}""", refund["amount"]!.ToJsonString());
        Assert.NotEqual(Guid.Empty, refund.Id("refundId"));
        order = await PaymentsService.Get(client, order);
        Assert.Equal(("partiallyRefunded", 800), (order.Text("status"), order["refunded"]!["amount"]!.GetValue<long>()));

        Contracts.OrderLine line = new(product, "content", product, 2, 19_800, "CNY");
        var told = await Eventually.Value(
            () => Task.FromResult(payments.Content.Heard.DistinctBy(h => h.Id).Select(h => h.Fact).Where(fact => OrderOf(fact) == id).ToList()),
            told => told.Count >= 3, "three facts");
        var placed = Assert.Single(told.OfType<Contracts.OrderPlaced>());
        var paid = Assert.Single(told.OfType<Contracts.OrderPaid>());
        var refunded = Assert.Single(told.OfType<Contracts.OrderRefunded>());
        Assert.Equal(member, placed.MemberId);
        Assert.Equal((member, 19_800, "CNY", line), (paid.MemberId, paid.Amount, paid.Currency, Assert.Single(paid.Lines)));
        Assert.Equal((member, 800, "CNY", false, line), (refunded.MemberId, refunded.Amount, refunded.Currency, refunded.Whole, Assert.Single(refunded.Lines)));
    }

    [Fact]
    public async Task Its_past_can_be_asked_for_as_of_every_instant()
    {
        var member = PaymentsService.New();
        using var client = payments.Member(member);
        var order = await payments.Buy(client, (await payments.Offer(), 1));
        using var refunding = await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" });
        await refunding.Body(HttpStatusCode.Created);
        using var asking = await client.GetAsync($"/orders/{order.Id("orderId")}/history");
        var history = (await asking.Body(HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal(WholeStory, history.Select(item => item.Text("type")));
        Assert.Equal([1, 2, 3, 4], history.Select(item => item!["version"]!.GetValue<int>()));
        Assert.All(history.Take(2), item => Assert.Equal(member.ToString(), item.Text("by")));
        Assert.Equal("sandbox", history[2].Text("by"));
        Assert.All(history, item => Assert.False(string.IsNullOrEmpty(item.Text("correlationId")), history.ToJsonString()));

        string[] expected = ["placed", "placed", "paid", "refunded"];

        foreach (var (item, status) in history.Zip(expected))
        {
            var then = await PaymentsService.Get(client, order, $"?asOf={item.Text("at")}");
            Assert.Equal(status, then.Text("status"));
        }

        using var before = await client.GetAsync($"/orders/{order.Id("orderId")}?asOf=2020-01-01T00:00:00Z");
        await before.ShouldBeProblem(HttpStatusCode.NotFound);
        using var senseless = await client.GetAsync($"/orders/{order.Id("orderId")}?asOf=yesterday");
        await senseless.ShouldBeProblem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_idempotency_key_places_one_order_and_makes_one_refund()
    {
        using var client = payments.Member(PaymentsService.New());
        var product = await payments.Offer();
        client.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        var orders = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PaymentsService.Place(client, (product, 1))));
        Assert.Single(orders.Select(order => order.ToJsonString()).Distinct());
        using var other = await client.PostAsJsonAsync("/orders", new { items = new[] { new { productId = product, quantity = 2 } } });
        await other.ShouldBeProblem(HttpStatusCode.Conflict, "idempotency-key-reused");
        var bought = await payments.Buy(client, (product, 1));
        Assert.Equal(orders[0].Text("orderId"), bought.Text("orderId"));

        using var staff = payments.Operator;
        staff.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        var refunds = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => await (await staff.PostAsJsonAsync(
            $"/orders/{bought.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount = 1, currency = "CNY" } })).Body(HttpStatusCode.Created)));
        Assert.Single(refunds.Select(refund => refund.ToJsonString()).Distinct());
        Assert.Equal(1, (await PaymentsService.Get(staff, bought))["refunded"]!["amount"]!.GetValue<long>());
    }

    [Fact]
    public async Task An_order_is_seen_by_its_member_and_operators_only()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        using var other = payments.Member(PaymentsService.New(), "member", "creator", "moderator");
        var path = $"/orders/{order.Id("orderId")}";

        await (await other.GetAsync(path)).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
        await (await other.GetAsync($"{path}/history")).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
        await (await other.PostAsync($"{path}/cancellation", null)).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
        await (await other.PostAsJsonAsync($"{path}/payments", new { gateway = "sandbox" })).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
        await (await client.PostAsJsonAsync($"{path}/refunds", new { reason = "Mine" })).ShouldBeProblem(HttpStatusCode.Forbidden);
        Assert.Equal("placed", (await PaymentsService.Get(payments.Operator, order)).Text("status"));
        Assert.Equal("placed", (await PaymentsService.Get(payments.Member(PaymentsService.New(), "owner"), order)).Text("status"));
    }

    [Fact]
    public async Task Lists_show_own_orders_latest_first_and_operators_see_all()
    {
        using var client = payments.Member(PaymentsService.New());
        var product = await payments.Offer();
        var mine = new List<Guid>();

        for (var n = 0; n < 3; n++)
        {
            mine.Insert(0, (await PaymentsService.Place(client, (product, 1))).Id("orderId"));
        }

        var first = await Eventually.Value(
            async () => await (await client.GetAsync("/orders?limit=2")).Body(HttpStatusCode.OK),
            page => page["items"]!.AsArray().Count == 2 && page["items"]![0].Id("orderId") == mine[0], "two orders on a page");
        var rest = await (await client.GetAsync($"/orders?limit=2&after={first.Text("next")}")).Body(HttpStatusCode.OK);
        Assert.Equal(mine, [.. first["items"]!.AsArray().Select(o => o.Id("orderId")), .. rest["items"]!.AsArray().Select(o => o.Id("orderId"))]);
        Assert.Null(rest["next"]);
        var all = await (await payments.Operator.GetAsync("/orders?limit=100")).Body(HttpStatusCode.OK);
        Assert.Empty(mine.Except(all["items"]!.AsArray().Select(o => o.Id("orderId"))));

        using var cancelling = await client.PostAsync($"/orders/{mine[0]}/cancellation", null);
        Assert.Equal(HttpStatusCode.NoContent, cancelling.StatusCode);
        await Eventually.Value(
            async () => await (await client.GetAsync("/orders?limit=1")).Body(HttpStatusCode.OK),
            page => page["items"]![0].Text("status") == "cancelled", "the list to know");
        Assert.Equal("""{"items":[],"next":null}""", (await (await payments.Member(PaymentsService.New()).GetAsync("/orders")).Body(HttpStatusCode.OK)).ToJsonString());
    }

    [Fact]
    public async Task Money_for_an_order_that_was_never_placed_is_in_no_list_of_orders()
    {
        var (unknown, paid) = (PaymentsService.New(), PaymentsService.New());
        using var told = await payments.Webhook(PaymentsService.Notification(unknown, paid, $"{unknown:N}", 100, "CNY"));
        Assert.True(told.IsSuccessStatusCode);
        await payments.AllIsProjected(unknown);

        var all = await (await payments.Operator.GetAsync("/orders?limit=100")).Body(HttpStatusCode.OK);
        Assert.DoesNotContain(unknown, all["items"]!.AsArray().Select(o => o.Id("orderId")));
        await using var session = payments.Session();
        Assert.True(await session.Query<OwedRefund>().AnyAsync(owed => owed.OrderId == unknown, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_version_that_the_caller_does_not_know_guards_the_order()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        await PaymentsService.StartPayment(client, order);
        using var stale = new HttpRequestMessage(HttpMethod.Post, $"/orders/{order.Id("orderId")}/cancellation") { Headers = { { "If-Match", "\"1\"" } } };
        await (await client.SendAsync(stale)).ShouldBeProblem(HttpStatusCode.PreconditionFailed);
        using var known = new HttpRequestMessage(HttpMethod.Post, $"/orders/{order.Id("orderId")}/cancellation") { Headers = { { "If-Match", "\"2\"" } } };
        Assert.Equal(HttpStatusCode.NoContent, (await client.SendAsync(known)).StatusCode);
    }

    [Fact]
    public async Task Cancelled_orders_are_not_paid_and_paid_ones_not_cancelled()
    {
        using var client = payments.Member(PaymentsService.New());
        var product = await payments.Offer();
        var order = await PaymentsService.Place(client, (product, 1));

        for (var times = 0; times < 2; times++)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/orders/{order.Id("orderId")}/cancellation", null)).StatusCode);
        }

        await (await client.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway = "sandbox" })).ShouldBeProblem(HttpStatusCode.Conflict, "order-cancelled");
        await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "?" })).ShouldBeProblem(HttpStatusCode.Conflict, "order-not-paid");
        var bought = await payments.Buy(client, (product, 1));
        await (await client.PostAsync($"/orders/{bought.Id("orderId")}/cancellation", null)).ShouldBeProblem(HttpStatusCode.Conflict, "order-already-paid");
        await (await client.PostAsJsonAsync($"/orders/{bought.Id("orderId")}/payments", new { gateway = "sandbox" })).ShouldBeProblem(HttpStatusCode.Conflict, "order-already-paid");
    }

    [Fact]
    public async Task Parallel_refunds_never_exceed_what_is_left()
    {
        var order = await payments.Buy(payments.Member(PaymentsService.New()), (await payments.Offer(1000, "NOK"), 1));
        using var staff = payments.Operator;
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => staff.PostAsJsonAsync(
            $"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount = 300, currency = "NOK" } })));
        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));

        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.Created))
        {
            await refused.ShouldBeProblem(HttpStatusCode.Conflict, "refund-exceeds-payment");
        }

        Assert.Equal(900, (await PaymentsService.Get(staff, order))["refunded"]!["amount"]!.GetValue<long>());
        var balance = await payments.Balance("NOK", 1900);
        Assert.Equal((1000, 900), balance["gateway:sandbox"]);
        Assert.Equal((900, 0), balance["refunds"]);
        Assert.Equal((0, 1000), balance["sales"]);
    }

    [Fact]
    public async Task Payment_and_cancellation_at_once_never_lose_money()
    {
        var product = await payments.Offer(700, "SEK");
        const int Orders = 20;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, Orders).Select(async _ =>
        {
            using var client = payments.Member(PaymentsService.New());
            var order = await PaymentsService.Place(client, (product, 1));
            var payment = await PaymentsService.StartPayment(client, order);
            var paying = payments.Anybody().PostAsync(payment["action"].Text("url"), null);
            var cancelling = client.PostAsync($"/orders/{order.Id("orderId")}/cancellation", null);
            Assert.Equal(HttpStatusCode.NoContent, (await paying).StatusCode);
            var cancelled = (await cancelling).StatusCode;
            Assert.Contains(cancelled, new[] { HttpStatusCode.NoContent, HttpStatusCode.Conflict });
            var status = (await PaymentsService.Get(client, order)).Text("status");
            Assert.Equal(cancelled == HttpStatusCode.NoContent ? "cancelled" : "paid", status);

            return status;
        }));
        var balance = await payments.Balance("SEK", Orders * 700);
        Assert.Equal((Orders * 700, 0), balance["gateway:sandbox"]);
        Assert.Equal(outcomes.Count(o => o == "paid") * 700, balance.GetValueOrDefault("sales").Credit);
        Assert.Equal(outcomes.Count(o => o == "cancelled") * 700, balance.GetValueOrDefault("refunds-owed").Credit);
    }

    private static Guid OrderOf(object fact) => fact switch
    {
        Contracts.OrderPlaced f => f.OrderId,
        Contracts.OrderPaid f => f.OrderId,
        Contracts.OrderRefunded f => f.OrderId,
        _ => Guid.Empty
    };
}
