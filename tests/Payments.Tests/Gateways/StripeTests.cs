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
        var action = await gateway.Start(Wish, "qrCode", Here, TestContext.Current.CancellationToken);
        Assert.Equal(("redirect", $"https://checkout.stripe.com/c/pay/{Payment}"), (action.Kind, action.Url.AbsoluteUri));
        Assert.Equal(action, await gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken));
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
        Assert.Equal(new MoneyReceived(Order, Payment, "pi_found", new Money(9900, "CNY")), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
        Assert.Contains(Payment.ToString(), WebUtility.UrlDecode(Assert.Single(standIn.Asked).Path), StringComparison.Ordinal);
        standIn.Instead.Enqueue(() => StandIn.Json("""{"object":"search_result","url":"/v1/payment_intents/search","has_more":false,"data":[]}"""));
        Assert.Equal(new NothingNew(), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
    }

    private static Notification Read(string body, string? signature = null) => StripeStandIn.Gateway(clock: new At(Noon)).Read(
        new HeaderDictionary { ["Stripe-Signature"] = signature ?? StripeStandIn.Signature(body, Noon) }, Encoding.UTF8.GetBytes(body));

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
