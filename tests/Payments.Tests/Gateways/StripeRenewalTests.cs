using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Payments.Subscriptions;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Gateways;

/// <summary>A year at Stripe, on two replicas: paid once at its page, and charged again each month.</summary>
public sealed class StripeRenewalTests(GatewaysService payments) : IClassFixture<GatewaysService>
{
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_subscription_is_renewed_by_what_the_payer_paid_by_and_whatever_stripe_answers_each_period_is_charged_once()
    {
        var member = PaymentsService.New();
        var plan = await Plan();
        var (order, payment) = await Order(member, plan);
        Assert.NotNull(Intents(order).Single()["customer"]);
        using var paid = await payments.Tell("stripe", order.ToString(), payment, 3000);
        Assert.Equal(HttpStatusCode.NoContent, paid.StatusCode);
        await Until(order, log => log is [SubscriptionStarted { Mandate: "stripe" }], "the subscription");

        // Charged by itself.
        var first = await Renewal(order);
        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == first, "the first renewal");
        var charged = Assert.Single(Intents(first));
        Assert.Equal(($"cus_{payment}", $"pm_{payment}", 3000L), (charged.Text("customer"), charged.Text("payment_method"), charged["amount"]!.GetValue<long>()));

        // The answer is lost: it is asked again what became of it, and not charged twice.
        payments.Stripe.LoseAnswers(int.MaxValue);
        var second = await Renewal(order);
        await Eventually.True(() => Task.FromResult(Intents(second).Count == 1), "the charge without an answer");
        payments.Later(Retry);
        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == second, "the second renewal");
        payments.Stripe.LoseAnswers(0);
        Assert.Single(Intents(second));

        // The bank takes its time, and Stripe tells later.
        payments.Stripe.Banks.Enqueue("processing");
        var third = await Renewal(order);
        await Eventually.True(() => Task.FromResult(Intents(third).Count == 1), "the charge that takes its time");
        payments.Later(Retry);
        var slow = payments.Stripe.Settle(Assert.Single(Intents(third)));

        foreach (var _ in Enumerable.Range(0, 3))
        {
            Assert.Equal(HttpStatusCode.NoContent, (await payments.TellStripe(StripeStandIn.Told("payment_intent.succeeded", slow))).StatusCode);
        }

        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == third, "the third renewal");

        // The bank refuses twice, and then thinks better of it.
        payments.Stripe.Banks.Enqueue("requires_payment_method");
        payments.Stripe.Banks.Enqueue("requires_payment_method");
        var fourth = await Renewal(order);
        await Until(order, log => log[^1] is SubscriptionPastDue { Attempt: 1, Again: false }, "the refusal");
        payments.Later(Subscription.Dunning[0]);
        await Until(order, log => log[^1] is SubscriptionPastDue { Attempt: 2, Again: true }, "the second attempt");
        await Eventually.True(() => Task.FromResult(Intents(fourth).Count == 2), "the second charge");
        payments.Later(Subscription.Dunning[1] - Subscription.Dunning[0]);
        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == fourth, "the fourth renewal");
        Assert.Equal(["requires_payment_method", "requires_payment_method", "succeeded"], Intents(fourth).Select(i => i.Text("status")).Order());

        // The bank refuses, and the payer pays by another card at the page: from then on that one is charged.
        payments.Stripe.Banks.Enqueue("requires_payment_method");
        var fifth = await Renewal(order);
        await Until(order, log => log[^1] is SubscriptionPastDue { Attempt: 1 }, "the refusal");
        using var payer = payments.Host.Client(payments.Token(member));
        using var started = await payer.PostAsJsonAsync($"/orders/{fifth}/payments", new { gateway = "stripe" });
        var byHand = (await started.Body(HttpStatusCode.Created)).Id("paymentId");
        await payments.Tell("stripe", fifth.ToString(), byHand, 3000);
        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == fifth, "the fifth renewal");
        var sixth = await Renewal(order);
        await Until(order, log => log[^1] is SubscriptionRenewed r && r.OrderId == sixth, "the sixth renewal");
        Assert.Equal($"pm_{byHand}", Assert.Single(Intents(sixth)).Text("payment_method"));

        // Six periods, six times the money, and nothing that nobody waited for.
        var log = await Log(order);
        Assert.Equal(6, log.OfType<SubscriptionRenewed>().Count());
        Assert.Empty(log.OfType<PaymentNotNeeded>());
        Guid[] orders = [order, first, second, third, fourth, fifth, sixth];
        Assert.All(orders, one => Assert.Single(Intents(one), i => i.Text("status") == "succeeded"));
        Assert.Empty((await (await payments.Operator.GetAsync("/refunds-owed")).Body(HttpStatusCode.OK))["items"]!.AsArray());
    }

    [Fact]
    public async Task Who_buys_what_does_not_go_on_leaves_no_mandate_and_who_gives_a_plan_away_neither()
    {
        var once = await Plan("once");
        var (order, _) = await Order(PaymentsService.New(), once);
        Assert.Null(Intents(order).Single()["customer"]);
        await using var membership = await Neighbour.Start(payments.Host.Messaging, ["content", "membership", "incentives"]);
        var receiver = PaymentsService.New();
        await membership.Publish(PaymentsService.New(), new MemberJoined(receiver, PaymentsService.Now, Imported: false));
        var (gift, _) = await Order(PaymentsService.New(), await Plan(), giftTo: receiver);
        Assert.Null(Intents(gift).Single()["customer"]);
    }

    private async Task<Guid> Plan(string interval = "month")
    {
        using var answer = await payments.Operator.PostAsJsonAsync(
            "/plans", new { name = "Plan", tier = "pro", price = new { amount = 3000, currency = "CNY" }, interval });

        return (await answer.Body(HttpStatusCode.Created)).Id("planId");
    }

    private async Task<(Guid Order, Guid Payment)> Order(Guid member, Guid plan, Guid? giftTo = null)
    {
        using var client = payments.Host.Client(payments.Token(member));

        // A gift as soon as payments has heard of the receiver.
        using var placed = await Eventually.Value(
            () => client.PostAsJsonAsync("/orders", new { items = new[] { new { productId = plan, quantity = 1 } }, giftTo }),
            answer => giftTo is null || answer.IsSuccessStatusCode, "the order");
        var order = await placed.Body(HttpStatusCode.Created);

        return (order.Id("orderId"), (await GatewaysService.Pay(client, order, "stripe")).Id("paymentId"));
    }

    private List<JsonObject> Intents(Guid order) => [.. payments.Stripe.Intents.Where(i => i["metadata"].Text("orderId") == order.ToString())];

    /// <summary>Lets the period pass; answers the order of the next.</summary>
    private async Task<Guid> Renewal(Guid subscription)
    {
        var before = (await Log(subscription)).OfType<RenewalDue>().Count();
        var end = ((Live)(await payments.Host.Services.GetRequiredService<IDocumentStore>()
            .Load(Subscription.Decider, Subscription.Stream(subscription), null, TestContext.Current.CancellationToken)).State).Period.End!.Value;
        payments.Later(end - payments.Now + TimeSpan.FromSeconds(1));

        return (await Until(subscription, log => log.OfType<RenewalDue>().Count() == before + 1, "the next period")).OfType<RenewalDue>().Last().OrderId;
    }

    private async Task<List<object>> Log(Guid subscription)
    {
        await using var session = payments.Host.Services.GetRequiredService<IDocumentStore>().QuerySession();

        return [.. (await session.Events.FetchStreamAsync(Subscription.Stream(subscription))).Select(e => e.Data)];
    }

    private Task<List<object>> Until(Guid subscription, Func<List<object>, bool> holds, string what) =>
        Eventually.Value(() => Log(subscription), holds, what);
}
