using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Microsoft.AspNetCore.Http;

namespace Community.Payments.Tests.Gateways;

public sealed class WeChatPayTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Order = PaymentsService.New();
    private static readonly Guid Payment = PaymentsService.New();
    private static readonly PaymentRequest Wish = new(Order, Payment, new Money(9900, "CNY"));
    private static readonly Uri Here = new("http://localhost/");
    private static readonly string Paid = WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900, number: "4200"));

    [Fact]
    public async Task A_native_order_gives_a_code_to_scan()
    {
        var standIn = new WeChatStandIn();
        var action = await WeChatStandIn.Gateway(standIn).Start(Wish, "redirect", Here, TestContext.Current.CancellationToken).Action();
        Assert.Equal(("qrCode", "weixin://wxpay/bizpayurl?pr=NwY5Mz9&groupid=00"), (action.Kind, action.Url.OriginalString));
        var request = JsonNode.Parse(Assert.Single(standIn.Asked).Body)!;
        Assert.Equal(
            ("wxd678efh567hg6787", "1230000109", Payment.ToString("N"), Order.ToString(), "https://pay.example.org/webhooks/wechatpay", """{"total":9900,"currency":"CNY"}"""),
            (request.Text("appid"), request.Text("mchid"), request.Text("out_trade_no"), request.Text("attach"), request.Text("notify_url"), request["amount"]!.ToJsonString()));
    }

    [Fact]
    public async Task An_answer_that_the_platform_did_not_sign_is_none()
    {
        var standIn = new WeChatStandIn();
        var gateway = WeChatStandIn.Gateway(standIn);
        standIn.Instead.Enqueue(() => standIn.Signed("""{"code_url":"weixin://wxpay/evil"}""", key: WeChatStandIn.Merchant));
        standIn.Instead.Enqueue(() => StandIn.Json("""{"code_url":"weixin://wxpay/evil"}"""));
        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"SYSTEM_ERROR","message":"again"}""", HttpStatusCode.InternalServerError));
        standIn.Instead.Enqueue(() => standIn.Signed("[]"));
        standIn.Instead.Enqueue(() => throw new HttpRequestException("no route"));

        for (var times = 0; times < 5; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Start(Wish, null, Here, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Money_is_told_by_a_signed_and_encrypted_notification() =>
        Assert.Equal(new MoneyReceived(Order, Payment, "4200", new Money(9900, "CNY")), Read(Paid));

    [Theory]
    [InlineData("CLOSED", true)]
    [InlineData("REVOKED", true)]
    [InlineData("PAYERROR", true)]
    [InlineData("NOTPAY", false)]
    [InlineData("USERPAYING", false)]
    [InlineData("REFUND", false)]
    public void What_failed_or_waits_is_no_money(string state, bool failed)
    {
        Notification expected = failed ? new PaymentRefused(Order, Payment) : new NothingNew();
        Assert.Equal(expected, Read(WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900, state: state))));
    }

    [Fact]
    public void What_the_platform_did_not_sign_or_long_ago_is_refused()
    {
        Assert.Equal(new NotGenuine(), Read(Paid, WeChatStandIn.Headers(Paid, Noon, key: WeChatStandIn.Merchant)));
        Assert.Equal(new NotGenuine(), Read(Paid, WeChatStandIn.Headers(Paid, Noon, serial: "PUB_KEY_ID_OTHER")));
        Assert.Equal(new NotGenuine(), Read(Paid, WeChatStandIn.Headers(Paid, Noon.AddSeconds(-301))));
        Assert.Equal(new NotGenuine(), Read(Paid, WeChatStandIn.Headers(Paid, Noon.AddSeconds(301))));
        Assert.IsType<MoneyReceived>(Read(Paid, WeChatStandIn.Headers(Paid, Noon.AddSeconds(-299))));
        Assert.Equal(new NotGenuine(), Read(Paid + " ", WeChatStandIn.Headers(Paid, Noon)));
        Assert.Equal(new NotGenuine(), Read(Paid, []));
        Assert.Equal(new NotGenuine(), Read(Paid, new(WeChatStandIn.Headers(Paid, Noon)) { ["Wechatpay-Nonce"] = "other" }));
        Assert.Equal(new NotGenuine(), Read(Paid, new(WeChatStandIn.Headers(Paid, Noon)) { ["Wechatpay-Timestamp"] = "99999999999999999999" }));

        // How they probe that signatures are checked.
        Assert.Equal(new NotGenuine(), Read(Paid, new(WeChatStandIn.Headers(Paid, Noon)) { ["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/AAAA" }));
    }

    [Fact]
    public void What_is_meant_for_another_merchant_or_app_is_not_ours()
    {
        Assert.Equal(new NotOurs(), Read(WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900, merchant: "1230000110"))));
        Assert.Equal(new NotOurs(), Read(WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900, app: "wx0"))));
        Assert.Equal(new NotOurs(), Read(WeChatStandIn.Notification("""{"mchid":"1","refund_status":"ABNORMAL"}""", "REFUND.ABNORMAL")));
    }

    [Fact]
    public void What_is_signed_but_makes_no_sense_is_refused()
    {
        string[] bodies =
        [
            "", "{", "null", "[]", "{}", """{"resource":{}}""", """{"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","nonce":"fdasflkja484"}}""",
            """{"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"no base64","nonce":"fdasflkja484"}}""",
            """{"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","nonce":"short"}}""",
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900), algorithm: "NONE"),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 9900), secret: "another APIv3 key 32 characters!"),
            WeChatStandIn.Notification("null"), WeChatStandIn.Notification("no json"),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 0)),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, -1)),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, long.MaxValue)),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 1, "yuan")),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 1, number: "")),
            WeChatStandIn.Notification(WeChatStandIn.Transaction(Order.ToString(), Payment, 1, state: "ODD"))
        ];
        Assert.All(bodies, body => Assert.Equal(new NotUnderstood(), Read(body)));
    }

    [Fact]
    public void Money_for_what_is_no_order_of_ours_has_an_id_of_its_own_always_the_same()
    {
        var told = WeChatStandIn.Notification(WeChatStandIn.Transaction("not one of ours", Payment, 1, "HKD"));
        var first = Assert.IsType<MoneyReceived>(Read(told));
        Assert.Equal(first, Read(told));
        Assert.Equal(new Money(1, "HKD"), first.Amount);
        Assert.NotEqual(first.OrderId, Assert.IsType<MoneyReceived>(Read(WeChatStandIn.Notification(WeChatStandIn.Transaction("", Payment, 1)))).OrderId);
    }

    [Fact]
    public async Task A_refund_is_sent_under_its_id_and_may_come_back()
    {
        var standIn = new WeChatStandIn();
        var gateway = WeChatStandIn.Gateway(standIn);
        var refund = new RefundRequest(PaymentsService.New(), 0, false, Payment, new Receipt("wechatpay", "4200"), new Money(100, "CNY"), new Money(9900, "CNY"));
        Assert.Equal(new RefundAnswer.Sent($"503{refund.RefundId:N}"), await gateway.Refund(refund, TestContext.Current.CancellationToken));
        var request = JsonNode.Parse(Assert.Single(standIn.Asked).Body)!;
        Assert.Equal(
            ("4200", refund.RefundId.ToString("N"), """{"refund":100,"total":9900,"currency":"CNY"}"""),
            (request.Text("transaction_id"), request.Text("out_refund_no"), request["amount"]!.ToJsonString()));

        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"RESOURCE_NOT_EXISTS","message":"no such order"}""", HttpStatusCode.NotFound));
        Assert.Equal(new RefundAnswer.Refused("404 RESOURCE_NOT_EXISTS no such order"), await gateway.Refund(refund, TestContext.Current.CancellationToken));
        standIn.Instead.Enqueue(() => standIn.Signed("""{"refund_id":"1","status":"ABNORMAL"}"""));
        Assert.Equal(new RefundAnswer.Refused("ABNORMAL"), await gateway.Refund(refund, TestContext.Current.CancellationToken));

        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"SYSTEM_ERROR","message":"again"}""", HttpStatusCode.InternalServerError));
        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"FREQUENCY_LIMITED","message":"slower"}""", HttpStatusCode.TooManyRequests));
        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"NOT_ENOUGH","message":"top up"}""", HttpStatusCode.Forbidden));
        standIn.Instead.Enqueue(() => StandIn.Json("""{"code":"RESOURCE_NOT_EXISTS","message":"made up"}""", HttpStatusCode.NotFound));

        for (var times = 0; times < 4; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Refund(refund, TestContext.Current.CancellationToken));
        }

        var back = $$"""{"mchid":"1230000109","transaction_id":"4200","out_trade_no":"{{Payment:N}}","refund_id":"503","out_refund_no":"{{refund.RefundId:N}}","refund_status":"ABNORMAL","amount":{"total":9900,"refund":100} }""";
        Assert.Equal(new RefundBounced(refund.RefundId, "503", "ABNORMAL"), Read(WeChatStandIn.Notification(back, "REFUND.ABNORMAL")));
        Assert.Equal(new NothingNew(), Read(WeChatStandIn.Notification(back.Replace("ABNORMAL", "SUCCESS", StringComparison.Ordinal), "REFUND.SUCCESS")));
        Assert.Equal(new NothingNew(), Read(WeChatStandIn.Notification(back.Replace($"{refund.RefundId:N}", "by hand", StringComparison.Ordinal), "REFUND.CLOSED")));
    }

    [Fact]
    public async Task It_can_be_asked_what_became_of_a_payment()
    {
        var standIn = new WeChatStandIn();
        var gateway = WeChatStandIn.Gateway(standIn);
        Assert.Equal(new MoneyReceived(Order, Payment, $"42{Payment:N}", new Money(9900, "CNY")), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
        Assert.Equal($"/v3/pay/transactions/out-trade-no/{Payment:N}?mchid=1230000109", Assert.Single(standIn.Asked).Path);
        standIn.Instead.Enqueue(() => standIn.Signed("""{"code":"ORDER_NOT_EXIST","message":"none"}""", HttpStatusCode.NotFound));
        Assert.Equal(new NothingNew(), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
    }

    private static Notification Read(string body, Dictionary<string, string>? headers = null)
    {
        var given = new HeaderDictionary();

        foreach (var (name, value) in headers ?? WeChatStandIn.Headers(body, Noon))
        {
            given[name] = value;
        }

        return WeChatStandIn.Gateway(clock: new At(Noon)).Read(given, Encoding.UTF8.GetBytes(body));
    }

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
