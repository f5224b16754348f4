using System.Net;
using System.Net.Http.Json;
using Community.Payments.Tests.Subscriptions;
using Community.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Coupons;

public sealed class CouponTests(PaymentsService payments)
{
    [Fact]
    public async Task Two_hundred_orders_at_once_on_two_replicas_use_a_coupon_ten_times()
    {
        await using var other = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, database: payments.Host.Database, messaging: payments.Host.Messaging);
        await Create(new { code = "ten-only", percentOff = 50, maxUses = 10, duration = "once" });
        var product = await payments.Offer(1000, "THB");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async n =>
        {
            var token = payments.Issuer.Token(PaymentsService.New(), "member");
            using var client = (n % 2 == 0 ? payments.Host : other).Client(token);

            return await client.PostAsJsonAsync("/orders", Wish(product, "TEN-ONLY"));
        }));
        Assert.Equal(10, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));

        foreach (var answer in answers)
        {
            if (answer.StatusCode == HttpStatusCode.Created)
            {
                var order = await answer.Body(HttpStatusCode.Created);
                Assert.Equal((500, 500), (order["total"]!["amount"]!.GetValue<long>(), order["coupon"]!["discount"]!["amount"]!.GetValue<long>()));
            }
            else
            {
                await answer.ShouldBeProblem(HttpStatusCode.Conflict, "coupon-used-up");
            }
        }

        Assert.Equal(10, (await (await payments.Operator.GetAsync("/coupons/ten-only")).Body(HttpStatusCode.OK))["uses"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_cancelled_order_gives_its_use_back_and_a_preview_takes_none()
    {
        await Create(new { code = "ONE", amountOff = new { amount = 300, currency = "THB" }, maxUses = 1, duration = "once" });
        var product = await payments.Offer(1000, "THB");
        using var client = payments.Member(PaymentsService.New());
        var preview = await (await client.PostAsJsonAsync("/orders/previews", Wish(product, "one"))).Body(HttpStatusCode.OK);
        Assert.Equal((1000, 300, 700), (Amount(preview, "subtotal"), Amount(preview, "discount"), Amount(preview, "total")));
        var order = await (await client.PostAsJsonAsync("/orders", Wish(product, "one"))).Body(HttpStatusCode.Created);
        Assert.Equal(Amount(preview, "total"), Amount(order, "total"));
        await (await client.PostAsJsonAsync("/orders", Wish(product, "one"))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-used-up");
        await (await client.PostAsJsonAsync("/orders/previews", Wish(product, "none"))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/orders/{order.Id("orderId")}/cancellation", null)).StatusCode);
        await Eventually.True(
            async () => (await client.PostAsJsonAsync("/orders", Wish(product, "one"))).StatusCode == HttpStatusCode.Created, "the use to be free");
    }

    [Theory]
    [InlineData("spring-10 ")]
    [InlineData("\u3000SPRING-10\t")]
    [InlineData("ＳＰＲＩＮＧ－１０")] // as a Chinese keyboard writes it
    [InlineData("Spring-\u200b10\ufeff")] // with what nobody sees
    public async Task A_code_is_the_same_however_it_is_written(string written)
    {
        // What stands there already, and what is written now.
        await Create(new { code = " spring-１０", percentOff = 10, duration = "once" });
        await Create(new { code = written.Trim('\t'), percentOff = 10, duration = "once" });
        var product = await payments.Offer(1000, "THB");
        using var client = payments.Member(PaymentsService.New());
        var order = await (await client.PostAsJsonAsync("/orders", Wish(product, written.Trim('\t')))).Body(HttpStatusCode.Created);
        Assert.Equal((900, "SPRING-10"), (Amount(order, "total"), order["coupon"].Text("code")));
        var coupon = await (await payments.Operator.GetAsync($"/coupons/{Uri.EscapeDataString(written)}")).Body(HttpStatusCode.OK);
        Assert.Equal("SPRING-10", coupon.Text("code"));
    }

    [Fact]
    public async Task A_code_of_which_nothing_is_seen_is_refused()
    {
        foreach (var code in new[] { "\u200b", "\u200b \ufeff", " " })
        {
            await (await payments.Operator.PostAsJsonAsync("/coupons", new { code, percentOff = 10, duration = "once" })).ShouldBeProblem(HttpStatusCode.BadRequest, "validation-failed");
        }

        using var client = payments.Member(PaymentsService.New());
        var product = await payments.Offer(1000, "THB");
        await (await client.PostAsJsonAsync("/orders", Wish(product, "\u200b"))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");
        await (await payments.Operator.GetAsync("/coupons/%E2%80%8B")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_plan_s_tier_is_the_same_however_it_is_written()
    {
        foreach (var tier in new[] { "gold-plus", " Gold-Plus ", "ＧＯＬＤ－ｐｌｕｓ", "gold-\u200bplus" })
        {
            using var answer = await payments.Operator.PostAsJsonAsync("/plans", new { name = "Gold", tier, price = new { amount = 1_000, currency = "CNY" }, interval = "month" });
            Assert.Equal("gold-plus", (await answer.Body(HttpStatusCode.Created)).Text("tier"));
        }
    }

    [Fact]
    public async Task An_order_that_nobody_pays_is_cancelled_and_gives_its_use_back()
    {
        var clock = new MovedClock();
        var broker = await Servers.CreateVirtualHost("payments");
        await using var content = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, new Dictionary<string, string?> { ["Orders:ExpireAfterDays"] = "3" }, messaging: broker,
            configure: services => services.AddSingleton<TimeProvider>(clock));
        using var staff = host.Client(payments.Issuer.Token(PaymentsService.New(), ["operator"], [], TimeSpan.FromDays(30)));
        using var client = host.Client(payments.Issuer.Token(PaymentsService.New(), ["member"], [], TimeSpan.FromDays(30)));
        await (await staff.PostAsJsonAsync("/coupons", new { code = "LAST", percentOff = 50, maxUses = 1, duration = "once" })).Body(HttpStatusCode.Created);
        var plan = (await (await staff.PostAsJsonAsync("/plans", new { name = "Gold", tier = "gold", price = new { amount = 1_000, currency = "CNY" }, interval = "month" }))
            .Body(HttpStatusCode.Created)).Id("planId");
        var order = (await (await client.PostAsJsonAsync("/orders", Wish(plan, "last"))).Body(HttpStatusCode.Created)).Id("orderId");
        await Neighbourhood.Until(staff, "/orders", orders => orders["items"]!.AsArray().Count == 1); // what is due is looked for in the list
        clock.Move(clock.GetUtcNow().AddDays(3));
        await Neighbourhood.Until(staff, $"/orders/{order}", o => o.Text("status") == "cancelled");
        await Neighbourhood.Until(staff, "/coupons/last", coupon => coupon["uses"]!.GetValue<int>() == 0);
    }

    [Fact]
    public async Task An_operator_records_money_that_came_without_a_gateway()
    {
        var product = await payments.Offer(1000, "IDR");
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (product, 2));
        await (await client.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference = "cash" })).ShouldBeProblem(HttpStatusCode.Forbidden);

        for (var times = 0; times < 2; times++)
        {
            using var recorded = await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference = "transfer 7" });
            Assert.Equal("paid", (await recorded.Body(HttpStatusCode.Created)).Text("status"));
        }

        Assert.Equal((2000, 0), (await payments.Balance("IDR", 2000))["gateway:offline"]);
    }

    private static long Amount(System.Text.Json.Nodes.JsonNode node, string field) => node[field]!["amount"]!.GetValue<long>();

    private static object Wish(Guid product, string coupon) => new { items = new[] { new { productId = product, quantity = 1 } }, couponCode = coupon };

    private async Task Create(object coupon)
    {
        using var answer = await payments.Operator.PostAsJsonAsync("/coupons", coupon);
        await answer.Body(HttpStatusCode.Created);
    }
}
