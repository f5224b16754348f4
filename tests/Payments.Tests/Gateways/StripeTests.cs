using System.Net;
using System.Text;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Community.Payments.Tests.Gateways;

public sealed class StripeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Order = PaymentsService.New();
    private static readonly Guid Payment = PaymentsService.New();
    private static readonly PaymentRequest Wish = new(Order, Payment, new Money(9900, "CNY"));
    private static readonly Uri Here = new("http://localhost/");

    [Fact]
    public async Task A_session_is_made_once_and_names_order_and_payment()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        var action = await gateway.Start(Wish, "qrCode", Here, TestContext.Current.CancellationToken).Action();
        Assert.Equal(("redirect", $"https://checkout.stripe.com/c/pay/{Payment}"), (action.Kind, action.Url.AbsoluteUri));
        Assert.Equal(action, await gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken).Action());
        Assert.All(standIn.Asked, asked =>
        {
            var form = QueryHelpers.ParseQuery(asked.Body).ToDictionary(p => p.Key, p => p.Value.ToString());
            Assert.Equal(("POST", "/v1/checkout/sessions", "payment"), (asked.Method, asked.Path, form["mode"]));
            Assert.Equal(("cny", "9900", "1"), (form["line_items[0][price_data][currency]"], form["line_items[0][price_data][unit_amount]"], form["line_items[0][quantity]"]));
            Assert.Equal((Order.ToString(), Order.ToString(), Payment.ToString()), (form["client_reference_id"], form["metadata[orderId]"], form["payment_intent_data[metadata][paymentId]"]));
            Assert.Equal("https://community.example.org/orders", form["success_url"]);
        });
    }

    [Theory]
    [InlineData("JPY", 500, "500")]
    [InlineData("ISK", 500, "50000")]
    [InlineData("KWD", 1230, "1230")]
    [InlineData("MGA", 50000, "500")]
    public async Task Amounts_are_in_the_units_of_stripe(string currency, long amount, string theirs)
    {
        var standIn = new StripeStandIn();
        await StripeStandIn.Gateway(standIn).Start(Wish with { Amount = new(amount, currency) }, null, Here, TestContext.Current.CancellationToken);
        Assert.Equal(theirs, QueryHelpers.ParseQuery(Assert.Single(standIn.Asked).Body)["line_items[0][price_data][unit_amount]"]);
        Assert.Equal(
            new Money(amount, currency),
            Assert.IsType<MoneyReceived>(Read(StripeStandIn.Session("checkout.session.completed", Order.ToString(), Payment, long.Parse(theirs, null), currency))).Amount);
    }

    [Theory]
    [InlineData("KWD", 12_345)]
    [InlineData("MGA", 50_001)]
    [InlineData("USD", 49)]
    [InlineData("HUF", 17_499)]
    [InlineData("USD", 100_000_000)]
    [InlineData("XXX", 100)]
    public async Task What_stripe_does_not_take_is_neither_asked_for_nor_cut(string currency, long amount)
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        var wish = Wish with { Amount = new(amount, currency) };
        Assert.NotNull(gateway.Refuses(wish.Amount));
        Assert.IsType<StartAnswer.Refused>(await gateway.Start(wish, null, Here, TestContext.Current.CancellationToken));
        Assert.IsType<PaymentRefused>(await gateway.Charge(new ChargeRequest(wish, new Receipt("stripe", "pi_1"), false), TestContext.Current.CancellationToken));
        Assert.Empty(standIn.Asked);
    }

    [Fact]
    public async Task Nothing_is_cut_on_its_way_back_or_in()
    {
        var standIn = new StripeStandIn();
        var refund = new RefundRequest(PaymentsService.New(), 0, false, Payment, new Receipt("stripe", "pi_1"), new Money(101, "MGA"), new Money(9900, "MGA"));
        Assert.IsType<RefundAnswer.Refused>(await StripeStandIn.Gateway(standIn).Refund(refund, TestContext.Current.CancellationToken));
        Assert.Empty(standIn.Asked);
        Assert.Equal(new NotUnderstood(), Read(StripeStandIn.Session("checkout.session.completed", Order.ToString(), Payment, 50_050, "isk")));
    }

    [Fact]
    public async Task Where_stripe_is_away_or_refuses_there_is_no_session()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"api_error","message":"oops"}}""", HttpStatusCode.InternalServerError));
        standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"invalid_request_error","message":"Invalid API Key provided"}}""", HttpStatusCode.Unauthorized));
        standIn.Instead.Enqueue(() => StandIn.Json("<html>", HttpStatusCode.BadGateway));
        standIn.Instead.Enqueue(() => throw new HttpRequestException("no route"));

        for (var times = 0; times < 4; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("checkout.session.completed")]
    [InlineData("checkout.session.async_payment_succeeded")]
    public void Only_a_session_that_is_paid_is_money(string type)
    {
        Assert.Equal(
            new MoneyReceived(Order, Payment, "pi_1", new Money(9900, "CNY")), Read(StripeStandIn.Session(type, Order.ToString(), Payment, 9900, intent: "pi_1")));
        Assert.Equal(new NothingNew(), Read(StripeStandIn.Session(type, Order.ToString(), Payment, 9900, status: "unpaid")));
    }

    [Fact]
    public void What_failed_or_expired_is_no_money_and_other_news_is_none()
    {
        Assert.Equal(new PaymentRefused(Order, Payment), Read(StripeStandIn.Session("checkout.session.async_payment_failed", Order.ToString(), Payment, 9900, status: "unpaid")));
        Assert.Equal(new PaymentRefused(Order, Payment), Read(StripeStandIn.Session("checkout.session.expired", Order.ToString(), Payment, 9900, status: "unpaid")));
        Assert.Equal(new NothingNew(), Read(StripeStandIn.Session("charge.succeeded", Order.ToString(), Payment, 9900)));
    }

    [Fact]
    public void What_stripe_did_not_sign_or_long_ago_is_refused()
    {
        var body = StripeStandIn.Session("checkout.session.completed", Order.ToString(), Payment, 9900);
        Assert.Equal(new NotGenuine(), Read(body, StripeStandIn.Signature(body, Noon, "whsec_guessed")));
        Assert.Equal(new NotGenuine(), Read(body, StripeStandIn.Signature(body, Noon.AddSeconds(-301))));
        Assert.Equal(new NotGenuine(), Read(body, StripeStandIn.Signature(body, Noon.AddSeconds(301))));
        Assert.IsType<MoneyReceived>(Read(body, StripeStandIn.Signature(body, Noon.AddSeconds(-299))));
        Assert.Equal(new NotGenuine(), Read(body.Replace("9900", "9901", StringComparison.Ordinal), StripeStandIn.Signature(body, Noon)));
        Assert.All(["", "t=", "t=1", "v1=00", "t=x,v1=00", "t=99999999999999999999,v1=00", "nonsense", ",,,", "t=1,t=1,v1="], header => Assert.Equal(new NotGenuine(), Read(body, header)));

        // While a secret is being changed, they sign by both.
        Assert.IsType<MoneyReceived>(Read(body, $"{StripeStandIn.Signature(body, Noon, "whsec_old")},{StripeStandIn.Signature(body, Noon).Split(',')[1]}"));
    }

    [Fact]
    public void What_is_signed_but_makes_no_sense_is_refused()
    {
        const string Done = "checkout.session.completed";
        string[] bodies =
        [
            "", "{", "null", "[]", "{}", """{"type":"checkout.session.completed"}""", """{"type":"checkout.session.completed","data":{"object":[]}}""",
            """{"type":"charge.dispute.created","data":{"object":{"id":"dp_1"}}}""",
            StripeStandIn.Session(Done, Order.ToString(), Payment, null), StripeStandIn.Session(Done, Order.ToString(), Payment, 0),
            StripeStandIn.Session(Done, Order.ToString(), Payment, -1), StripeStandIn.Session(Done, Order.ToString(), Payment, long.MaxValue),
            StripeStandIn.Session(Done, Order.ToString(), Payment, 1, "yuan"), StripeStandIn.Session(Done, Order.ToString(), Payment, 1, intent: ""),
            StripeStandIn.Session(Done, Order.ToString(), Payment, 1, status: "perhaps")
        ];
        Assert.All(bodies, body => Assert.Equal(new NotUnderstood(), Read(body)));
    }

    [Fact]
    public void Money_for_what_is_no_order_of_ours_has_an_id_of_its_own_always_the_same()
    {
        var told = StripeStandIn.Session("checkout.session.completed", "not one of ours", Payment, 1);
        Assert.Equal(Read(told), Assert.IsType<MoneyReceived>(Read(told)));
        var nothing = told.Replace("\"metadata\":{\"orderId\":\"not one of ours\",\"paymentId\":\"" + Payment + "\"}", "\"metadata\":null", StringComparison.Ordinal)
            .Replace("\"client_reference_id\":\"not one of ours\"", "\"client_reference_id\":null", StringComparison.Ordinal);
        Assert.NotEqual(((MoneyReceived)Read(told)).OrderId, Assert.IsType<MoneyReceived>(Read(nothing)).OrderId);
    }

    [Fact]
    public void Disputes_are_told_with_their_receipt()
    {
        Assert.Equal(new MoneyDisputed("dp_of_pi_1", "pi_1", new(9900, "CNY"), "fraudulent"), Read(StripeStandIn.Dispute("charge.dispute.created", "pi_1", 9900, "needs_response")));
        Assert.Equal(new DisputeEnded("dp_of_pi_1", "pi_1", new(9900, "CNY"), "fraudulent", true), Read(StripeStandIn.Dispute("charge.dispute.closed", "pi_1", 9900, "won")));
        Assert.Equal(new DisputeEnded("dp_of_pi_1", "pi_1", new(9900, "CNY"), "fraudulent", false), Read(StripeStandIn.Dispute("charge.dispute.closed", "pi_1", 9900, "lost")));
    }

    [Fact]
    public async Task A_refund_is_sent_once_also_when_its_key_is_forgotten()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        var refund = new RefundRequest(PaymentsService.New(), 0, false, Payment, new Receipt("stripe", "pi_1"), new Money(100, "CNY"), new Money(9900, "CNY"));
        var sent = Assert.IsType<RefundAnswer.Sent>(await gateway.Refund(refund, TestContext.Current.CancellationToken));
        Assert.Equal(sent, await gateway.Refund(refund, TestContext.Current.CancellationToken));
        Assert.Equal(sent, await gateway.Refund(refund with { IsRepeat = true }, TestContext.Current.CancellationToken));
        Assert.Equal("GET", standIn.Asked.Last().Method);
        var made = Assert.Single(standIn.Refunds);
        Assert.Equal((100, "pi_1"), (made["amount"]!.GetValue<long>(), made.Text("payment_intent")));

        // Refused for certain, it is another request the next time.
        Assert.NotEqual(sent, await gateway.Refund(refund with { Round = 1 }, TestContext.Current.CancellationToken));

        standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"invalid_request_error","code":"charge_already_refunded","message":"Charge has already been refunded."}}""", HttpStatusCode.BadRequest));
        Assert.Equal(new RefundAnswer.Refused("charge_already_refunded"), await gateway.Refund(refund, TestContext.Current.CancellationToken));
        standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"api_error","message":"oops"}}""", HttpStatusCode.InternalServerError));
        standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"invalid_request_error","message":"Too many"}}""", HttpStatusCode.TooManyRequests));

        for (var times = 0; times < 2; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Refund(refund, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void A_refund_that_came_back_is_told()
    {
        var id = PaymentsService.New();
        var body = $$"""{"id":"evt_3","object":"event","type":"refund.failed","data":{"object":{"id":"re_1","object":"refund","failure_reason":"lost_or_stolen_card","metadata":{"refundId":"{{id}}"},"status":"failed"} } }""";
        Assert.Equal(new RefundBounced(id, "re_1", "lost_or_stolen_card"), Read(body));
        Assert.Equal(new NothingNew(), Read(body.Replace("refundId", "other", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_can_be_asked_what_became_of_a_payment()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        Assert.Equal(new NothingNew(), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
        await gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken);
        Assert.Equal(new MoneyReceived(Order, Payment, $"pi_{Payment:N}", new Money(9900, "CNY")), await gateway.Ask(Wish, TestContext.Current.CancellationToken));

        // At the page the payer may still try another card.
        standIn.Intents[0]["status"] = "requires_payment_method";
        Assert.Equal(new NothingNew(), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
        standIn.Intents[0]["status"] = "canceled";
        Assert.Equal(new PaymentRefused(Order, Payment), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_mandate_is_asked_for_only_where_renewals_follow()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        await gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken);
        await gateway.Start(Wish with { PaymentId = PaymentsService.New(), GivesMandate = true }, null, Here, TestContext.Current.CancellationToken);
        var forms = standIn.Asked.Select(asked => QueryHelpers.ParseQuery(asked.Body)).ToList();
        Assert.DoesNotContain("payment_intent_data[setup_future_usage]", forms[0].Keys);
        Assert.DoesNotContain("customer_creation", forms[0].Keys);
        Assert.Equal(("off_session", "always"), (forms[1]["payment_intent_data[setup_future_usage]"].ToString(), forms[1]["customer_creation"].ToString()));
    }

    [Fact]
    public async Task A_charge_takes_what_the_payer_paid_by_and_is_made_once_also_when_its_key_is_forgotten()
    {
        var (standIn, gateway, last) = await WithMandate();
        var charge = Charge(last, new Money(500, "JPY"));
        var money = Assert.IsType<MoneyReceived>(await gateway.Charge(charge, TestContext.Current.CancellationToken));
        Assert.Equal((charge.Payment.OrderId, charge.Payment.PaymentId, new Money(500, "JPY")), (money.OrderId, money.PaymentId, money.Amount));
        var made = Assert.Single(standIn.Intents, intent => intent.Text("id") == money.Number);
        Assert.Equal(($"cus_{Payment}", $"pm_{Payment}", "jpy"), (made.Text("customer"), made.Text("payment_method"), made.Text("currency")));

        Assert.Equal(money, await gateway.Charge(charge, TestContext.Current.CancellationToken));
        standIn.ForgetKeys();
        Assert.Equal(money, await gateway.Charge(charge with { IsRepeat = true }, TestContext.Current.CancellationToken));
        Assert.Equal(2, standIn.Intents.Count);

        // Where nothing is found, nothing was charged.
        var other = Charge(last, new Money(500, "JPY")) with { IsRepeat = true };
        Assert.IsType<MoneyReceived>(await gateway.Charge(other, TestContext.Current.CancellationToken));

        // And the next one by the last: it has both as well.
        Assert.IsType<MoneyReceived>(await gateway.Charge(Charge(new Receipt("stripe", money.Number), new Money(1, "CNY")), TestContext.Current.CancellationToken));
        Assert.All(standIn.Intents, intent => Assert.Equal($"cus_{Payment}", intent.Text("customer")));
    }

    [Fact]
    public async Task A_charge_is_refused_or_to_come_or_unknown()
    {
        var (standIn, gateway, last) = await WithMandate();
        var declined = Charge(last);
        standIn.Banks.Enqueue("requires_payment_method");
        Assert.Equal(Refused(declined), await gateway.Charge(declined, TestContext.Current.CancellationToken));
        Assert.Equal(Refused(declined), await gateway.Charge(declined with { IsRepeat = true }, TestContext.Current.CancellationToken));
        standIn.Banks.Enqueue("requires_action");
        Assert.Equal(Refused(declined = Charge(last)), await gateway.Charge(declined, TestContext.Current.CancellationToken));

        var slow = Charge(last);
        standIn.Banks.Enqueue("processing");
        Assert.Equal(new NothingNew(), await gateway.Charge(slow, TestContext.Current.CancellationToken));
        Assert.Equal(new NothingNew(), await gateway.Charge(slow with { IsRepeat = true }, TestContext.Current.CancellationToken));
        var told = standIn.Intents.Single(intent => intent["metadata"].Text("paymentId") == slow.Payment.PaymentId.ToString());
        told["amount_received"] = 9900;
        Assert.Equal(new MoneyReceived(slow.Payment.OrderId, slow.Payment.PaymentId, told.Text("id"), new Money(9900, "CNY")), Read(StripeStandIn.Told("payment_intent.succeeded", told)));
        Assert.Equal(Refused(slow), Read(StripeStandIn.Told("payment_intent.payment_failed", told)));

        // Who paid before a mandate was asked for, or whose card is gone.
        var page = new PaymentRequest(PaymentsService.New(), PaymentsService.New(), new Money(100, "CNY"));
        await gateway.Start(page, null, Here, TestContext.Current.CancellationToken);
        var without = Charge(new Receipt("stripe", $"pi_{page.PaymentId:N}"));
        Assert.Equal(Refused(without), await gateway.Charge(without, TestContext.Current.CancellationToken));
        Assert.Equal(Refused(without), await gateway.Charge(without with { Last = new Receipt("stripe", "pi_of_another_account") }, TestContext.Current.CancellationToken));

        foreach (var away in new[] { HttpStatusCode.InternalServerError, HttpStatusCode.TooManyRequests, HttpStatusCode.Conflict, HttpStatusCode.Unauthorized })
        {
            standIn.Instead.Enqueue(() => StandIn.Json("""{"error":{"type":"api_error","message":"oops"}}""", away));
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Charge(Charge(last), TestContext.Current.CancellationToken));
        }

        // Another body under the same key says nothing of the first.
        var charged = Charge(last);
        await gateway.Charge(charged, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<GatewayAwayException>(
            () => gateway.Charge(charged with { Payment = charged.Payment with { Amount = new Money(1, "CNY") } }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_told_of_intents_matters_only_where_they_are_charged_by_a_mandate()
    {
        var (standIn, _, _) = await WithMandate();
        var page = Assert.Single(standIn.Intents);
        Assert.Equal(new NothingNew(), Read(StripeStandIn.Told("payment_intent.succeeded", page)));
        Assert.Equal(new NothingNew(), Read(StripeStandIn.Told("payment_intent.payment_failed", page)));
        page["metadata"]!["byMandate"] = "true";
        Assert.IsType<MoneyReceived>(Read(StripeStandIn.Told("payment_intent.succeeded", page)));
        page["amount_received"] = 0;
        Assert.Equal(new NotUnderstood(), Read(StripeStandIn.Told("payment_intent.succeeded", page)));
    }

    private static async Task<(StripeStandIn StandIn, StripeCheckout Gateway, Receipt Last)> WithMandate()
    {
        var standIn = new StripeStandIn();
        var gateway = StripeStandIn.Gateway(standIn);
        await gateway.Start(Wish with { GivesMandate = true }, null, Here, TestContext.Current.CancellationToken);

        return (standIn, gateway, new Receipt("stripe", $"pi_{Payment:N}"));
    }

    private static ChargeRequest Charge(Receipt last, Money? amount = null) =>
        new(new PaymentRequest(PaymentsService.New(), PaymentsService.New(), amount ?? new Money(9900, "CNY")), last, IsRepeat: false);

    private static PaymentRefused Refused(ChargeRequest charge) => new(charge.Payment.OrderId, charge.Payment.PaymentId);

    private static Notification Read(string body, string? signature = null) => StripeStandIn.Gateway(clock: new At(Noon)).Read(
        new HeaderDictionary { ["Stripe-Signature"] = signature ?? StripeStandIn.Signature(body, Noon) }, Encoding.UTF8.GetBytes(body));

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
