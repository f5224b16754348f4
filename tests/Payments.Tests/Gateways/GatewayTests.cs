using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;

namespace Community.Payments.Tests.Gateways;

/// <summary>What the gateways have in common, through the running service.</summary>
public sealed class GatewayTests(GatewaysService payments) : IClassFixture<GatewaysService>
{
    [Fact]
    public async Task Operators_see_which_gateways_are_set_up_and_live()
    {
        var gateways = (await (await payments.Operator.GetAsync("/gateways")).Body(HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal(
            [("sandbox", true, false), ("alipay", true, true), ("wechatpay", true, true), ("stripe", true, false)],
            gateways.Select(g => (g.Text("gateway"), g!["configured"]!.GetValue<bool>(), g["live"]!.GetValue<bool>())));
        var methods = (await (await payments.Host.Client().GetAsync("/payment-methods")).Body(HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal(
            [("sandbox", false, false), ("alipay", true, true), ("wechatpay", true, true), ("stripe", false, false)],
            methods.Select(m => (m.Text("gateway"), m!["live"]!.GetValue<bool>(), m["qrCode"]!.GetValue<bool>())));
        Assert.DoesNotContain("sk_test", gateways.ToJsonString(), StringComparison.Ordinal);

        foreach (var path in new[] { "/gateways", "/refunds", "/chargebacks", $"/refunds/{PaymentsService.New()}", $"/refunds/{PaymentsService.New()}/history" })
        {
            await (await payments.Member().GetAsync(path)).ShouldBeProblem(HttpStatusCode.Forbidden);
            await (await payments.Host.Client().GetAsync(path)).ShouldBeProblem(HttpStatusCode.Unauthorized);
        }

        foreach (var path in new[] { $"/refunds/{PaymentsService.New()}/attempts", $"/refunds-owed/{PaymentsService.New()}/refund" })
        {
            await (await payments.Member().PostAsync(path, null)).ShouldBeProblem(HttpStatusCode.Forbidden);
            await (await payments.Operator.PostAsync(path, null)).ShouldBeProblem(HttpStatusCode.NotFound);
        }
    }

    [Theory]
    [InlineData("alipay", "redirect")]
    [InlineData("wechatpay", "qrCode")]
    [InlineData("stripe", "redirect")]
    public async Task A_payment_is_started_told_checked_and_counts_once(string gateway, string kind)
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        var (id, started) = (order.Text("orderId"), await GatewaysService.Pay(member, order, gateway));
        Assert.Equal(kind, started["action"].Text("kind"));
        var payment = started.Id("paymentId");

        using var forged = await payments.Tell(gateway, id, payment, 9900, genuine: false);
        await forged.ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        Assert.Equal("placed", (await PaymentsService.Get(member, order)).Text("status"));

        if (gateway == "wechatpay")
        {
            Assert.Equal("FAIL", JsonNode.Parse(await forged.Content.ReadAsStringAsync()).Text("code"));
        }

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => payments.Tell(gateway, id, payment, 9900))))
        {
            Assert.Equal(
                gateway == "alipay" ? (HttpStatusCode.OK, "success") : (HttpStatusCode.NoContent, ""),
                (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        using var paid = await member.GetAsync($"/orders/{id}");
        Assert.Equal("\"3\"", paid.Headers.ETag?.ToString());
        Assert.Equal("paid", (await paid.Body(HttpStatusCode.OK)).Text("status"));
    }

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    public async Task Another_currency_is_not_taken_where_the_gateway_has_only_one(string gateway)
    {
        using var member = payments.Member();
        var order = await payments.Place(member, 500, "USD");
        await (await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway })).ShouldBeProblem(HttpStatusCode.Conflict, "currency-not-taken");
        await (await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway, action = "fax" })).ShouldBeProblem(HttpStatusCode.BadRequest, "validation-failed");
    }

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task Money_that_fits_no_order_is_owed_back_and_sent_back_once(string gateway)
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        var other = await payments.Place(member, 9900, "EUR");
        var tag = $"{PaymentsService.New():N}";

        // Of another amount, in another currency, of an unknown order, and of what is no order at all: each told three times.
        for (var times = 0; times < 3; times++)
        {
            Assert.True((await payments.Tell(gateway, order.Text("orderId"), PaymentsService.New(), 9899, receipt: $"{tag}1")).IsSuccessStatusCode);
            Assert.True((await payments.Tell(gateway, other.Text("orderId"), PaymentsService.New(), 9900, receipt: $"{tag}2")).IsSuccessStatusCode);
            Assert.True((await payments.Tell(gateway, new Guid(tag).ToString(), PaymentsService.New(), 7, receipt: $"{tag}3")).IsSuccessStatusCode);
            Assert.True((await payments.Tell(gateway, $"no order {tag}", new Guid(tag), 8, receipt: $"{tag}4")).IsSuccessStatusCode);
        }

        var owed = await Eventually.Value(() => Owed(tag), all => all.Count >= 4, "all that is owed");
        Assert.Equal(
            [("amountDiffers", 9899), ("amountDiffers", 9900), ("orderUnknown", 7), ("orderUnknown", 8)],
            owed.OrderBy(o => o["receipt"].Text("number")).Select(o => (o.Text("because"), o["amount"]!["amount"]!.GetValue<long>())));
        var orders = owed.Select(o => o.Id("orderId")).ToArray();
        await InLedger(orders, [$"gateway:{gateway} CNY 19814 0", "refunds-owed CNY 0 19814"]);

        foreach (var one in owed)
        {
            var id = one.Id("refundOwedId");
            var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => payments.Operator.PostAsync($"/refunds-owed/{id}/refund", null)));
            Assert.All(answers, answer => Assert.Equal((HttpStatusCode.Created, $"/refunds/{id}"), (answer.StatusCode, answer.Headers.Location?.ToString())));
            var sent = await Refund(id, refund => refund.Text("status") == "sent");
            Assert.True(sent["wasOwed"]!.GetValue<bool>());
            Assert.Equal(1, AskedFor(gateway, id));
        }

        await Eventually.Value(() => Owed(tag), all => all.Count == 0, "nothing to be owed any more");
        await InLedger(orders, [$"gateway:{gateway} CNY 19814 19814", "refunds-owed CNY 19814 19814"]);
        var books = await (await payments.Operator.GetAsync("/ledger/trial-balance")).Body(HttpStatusCode.OK);
        Assert.True(books["balanced"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_refund_waits_for_its_gateway_and_is_sent_once_though_the_answer_got_lost()
    {
        var (order, receipt) = await Bought("stripe");
        payments.Stripe.LoseAnswers(1);
        var id = await Refund(order, 900);
        var waiting = await Refund(id, refund => refund["reason"] is not null);
        Assert.Equal(("requested", 1), (waiting.Text("status"), waiting["attempts"]!.GetValue<int>()));
        Assert.True(DateTimeOffset.Parse(waiting.Text("nextAt"), null) > payments.Now);

        payments.Later(TimeSpan.FromMinutes(2));
        var sent = await Refund(id, refund => refund.Text("status") == "sent");
        Assert.Equal(2, sent["attempts"]!.GetValue<int>());
        Assert.Null(sent["nextAt"]);
        var made = Assert.Single(payments.Stripe.Refunds, refund => refund["metadata"].Text("refundId") == id.ToString());
        Assert.Equal((900, receipt, sent.Text("number")), (made["amount"]!.GetValue<long>(), made.Text("payment_intent"), made.Text("id")));
        var history = (await (await payments.Operator.GetAsync($"/refunds/{id}/history")).Body(HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal(["refund-tried.v1", "refund-put-off.v1", "refund-tried.v1", "refund-sent.v1"], history.Select(item => item.Text("type")));
        await (await payments.Operator.PostAsync($"/refunds/{id}/attempts", null)).ShouldBeProblem(HttpStatusCode.Conflict, "refund-sent");
    }

    [Fact]
    public async Task A_refund_that_the_gateway_refuses_is_seen_and_can_be_tried_again()
    {
        var (order, _) = await Bought("wechatpay");
        payments.WeChat.Instead.Enqueue(() => payments.WeChat.Signed("""{"code":"USER_ACCOUNT_ABNORMAL","message":"closed"}""", HttpStatusCode.Forbidden));
        var id = await Refund(order, 900);
        var failed = await Refund(id, refund => refund.Text("status") == "failed");
        Assert.Equal("403 USER_ACCOUNT_ABNORMAL closed", failed.Text("reason"));
        var list = (await (await payments.Operator.GetAsync("/refunds?status=failed")).Body(HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Contains(list, refund => refund.Id("refundId") == id);

        using var again = await payments.Operator.PostAsync($"/refunds/{id}/attempts", null);
        await again.Body(HttpStatusCode.OK);
        await Refund(id, refund => refund.Text("status") == "sent");

        // Days later it comes back after all.
        var back = $$"""{"mchid":"1230000109","refund_id":"503{{id:N}}","out_refund_no":"{{id:N}}","refund_status":"ABNORMAL"}""";
        Assert.Equal(HttpStatusCode.NoContent, (await payments.TellWeChat(WeChatStandIn.Notification(back, "REFUND.ABNORMAL"))).StatusCode);
        Assert.Equal("ABNORMAL", (await Refund(id, refund => refund.Text("status") == "failed")).Text("reason"));
    }

    [Fact]
    public async Task Many_refunds_at_two_replicas_are_each_asked_for_once()
    {
        var ids = new List<Guid>();

        foreach (var gateway in new[] { "alipay", "wechatpay", "stripe" })
        {
            var (order, _) = await Bought(gateway);
            ids.AddRange(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Refund(order, 10))));
        }

        foreach (var id in ids)
        {
            await Refund(id, refund => refund.Text("status") == "sent");
        }

        Assert.All(ids, id => Assert.Equal(1, new[] { "alipay", "wechatpay", "stripe" }.Sum(gateway => AskedFor(gateway, id))));
    }

    [Fact]
    public async Task A_chargeback_is_seen_with_its_order()
    {
        var (order, receipt) = await Bought("stripe");
        Assert.Equal(HttpStatusCode.NoContent, (await payments.TellStripe(StripeStandIn.Dispute("charge.dispute.created", receipt, 9900, "needs_response"))).StatusCode);
        Assert.Equal("open", (await Chargeback(receipt)).Text("status"));

        for (var times = 0; times < 2; times++)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await payments.TellStripe(StripeStandIn.Dispute("charge.dispute.closed", receipt, 9900, "lost"))).StatusCode);
            Assert.Equal(HttpStatusCode.NoContent, (await payments.TellStripe(StripeStandIn.Dispute("charge.dispute.created", receipt, 9900, "needs_response"))).StatusCode);
        }

        var chargeback = await Chargeback(receipt);
        Assert.Equal(("lost", "stripe", "fraudulent", order.Id("orderId")), (chargeback.Text("status"), chargeback.Text("gateway"), chargeback.Text("reason"), chargeback.Id("orderId")));
    }

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task Where_no_notification_comes_the_gateway_is_asked(string gateway)
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        var payment = await GatewaysService.Pay(member, order, gateway);
        var path = $"/orders/{order.Id("orderId")}/payments/{payment.Id("paymentId")}/inquiry";
        await (await payments.Member().PostAsync(path, null)).ShouldBeProblem(HttpStatusCode.NotFound);
        using var asked = await member.PostAsync(path, null);
        Assert.Equal("paid", (await asked.Body(HttpStatusCode.OK)).Text("status"));
        Assert.Equal("paid", (await PaymentsService.Get(member, order)).Text("status"));
    }

    [Fact]
    public async Task Where_the_gateway_is_away_the_payer_is_told_to_try_again()
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        payments.Stripe.Instead.Enqueue(() => throw new HttpRequestException("no route"));
        using var away = await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway = "stripe" });
        await away.ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "gateway-away");
        Assert.NotNull(away.Headers.RetryAfter);
        await GatewaysService.Pay(member, order, "stripe");
    }

    [Theory]
    [InlineData("KWD", 12_345)] // Stripe wants the last digit to be 0
    [InlineData("MGA", 12_345)] // and ariary without a fraction
    [InlineData("USD", 49)] // less than the least
    [InlineData("USD", 100_000_000)] // more than the most
    public async Task An_amount_that_the_gateway_does_not_take_is_refused_and_never_cut(string currency, long amount)
    {
        using var member = payments.Member();
        var order = await payments.Place(member, amount, currency);
        var path = $"/orders/{order.Id("orderId")}/payments";
        await (await member.PostAsJsonAsync(path, new { gateway = "stripe" })).ShouldBeProblem(HttpStatusCode.Conflict, "amount-not-taken");
        Assert.DoesNotContain(payments.Stripe.Asked, asked => asked.Body.Contains(order.Text("orderId"), StringComparison.Ordinal));
        Assert.Empty((await PaymentsService.Get(member, order))["payments"]!.AsArray());
        await GatewaysService.Pay(member, order, "sandbox");
    }

    [Theory]
    [InlineData("alipay", "ACQ.TOTAL_FEE_EXCEED")]
    [InlineData("wechatpay", "PARAM_ERROR")]
    [InlineData("stripe", "amount_too_small")]
    public async Task What_the_gateway_refuses_for_good_is_no_outage(string gateway, string reason)
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        StandIn standIn = gateway switch { "alipay" => payments.Alipay, "wechatpay" => payments.WeChat, _ => payments.Stripe };
        standIn.Instead.Enqueue(() => gateway switch
        {
            "alipay" => AlipayStandIn.Signed("alipay.trade.precreate", $$"""{"code":"40004","msg":"Business Failed","sub_code":"{{reason}}","sub_msg":"too much"}"""),
            "wechatpay" => payments.WeChat.Signed($$"""{"code":"{{reason}}","message":"no"}""", HttpStatusCode.BadRequest),
            _ => StandIn.Json($$"""{"error":{"type":"invalid_request_error","code":"{{reason}}","message":"Amount must be at least that much"} }""", HttpStatusCode.BadRequest)
        });
        using var refused = await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway, action = "qrCode" });
        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "gateway-refused");
        Assert.Contains(reason, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(refused.Headers.RetryAfter);
        Assert.Equal("failed", Assert.Single((await PaymentsService.Get(member, order))["payments"]!.AsArray()).Text("status"));
        await GatewaysService.Pay(member, order, gateway);
    }

    [Fact]
    public async Task A_question_that_the_gateway_refuses_is_no_outage()
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        var payment = await GatewaysService.Pay(member, order, "wechatpay");
        payments.WeChat.Instead.Enqueue(() => payments.WeChat.Signed("""{"code":"NO_AUTH","message":"not yours"}""", HttpStatusCode.Forbidden));
        using var asked = await member.PostAsync($"/orders/{order.Id("orderId")}/payments/{payment.Id("paymentId")}/inquiry", null);
        await asked.ShouldBeProblem(HttpStatusCode.Conflict, "gateway-refused");
    }

    [Fact]
    public async Task A_price_that_no_gateway_takes_is_refused_where_it_is_set()
    {
        await using var host = await payments.Start(null, ("Gateways:Sandbox:Enabled", "false"));
        using var strict = host.Client(payments.Token(PaymentsService.New(), "member", "operator"));
        object Plan(long amount, string currency) => new { name = "Gold", tier = "gold", price = new { amount, currency }, interval = "month" };

        foreach (var (amount, currency) in new[] { (12_345L, "KWD"), (49L, "USD"), (12_345L, "MGA") })
        {
            await (await strict.PostAsJsonAsync("/plans", Plan(amount, currency))).ShouldBeProblem(HttpStatusCode.Conflict, "amount-not-taken");

            // The sandbox takes any.
            await (await payments.Operator.PostAsJsonAsync("/plans", Plan(amount, currency))).Body(HttpStatusCode.Created);
        }

        await (await strict.PostAsJsonAsync("/plans", Plan(12_340, "KWD"))).Body(HttpStatusCode.Created);
        await (await strict.PostAsJsonAsync("/plans", Plan(1, "CNY"))).Body(HttpStatusCode.Created);
    }

    [Fact]
    public async Task With_a_wrong_key_the_service_does_not_start_and_says_why()
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => payments.Start(payments.Host, ("Gateways:Alipay:PrivateKey", "wrong-and-secret")));
        Assert.Equal(
            "Gateways:Alipay:PrivateKey must be an RSA private key of at least 2048 bits: PEM, or the base64 form of PKCS#8 or PKCS#1.",
            (fault.InnerException ?? fault).Message);
    }

    private int AskedFor(string gateway, Guid refund) => gateway switch
    {
        "alipay" => payments.Alipay.Asked.Count(asked => asked.Body.Contains($"{refund:N}", StringComparison.Ordinal)),
        "wechatpay" => payments.WeChat.Asked.Count(asked => asked.Body.Contains($"{refund:N}", StringComparison.Ordinal)),
        _ => payments.Stripe.Asked.Count(asked => QueryHelpers.ParseQuery(asked.Body).TryGetValue("metadata[refundId]", out var id) && id == refund.ToString())
    };

    private async Task<(JsonNode Order, string Receipt)> Bought(string gateway)
    {
        using var member = payments.Member();
        var order = await payments.Place(member);
        var payment = await GatewaysService.Pay(member, order, gateway);
        var receipt = $"{PaymentsService.New():N}";
        Assert.True((await payments.Tell(gateway, order.Text("orderId"), payment.Id("paymentId"), 9900, receipt: receipt)).IsSuccessStatusCode);

        return (order, receipt);
    }

    private async Task<Guid> Refund(JsonNode order, long amount)
    {
        using var answer = await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount, currency = "CNY" } });

        return (await answer.Body(HttpStatusCode.Created)).Id("refundId");
    }

    private Task<JsonNode> Refund(Guid id, Func<JsonNode, bool> satisfies) => Eventually.Value(
        async () => await (await payments.Operator.GetAsync($"/refunds/{id}")).Body(HttpStatusCode.OK), satisfies, $"the refund {id}");

    private async Task<JsonNode> Chargeback(string receipt) =>
        (await (await payments.Operator.GetAsync("/chargebacks?limit=100")).Body(HttpStatusCode.OK))["items"]!.AsArray().Single(c => c.Text("receipt") == receipt)!;

    /// <summary>What the movements of these orders are in sum: account, currency, debit, credit.</summary>
    private async Task InLedger(Guid[] orders, string[] expected)
    {
        await using var database = NpgsqlDataSource.Create(payments.Host.Database);
        await Eventually.Value(
            async () =>
            {
                await using var select = database.CreateCommand(
                    "select concat_ws(' ', account, currency, sum(debit), sum(credit)) from ledger_postings where order_id = any($1) group by account, currency order by account");
                select.Parameters.Add(new() { Value = orders });
                var sums = new List<string>();
                await using var rows = await select.ExecuteReaderAsync();

                while (await rows.ReadAsync())
                {
                    sums.Add(rows.GetString(0));
                }

                return sums;
            },
            sums => sums.SequenceEqual(expected), $"the ledger to say {string.Join(", ", expected)}");
    }

    private async Task<List<JsonNode>> Owed(string tag) =>
        [.. (await (await payments.Operator.GetAsync("/refunds-owed?limit=100")).Body(HttpStatusCode.OK))["items"]!.AsArray()
            .Where(o => o!["receipt"].Text("number").StartsWith(tag, StringComparison.Ordinal)).Select(o => o!)];
}
