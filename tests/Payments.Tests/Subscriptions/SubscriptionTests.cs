using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Testing;
using Marten;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Subscriptions;

public sealed class SubscriptionTests(PaymentsService payments)
{
    [Fact]
    public async Task A_plan_is_a_product_and_its_paid_order_a_subscription_that_changes_and_is_cancelled()
    {
        var basic = await Plan("AUD", 3000, "month");
        var pro = await Plan("AUD", 9000, "month");
        var product = await (await payments.Anybody().GetAsync($"/products/{basic}")).Body(HttpStatusCode.OK);
        Assert.Equal(("plan", basic, "Plan"), (product.Text("kind"), product.Id("subjectId"), product.Text("name")));

        using var client = payments.Member(PaymentsService.New());
        var order = await payments.Buy(client, (basic, 1));
        var id = order.Id("orderId");
        var subscription = await Until(client, id, s => s.Text("status") == "active");
        Assert.Equal((basic, "pro"), (subscription.Id("planId"), subscription.Text("tier")));
        Assert.Equal(
            subscription["currentPeriodStart"]!.GetValue<DateTimeOffset>().AddMonths(1), subscription["currentPeriodEnd"]!.GetValue<DateTimeOffset>());
        var balance = await payments.Balance("AUD", 3000);
        Assert.Equal((0, 3000), balance["deferred-revenue"]);
        var next = await (await client.GetAsync($"/subscriptions/{id}/next-invoice")).Body(HttpStatusCode.OK);
        Assert.Equal(3000, next["charge"]!["amount"]!.GetValue<long>());

        // Nothing is used up yet: the whole difference, which the sandbox charges by itself.
        var preview = await (await client.PostAsJsonAsync($"/subscriptions/{id}/plan/previews", new { planId = pro })).Body(HttpStatusCode.OK);
        Assert.Equal(6000, preview["charge"]!["amount"]!.GetValue<long>());
        await (await client.PostAsJsonAsync($"/subscriptions/{id}/plan", new { planId = pro })).Body(HttpStatusCode.OK);
        await Until(client, id, s => s.Id("planId") == pro);
        Assert.Equal((0, 9000), (await payments.Balance("AUD", 9000))["deferred-revenue"]);

        // The change is given back, and made once more.
        await (await payments.Operator.PostAsJsonAsync($"/orders/{await LastOrder(client)}/refunds", new { reason = "Too dear" })).Body(HttpStatusCode.Created);
        await Until(client, id, s => s.Id("planId") == basic && s.Text("status") == "active");
        Assert.Equal((6000, 9000), (await payments.Balance("AUD", 21_000))["deferred-revenue"]);
        await (await client.PostAsJsonAsync($"/subscriptions/{id}/plan", new { planId = pro })).Body(HttpStatusCode.OK);
        await Until(client, id, s => s.Id("planId") == pro);
        Assert.Equal((6000, 15_000), (await payments.Balance("AUD", 27_000))["deferred-revenue"]);

        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/subscriptions/{id}/cancellation", null)).StatusCode);
        Assert.Equal("cancelled", (await Until(client, id, _ => true)).Text("status"));
        await Eventually.Value(
            async () => await (await client.GetAsync("/subscriptions")).Body(HttpStatusCode.OK),
            list => list["items"] is JsonArray { Count: 1 } items && items[0].Text("status") == "cancelled", "the list");
        await (await payments.Member(PaymentsService.New()).GetAsync($"/subscriptions/{id}")).ShouldBeProblem(HttpStatusCode.NotFound);

        // A whole refund of what began the running period ends it.
        await (await payments.Operator.PostAsJsonAsync($"/orders/{id}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created);
        await Until(client, id, s => s.Text("status") == "ended");
    }

    [Fact]
    public async Task A_tier_is_tried_once_and_plans_are_given()
    {
        var plan = await Plan("NZD", 3000, "month", trialDays: 7, tier: "trying");
        var member = PaymentsService.New();
        using var client = payments.Member(member);
        var trial = await (await client.PostAsJsonAsync("/subscriptions", new { planId = plan })).Body(HttpStatusCode.Created);
        Assert.Equal("trialing", trial.Text("status"));
        await (await client.PostAsJsonAsync("/subscriptions", new { planId = plan })).ShouldBeProblem(HttpStatusCode.Conflict, "trial-used");
        await (await client.PostAsJsonAsync("/subscriptions/complimentary", new { memberId = member, planId = plan })).ShouldBeProblem(HttpStatusCode.Forbidden);
        var given = await payments.Grant(await payments.Join(member), plan);
        Assert.Equal(("active", "complimentary"), (given.Text("status"), given.Text("source")));
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Operator.DeleteAsync($"/subscriptions/{given.Id("subscriptionId")}")).StatusCode);
        Assert.Equal("ended", (await Until(client, given.Id("subscriptionId"), _ => true)).Text("status"));

        // A gift is paid by one and held by another.
        using var giver = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Give(giver, plan, member);
        var payment = await PaymentsService.StartPayment(giver, order);
        await payments.Anybody().PostAsync(payment["action"].Text("url"), null);
        Assert.Equal("gift", (await Until(client, order.Id("orderId"), s => s.Text("status") == "active")).Text("source"));
    }

    [Fact]
    public async Task A_pass_bought_again_goes_on_from_where_the_last_one_ends_also_as_a_gift()
    {
        var pass = await Plan("SGD", 3000, "once", tier: "season", days: 30);
        Assert.Equal(30, (await (await payments.Anybody().GetAsync($"/plans/{pass}")).Body(HttpStatusCode.OK))["days"]!.GetValue<int>());
        using var wrong = await payments.Operator.PostAsJsonAsync(
            "/plans", new { name = "Plan", tier = "season", price = new { amount = 1, currency = "SGD" }, interval = "month", days = 30 });
        await wrong.ShouldBeProblem(HttpStatusCode.Conflict, "plan-renews");

        var member = PaymentsService.New();
        using var client = payments.Member(member);
        var first = await Until(client, (await payments.Buy(client, (pass, 1))).Id("orderId"), s => s.Text("status") == "active");
        Assert.Equal(Start(first).AddDays(30), End(first));

        using var giver = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Give(giver, pass, await payments.Join(member));
        await payments.Anybody().PostAsync((await PaymentsService.StartPayment(giver, order))["action"].Text("url"), null);
        var given = await Until(client, order.Id("orderId"), s => s.Text("status") == "active");
        Assert.Equal((End(first), End(first).AddDays(30)), (Start(given), End(given)));

        var last = await Until(client, (await payments.Buy(client, (pass, 1))).Id("orderId"), s => s.Text("status") == "active");
        Assert.Equal((End(given), End(given).AddDays(30)), (Start(last), End(last)));

        // The first is given back: those that went on from it move up, and what they earn with them.
        await (await payments.Operator.PostAsJsonAsync($"/orders/{first.Id("subscriptionId")}/refunds", new { reason = "Bought twice" })).Body(HttpStatusCode.Created);
        var earlier = await Until(client, given.Id("subscriptionId"), s => Start(s) < Start(given));
        var ended = await (await client.GetAsync($"/subscriptions/{first.Id("subscriptionId")}/history")).Body(HttpStatusCode.OK);
        Assert.Equal(ended["items"]!.AsArray()[^1]!["data"]!["at"]!.GetValue<DateTimeOffset>(), Start(earlier), TimeSpan.FromMicroseconds(1));
        Assert.Equal(Start(earlier).AddDays(30), End(earlier));
        var next = await Until(client, last.Id("subscriptionId"), s => Start(s) < Start(last));
        Assert.Equal((End(earlier), End(earlier).AddDays(30)), (Start(next), End(next)));
        Assert.Equal((3000, 9000), (await payments.Balance("SGD", 15_000))["deferred-revenue"]);
        Assert.Equal((0, 3000), (await payments.Balance("SGD", 18_000, $"?asOf={End(earlier).AddSeconds(1).UtcDateTime:O}"))["subscription-revenue"]);
        Assert.Equal((0, 6000), (await payments.Balance("SGD", 21_000, $"?asOf={End(next).AddSeconds(1).UtcDateTime:O}"))["subscription-revenue"]);

        // What another tier gives, or somebody else has, is nothing to go on from.
        var other = await Plan("SGD", 3000, "once", tier: "other", days: 30);
        var apart = await Until(client, (await payments.Buy(client, (other, 1))).Id("orderId"), s => s.Text("status") == "active");
        Assert.True(Start(apart) < Start(next));
        using var stranger = payments.Member(PaymentsService.New());
        Assert.True(Start(await Until(stranger, (await payments.Buy(stranger, (pass, 1))).Id("orderId"), s => s.Text("status") == "active")) < Start(next));

        static DateTimeOffset Start(JsonNode s) => s["currentPeriodStart"]!.GetValue<DateTimeOffset>();
        static DateTimeOffset End(JsonNode s) => s["currentPeriodEnd"]!.GetValue<DateTimeOffset>();
    }

    [Fact]
    public async Task Two_replicas_renew_each_period_once_after_a_year_in_which_nothing_ran()
    {
        var clock = new MovedClock();
        var broker = await Servers.CreateVirtualHost("payments");
        await using var content = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        void UseClock(IServiceCollection services) => services.AddSingleton<TimeProvider>(clock);
        await using var one = await ServiceHost<Program>.Start("payments", payments.Issuer, messaging: broker, configure: UseClock);
        await using var two = await ServiceHost<Program>.Start("payments", payments.Issuer, database: one.Database, messaging: broker, configure: UseClock);
        var store = one.Services.GetRequiredService<IDocumentStore>();
        var began = clock.GetUtcNow();
        var terms = new Terms(PaymentsService.New(), "Basic", "member", new Money(3000, "CNY"), PlanInterval.Month);
        Guid[] ids = [.. Enumerable.Range(0, 10).Select(_ => PaymentsService.New())];

        foreach (var id in ids)
        {
            await Subscribe(store, id, terms, began);
        }

        clock.Move(began.AddMonths(3).AddDays(1));

        foreach (var id in ids)
        {
            var events = await Eventually.Value(
                async () =>
                {
                    await using var session = store.QuerySession();

                    return (await session.Events.FetchStreamAsync(Subscription.Stream(id))).Select(e => e.Data).ToList();
                },
                events => events.OfType<SubscriptionRenewed>().Count() == 3 && events.OfType<SubscriptionRenewed>().Last().Period.End > clock.GetUtcNow(),
                "three renewals");
            Assert.Equal([began.AddMonths(1), began.AddMonths(2), began.AddMonths(3)], events.OfType<SubscriptionRenewed>().Select(e => e.Period.Start));
            Assert.Equal(3, events.OfType<RenewalDue>().Count());
            Assert.Equal(3, events.OfType<SubscriptionRenewed>().Select(e => e.OrderId).Distinct().Count());
        }

        // The money: each renewal's order was paid once, and nothing came that nobody waited for.
        await using var log = store.QuerySession();
        Assert.Equal(4 * ids.Length, await Count(log, "order-paid.v1"));
        Assert.Equal(3 * ids.Length, await Count(log, "order-charge-tried.v1"));
        Assert.Equal(0, await Count(log, "refund-owed.v1"));
        Assert.Equal(0, await Count(log, "subscription-payment-not-needed.v1"));
    }

    [Fact]
    public async Task A_renewal_that_the_gateway_refuses_is_tried_again_by_the_schedule_and_then_the_subscription_ends_or_is_paid_and_goes_on()
    {
        var clock = new MovedClock();
        var settings = new Dictionary<string, string?> { ["Gateways:Sandbox:Secret"] = PaymentsService.Secret, ["Gateways:Sandbox:RefusesMandates"] = "true" };
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, settings, messaging: await Servers.CreateVirtualHost("dunning"), configure: services => services.AddSingleton<TimeProvider>(clock));
        var store = host.Services.GetRequiredService<IDocumentStore>();
        var unpaid = await Begin();
        var due = clock.GetUtcNow().AddMonths(1).AddMinutes(1);

        for (var attempt = 1; attempt <= Subscription.Dunning.Length; attempt++)
        {
            clock.Move(attempt == 1 ? due : due + Subscription.Dunning[attempt - 2] + TimeSpan.FromMinutes(attempt));
            await Until(unpaid, events => events.OfType<SubscriptionPastDue>().LastOrDefault()?.Attempt == attempt, $"the attempt {attempt}");
            var order = (await Events(Subscription.Stream(unpaid))).OfType<RenewalDue>().Single().OrderId;
            await Eventually.Value(
                () => Events(Order.Stream(order)), events => events.OfType<PaymentFailed>().Count() == attempt, $"{attempt} refused charges");
        }

        clock.Move(due + Subscription.Dunning[^1] + TimeSpan.FromMinutes(10));
        var ended = await Until(unpaid, events => events[^1] is SubscriptionEnded, "the end");
        Assert.Equal(EndedBecause.Unpaid, ((SubscriptionEnded)ended[^1]).Because);
        var owed = Order.Stream(ended.OfType<RenewalDue>().Single().OrderId);
        await Eventually.Value(() => Events(owed), events => events[^1] is OrderCancelled, "the order to be cancelled");

        // Another one, whose payer's bank thinks better of it.
        var paid = await Begin();
        due = clock.GetUtcNow().AddMonths(1).AddMinutes(1);
        clock.Move(due);
        await Until(paid, events => events.OfType<SubscriptionPastDue>().Any(), "the first refusal");
        host.Services.GetRequiredService<IConfiguration>()["Gateways:Sandbox:RefusesMandates"] = "false";
        clock.Move(due + Subscription.Dunning[0] + TimeSpan.FromMinutes(2));
        var renewed = await Until(paid, events => events[^1] is SubscriptionRenewed, "the renewal");
        Assert.Equal(2, renewed.OfType<SubscriptionPastDue>().Count());
        Assert.Equal(renewed.OfType<RenewalDue>().Single().Period, ((SubscriptionRenewed)renewed[^1]).Period);

        async Task<Guid> Begin()
        {
            var id = PaymentsService.New();
            var terms = new Terms(PaymentsService.New(), "Basic", "member", new Money(3000, "CNY"), PlanInterval.Month);
            await Subscribe(store, id, terms, clock.GetUtcNow());

            return id;
        }

        async Task<List<object>> Events(Guid stream)
        {
            await using var session = store.QuerySession();

            return [.. (await session.Events.FetchStreamAsync(stream)).Select(e => e.Data)];
        }

        Task<List<object>> Until(Guid subscription, Func<List<object>, bool> holds, string what) =>
            Eventually.Value(() => Events(Subscription.Stream(subscription)), holds, what);
    }

    [Fact]
    public async Task What_the_next_invoice_is_said_to_be_the_renewal_then_asks()
    {
        var clock = new MovedClock();
        var broker = await Servers.CreateVirtualHost("payments");
        await using var others = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start("payments", payments.Issuer, messaging: broker, configure: services => services.AddSingleton<TimeProvider>(clock));
        HttpClient Person(string role) => host.Client(payments.Issuer.Token(PaymentsService.New(), [role], [], TimeSpan.FromDays(4000)));
        using var staff = Person("operator");
        using var member = Person("member");
        var plans = new List<Guid>();

        foreach (var price in new[] { 9_001, 2_501 })
        {
            using var plan = await staff.PostAsJsonAsync("/plans", new { name = $"Plan {price}", tier = "gold", price = new { amount = price, currency = "CNY" }, interval = "month" });
            plans.Add((await plan.Body(HttpStatusCode.Created)).Id("planId"));
        }

        await (await staff.PostAsJsonAsync("/coupons", new { code = "TENTH", percentOff = 10, duration = "months", months = 6 })).Body(HttpStatusCode.Created);
        using var placed = await member.PostAsJsonAsync("/orders", new { items = new[] { new { productId = plans[0], quantity = 1 } }, couponCode = "TENTH" });
        var order = await placed.Body(HttpStatusCode.Created);
        await host.Client().PostAsync((await PaymentsService.StartPayment(member, order))["action"].Text("url"), null);
        var id = order.Id("orderId");
        await Eventually.Value(() => member.GetAsync($"/subscriptions/{id}"), answer => answer.IsSuccessStatusCode, "the subscription");

        // The cheaper plan leaves credit for two renewals and a part of the third; the coupon's months end before the last.
        await (await member.PostAsJsonAsync($"/subscriptions/{id}/plan", new { planId = plans[1] })).Body(HttpStatusCode.OK);
        var asked = new List<(long Credit, long Charge)>();

        for (var round = 1; round <= 6; round++)
        {
            var next = await (await member.GetAsync($"/subscriptions/{id}/next-invoice")).Body(HttpStatusCode.OK);
            clock.Move(next["at"]!.GetValue<DateTimeOffset>().AddMinutes(1));
            var renewed = (await Eventually.Value(Renewals, all => all.Count == round, $"the renewal {round}"))[^1];
            Assert.Equal(
                (Amount(next, "creditUsed"), Amount(next, "charge"), next["at"]!.GetValue<DateTimeOffset>(), next["periodEnd"]!.GetValue<DateTimeOffset>()),
                (renewed.CreditUsed.Amount, renewed.Paid.Amount, Shown(renewed.Period.Start), Shown(renewed.Period.End!.Value)));
            Assert.Equal(Amount(next, "price"), Amount(next, "creditUsed") + Amount(next, "charge"));
            asked.Add((renewed.CreditUsed.Amount, renewed.Paid.Amount));
        }

        Assert.Equal((0, 2_501), asked[^1]);
        Assert.Contains(asked, a => a.Credit > 0 && a.Charge == 0);
        Assert.Contains(asked, a => a is { Credit: > 0, Charge: > 0 });

        async Task<List<SubscriptionRenewed>> Renewals()
        {
            await using var session = host.Services.GetRequiredService<IDocumentStore>().QuerySession();

            return [.. (await session.Events.FetchStreamAsync(Subscription.Stream(id))).Select(e => e.Data).OfType<SubscriptionRenewed>()];
        }

        // In microseconds.
        static DateTimeOffset Shown(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        static long Amount(JsonNode invoice, string part) => invoice[part]!["amount"]!.GetValue<long>();
    }

    private static Task<int> Count(IQuerySession log, string type) => log.Events.QueryAllRawEvents().Where(e => e.EventTypeName == type).CountAsync();

    private async Task<Guid> Plan(string currency, long amount, string interval, int trialDays = 0, string tier = "pro", int? days = null)
    {
        using var answer = await payments.Operator.PostAsJsonAsync(
            "/plans", new { name = "Plan", tier, price = new { amount, currency }, interval, trialDays, days });

        return (await answer.Body(HttpStatusCode.Created)).Id("planId");
    }

    // An order of a plan, paid at the sandbox at that instant.
    private static async Task Subscribe(IDocumentStore store, Guid id, Terms terms, DateTimeOffset at)
    {
        await store.Handle(Payments.Catalogue.Plan.Decider, Payments.Catalogue.Plan.Stream(terms.PlanId), new OfferPlan(terms, 0, at), CancellationToken.None);
        var order = new PlaceOrder(PaymentsService.New(), [new OrderLine(terms.PlanId, "plan", terms.PlanId, terms.Name, 1, terms.Price)], at);
        await store.Handle(Order.Decider, Order.Stream(id), order, CancellationToken.None);
        var receipt = new Receipt("sandbox", $"of {id}");
        await store.Handle(Order.Decider, Order.Stream(id), new ConfirmPayment(PaymentsService.New(), receipt, terms.Price, at), CancellationToken.None);
        await Eventually.Value(
            async () => (await store.Load(Subscription.Decider, Subscription.Stream(id), null, CancellationToken.None)).State,
            subscription => subscription is Live { Mandate: "sandbox" }, "the subscription");
    }

    private static async Task<Guid> LastOrder(HttpClient client) => (await Eventually.Value(
        async () => (await (await client.GetAsync("/orders")).Body(HttpStatusCode.OK))["items"]!.AsArray().FirstOrDefault(),
        order => order?.Text("status") == "paid" && order["items"]![0].Text("kind") == "change", "the paid order of the change"))!.Id("orderId");

    private static Task<JsonNode> Until(HttpClient client, Guid id, Func<JsonNode, bool> holds) => Eventually.Value(
        async () =>
        {
            using var answer = await client.GetAsync($"/subscriptions/{id}");

            return answer.StatusCode == HttpStatusCode.NotFound ? new JsonObject { ["status"] = "none", ["planId"] = Guid.Empty } : await answer.Body(HttpStatusCode.OK);
        },
        s => s.Text("status") != "none" && holds(s), $"the subscription {id}");
}
