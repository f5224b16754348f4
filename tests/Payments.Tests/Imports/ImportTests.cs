using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Testing;
using Marten;

namespace Community.Payments.Tests.Imports;

public sealed class ImportTests(PaymentsService payments)
{
    private static readonly DateTimeOffset Began = Day(PaymentsService.Now.AddDays(-75));

    [Fact]
    public async Task A_history_comes_in_with_its_instants_and_a_second_time_changes_nothing()
    {
        var (basic, pro) = (await payments.Plan("imported-basic", 3_000, "AED"), await payments.Plan("imported-pro", 9_000, "AED"));
        var (member, first, renewed, changed) = (PaymentsService.New(), PaymentsService.New(), PaymentsService.New(), PaymentsService.New());
        var (second, third) = (Began.AddMonths(1), Began.AddMonths(1).AddDays(10));
        object[] orders =
        [
            Order(first, member, basic, 3_000, Began),
            Order(renewed, member, basic, 3_000, second, "renewal", first),
            Order(changed, member, pro, 6_000, third, "change", first)
        ];
        object[] subscriptions = [new { subscriptionId = first, memberId = member, orders = new[] { first, renewed, changed }, renewal = "never" }];

        Assert.Equal((3, 0, ""), await Import("orders", orders));
        Assert.Equal((1, 0, ""), await Import("subscriptions", subscriptions));
        Assert.Equal((0, 3, ""), await Import("orders", orders));
        Assert.Equal((0, 1, ""), await Import("subscriptions", subscriptions));

        var events = await Stored(Subscription.Stream(first));
        Assert.Equal(
            [(Began, typeof(SubscriptionStarted)), (second, typeof(SubscriptionRenewed)), (third, typeof(SubscriptionChanged)), (Began.AddMonths(2), typeof(SubscriptionEnded))],
            events.Select(e => (e.Timestamp, e.Data.GetType())));
        Assert.Equal([3_000, 3_000, 9_000], events.Select(e => e.Data).OfType<SubscriptionEvent>().Select(Monthly).OfType<long>());

        // 12 000 came, and all of it is earned: its days are over. The changes' own movements are of nothing.
        var balance = await payments.Balance("AED", 24_000);
        Assert.Equal(((12_000, 0), (12_000, 12_000), (0, 12_000)), (balance["gateway:elsewhere"], balance["deferred-revenue"], balance["subscription-revenue"]));
        var then = await payments.Balance("AED", 9_000, $"?asOf={second.AddSeconds(1):yyyy-MM-ddTHH:mm:ssZ}");
        Assert.Equal((6_000, 0), then["gateway:elsewhere"]);

        using var client = payments.Member(member);
        Assert.Empty((await (await client.GetAsync("/invoices")).Body(HttpStatusCode.OK))["items"]!.AsArray());
        Assert.Equal("ended", (await (await client.GetAsync($"/subscriptions/{first}")).Body(HttpStatusCode.OK)).Text("status"));

        static object? Monthly(SubscriptionEvent e) => e switch
        {
            SubscriptionStarted s => s.Monthly.Amount,
            SubscriptionRenewed s => s.Monthly.Amount,
            SubscriptionChanged s => s.Monthly.Amount,
            _ => null
        };
    }

    [Fact]
    public async Task What_runs_is_renewed_as_the_import_says_and_never_by_surprise()
    {
        var plan = await payments.Plan("imported-running", 3_000, "LKR");
        var lately = Day(PaymentsService.Now.AddDays(-3));
        var ids = new Dictionary<string, (Guid Member, Guid Order)>();

        foreach (var renewal in new[] { "never", "asked", "sandbox" })
        {
            var (member, order) = ids[renewal] = (PaymentsService.New(), PaymentsService.New());
            Assert.Equal((1, 0, ""), await Import("orders", Order(order, member, plan, 3_000, lately, currency: "LKR")));
            Assert.Equal((1, 0, ""), await Import("subscriptions", new { subscriptionId = order, memberId = member, orders = new[] { order }, renewal }));
        }

        Assert.Equal(("cancelled", "active", "active"), (await Status("never"), await Status("asked"), await Status("sandbox")));
        var started = (await Stored(Subscription.Stream(ids["asked"].Order))).Select(e => e.Data).OfType<SubscriptionStarted>().Single();
        Assert.Null(started.Mandate);
        Assert.Equal("sandbox", (await Stored(Subscription.Stream(ids["sandbox"].Order))).Select(e => e.Data).OfType<SubscriptionStarted>().Single().Mandate);

        // The paid order has begun no second subscription, nor has it been charged.
        await payments.AllIsProjected(ids["asked"].Order);
        using var client = payments.Member(ids["asked"].Member);
        Assert.Single((await (await client.GetAsync("/subscriptions")).Body(HttpStatusCode.OK))["items"]!.AsArray());
        Assert.Single((await (await client.GetAsync("/orders")).Body(HttpStatusCode.OK))["items"]!.AsArray());

        async Task<string> Status(string renewal)
        {
            using var http = payments.Member(ids[renewal].Member);

            return (await (await http.GetAsync($"/subscriptions/{ids[renewal].Order}")).Body(HttpStatusCode.OK)).Text("status");
        }
    }

    [Fact]
    public async Task A_refund_from_elsewhere_is_in_the_books_and_no_gateway_is_asked_for_it()
    {
        var (member, order, ended) = (PaymentsService.New(), PaymentsService.New(), PaymentsService.New());
        var content = await payments.Offer(900, "GTQ");
        var plan = await payments.Plan("imported-refunded", 3_100, "GTQ");
        Assert.Equal((2, 0, ""), await Import("orders",
            Order(order, member, content, 900, Began, "content", refundedAt: Began.AddDays(2), currency: "GTQ"), Order(ended, member, plan, 3_100, Began, refundedAt: Began.AddDays(1), currency: "GTQ")));
        Assert.Equal((1, 0, ""), await Import("subscriptions", new { subscriptionId = ended, memberId = member, orders = new[] { ended }, renewal = "asked" }));

        var refunds = (await Stored(order)).Select(e => e.Data).OfType<OrderRefunded>().ToList();
        Assert.Equal((900, Began.AddDays(2)), (Assert.Single(refunds).Amount.Amount, refunds[0].At));
        var shown = await (await payments.Operator.GetAsync($"/refunds/{refunds[0].RefundId}")).Body(HttpStatusCode.OK);
        Assert.Equal(("sent", 0), (shown.Text("status"), shown["attempts"]!.GetValue<int>()));
        var end = (await Stored(Subscription.Stream(ended))).Select(e => e.Data).OfType<SubscriptionEnded>().Single();
        Assert.Equal((EndedBecause.Refunded, Began.AddDays(1)), (end.Because, end.At));
        Assert.Equal(3_100, end.Returned.Amount + (await Stored(Subscription.Stream(ended))).Select(e => e.Data).OfType<SubscriptionStarted>().Single().Earning!.EarnedBy(end.At).Amount);
        await Eventually.Value(
            async () => await (await payments.Operator.GetAsync("/ledger/trial-balance")).Body(HttpStatusCode.OK),
            answer => answer["balanced"]!.GetValue<bool>() && answer["accounts"]!.AsArray().Any(a => a.Text("currency") == "GTQ" && a.Text("account") == "gateway:elsewhere" && a!["debit"]!.GetValue<long>() == 4_000 && a["credit"]!.GetValue<long>() == 4_000),
            "the refunds in a balanced ledger");
    }

    [Fact]
    public async Task Each_item_has_its_own_verdict()
    {
        var (plan, member, order) = (await payments.Plan("imported-judged", 3_000, "EGP"), PaymentsService.New(), PaymentsService.New());
        var (orphan, stranger) = (PaymentsService.New(), PaymentsService.New());
        Assert.Equal((1, 0, "invalid invalid invalid invalid invalid product-unknown receipt-of-another-order already-different"), await Import("orders",
            Order(order, member, plan, 3_000, Began, currency: "EGP"),
            Order(orphan, member, plan, 0, Began, currency: "EGP"), Order(orphan, member, plan, 3_000, PaymentsService.Now.AddDays(1), currency: "EGP"), Order(orphan, member, plan, 3_000, Began, "renewal", currency: "EGP"),
            Order(orphan, member, plan, 3_000, Began, gateway: "No Gateway", currency: "EGP"), Order(Guid.Empty, member, plan, 3_000, Began, currency: "EGP"),
            Order(orphan, member, PaymentsService.New(), 3_000, Began, currency: "EGP"), Order(orphan, member, plan, 3_000, Began, receipt: $"r-{order}", currency: "EGP"), Order(order, stranger, plan, 3_000, Began, currency: "EGP")));
        Assert.Equal((1, 0, "invalid order-unknown order-unknown order-unknown"), await Import("subscriptions",
            new { subscriptionId = order, memberId = member, orders = new[] { order }, renewal = "never" },
            new { subscriptionId = orphan, memberId = member, orders = new[] { order }, renewal = "never" },
            new { subscriptionId = orphan, memberId = member, orders = new[] { orphan }, renewal = "never" },
            new { subscriptionId = stranger, memberId = stranger, orders = new[] { stranger }, renewal = "never" },
            new { subscriptionId = order, memberId = stranger, orders = new[] { order }, renewal = "never" }));

        // What was ordered here is not paid by an import.
        using var client = payments.Member(member);
        var live = await PaymentsService.Place(client, (await payments.Offer(900, "EGP"), 1));
        Assert.Equal((0, 0, "already-different"), await Import("orders", Order(live.Id("orderId"), member, plan, 3_000, Began, currency: "EGP")));
        Assert.Equal("placed", (await PaymentsService.Get(client, live)).Text("status"));
    }

    [Fact]
    public async Task Whoever_was_erased_does_not_come_back_and_only_a_token_for_imports_imports()
    {
        var plan = await payments.Plan("imported-erased", 3_000, "GEL");
        var member = await payments.Join();
        await payments.Content.Publish(PaymentsService.New(), new Community.Membership.Contracts.MemberErased(member, 2, PaymentsService.Now));
        await Eventually.True(async () => (await Import("orders", Order(PaymentsService.New(), member, plan, 3_000, Began, currency: "GEL"))).Refused == "member-erased", "the erasure to be heard");
        var items = new { items = new[] { Order(PaymentsService.New(), PaymentsService.New(), plan, 3_000, Began, currency: "GEL") } };
        await (await payments.Operator.PostAsJsonAsync("/imports/orders", items)).ShouldBeProblem(HttpStatusCode.Forbidden);
        await (await payments.Program("read", "write").PostAsJsonAsync("/imports/subscriptions", items)).ShouldBeProblem(HttpStatusCode.Forbidden);
        await (await payments.Program("import").PostAsJsonAsync("/imports/orders", new { items = Array.Empty<object>() })).ShouldBeProblem(HttpStatusCode.BadRequest);
    }

    private static object Order(
        Guid id, Guid member, Guid subject, long amount, DateTimeOffset at, string kind = "plan", Guid? subscription = null, DateTimeOffset? refundedAt = null,
        string? receipt = null, string gateway = "elsewhere", string currency = "AED") => new
        {
            orderId = id,
            memberId = member,
            item = new { kind, id = subject, name = "Imported", subscriptionId = subscription },
            amount = new { amount, currency = currency },
            paid = new { gateway, receipt = receipt ?? $"r-{id}" },
            at,
            refundedAt
        };

    private static DateTimeOffset Day(DateTimeOffset at) => new(at.UtcDateTime.Date, TimeSpan.Zero);

    private async Task<(int Taken, int Already, string Refused)> Import(string what, params object[] items)
    {
        using var program = payments.Program("import");
        var told = await (await program.PostAsJsonAsync($"/imports/{what}", new { items })).Body(HttpStatusCode.OK);

        return (told["taken"]!.GetValue<int>(), told["already"]!.GetValue<int>(), string.Join(' ', told["refused"]!.AsArray().Select(refused => refused.Text("code"))));
    }

    private async Task<IReadOnlyList<JasperFx.Events.IEvent>> Stored(Guid stream)
    {
        await using var session = payments.Session();

        return await session.Events.FetchStreamAsync(stream, token: TestContext.Current.CancellationToken);
    }
}
