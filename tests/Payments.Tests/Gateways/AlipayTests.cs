using System.Net;
using System.Security.Cryptography;
using System.Text;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Microsoft.AspNetCore.Http;

namespace Community.Payments.Tests.Gateways;

public sealed class AlipayTests
{
    private static readonly Guid Order = PaymentsService.New();
    private static readonly Guid Payment = PaymentsService.New();
    private static readonly PaymentRequest Wish = new(Order, Payment, new Money(9900, "CNY"));
    private static readonly Uri Here = new("http://localhost/");

    [Fact]
    public async Task A_page_to_pay_at_is_a_signed_address()
    {
        var action = await AlipayStandIn.Gateway().Start(Wish, null, Here, TestContext.Current.CancellationToken).Action();
        Assert.Equal("redirect", action.Kind);
        Assert.StartsWith("https://openapi.alipay.com/gateway.do?", action.Url.AbsoluteUri, StringComparison.Ordinal);
        var request = AlipayStandIn.Checked(action.Url.Query);
        Assert.Equal(("alipay.trade.page.pay", "https://pay.example.org/webhooks/alipay"), (request.Text("method"), request.Text("notify_url")));
        Assert.Equal(
            ("99.00", Payment.ToString("N"), "FAST_INSTANT_TRADE_PAY", Order.ToString()),
            (request["biz_content"].Text("total_amount"), request["biz_content"].Text("out_trade_no"), request["biz_content"].Text("product_code"), request["biz_content"].Text("passback_params")));
    }

    [Fact]
    public async Task A_code_to_scan_is_asked_for_and_its_answer_checked()
    {
        var standIn = new AlipayStandIn();
        var gateway = AlipayStandIn.Gateway(standIn);
        var action = await gateway.Start(Wish, "qrCode", Here, TestContext.Current.CancellationToken).Action();
        Assert.Equal(("qrCode", "https://qr.alipay.com/bavh4wjlxf12tper3a"), (action.Kind, action.Url.AbsoluteUri));

        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.precreate", """{"code":"10000","qr_code":"https://qr.example.org/"}""", AlipayStandIn.App));
        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.precreate", """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.SYSTEM_ERROR"}"""));
        standIn.Instead.Enqueue(() => StandIn.Json("<html>"));
        standIn.Instead.Enqueue(() => StandIn.Json("[]"));
        standIn.Instead.Enqueue(() => StandIn.Json("", HttpStatusCode.BadGateway));
        standIn.Instead.Enqueue(() => throw new HttpRequestException("no route"));

        for (var times = 0; times < 6; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Start(Wish, "qrCode", Here, TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("TRADE_SUCCESS")]
    [InlineData("TRADE_FINISHED")]
    public void Money_is_told_by_a_signed_notification(string status) => Assert.Equal(
        new MoneyReceived(Order, Payment, "20260501", new Money(9900, "CNY")),
        Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", status, "20260501")));

    [Fact]
    public async Task What_alipay_says_in_gbk_is_understood()
    {
        var gbk = CodePagesEncodingProvider.Instance.GetEncoding("GBK")!;
        var form = AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", trade: "20260501", change: told => told["charset"] = "GBK");
        form["sign"] = Convert.ToBase64String(AlipayStandIn.Platform.SignData(
            gbk.GetBytes(string.Join('&', form.Where(p => p.Key is not ("sign" or "sign_type")).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"))),
            HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var body = string.Join('&', form.Select(p => $"{p.Key}={string.Concat(gbk.GetBytes(p.Value).Select(b => b == ' ' ? "+" : $"%{b:X2}"))}"));
        Assert.Equal(new MoneyReceived(Order, Payment, "20260501", new Money(9900, "CNY")), Read(body));
        Assert.Equal(new NotGenuine(), Read(body.Replace("%B6%A9", "%B6%AA", StringComparison.Ordinal))); // another word in the subject

        // And its answers, whatever was asked for.
        var standIn = new AlipayStandIn();
        standIn.Instead.Enqueue(() =>
        {
            const string Answer = """{"code":"10000","msg":"成功","out_trade_no":"1","qr_code":"https://qr.alipay.com/gbk"}""";
            var sign = Convert.ToBase64String(AlipayStandIn.Platform.SignData(gbk.GetBytes(Answer), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            var content = new ByteArrayContent(gbk.GetBytes($$"""{"alipay_trade_precreate_response":{{Answer}},"sign":"{{sign}}"}"""));
            content.Headers.ContentType = new("text/html") { CharSet = "GBK" };

            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        });
        var started = await AlipayStandIn.Gateway(standIn).Start(Wish, "qrCode", Here, TestContext.Current.CancellationToken);
        Assert.Contains("https://qr.alipay.com/gbk", $"{started}", StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_closed_or_waits_is_no_money()
    {
        Assert.Equal(new PaymentRefused(Order, Payment), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", "TRADE_CLOSED")));
        Assert.Equal(new NothingNew(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", "WAIT_BUYER_PAY")));
    }

    [Fact]
    public void What_alipay_did_not_sign_is_refused()
    {
        var genuine = AlipayStandIn.Notification(Order.ToString(), Payment, "99.00");
        Assert.Equal(new NotGenuine(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", key: AlipayStandIn.App)));
        Assert.Equal(new NotGenuine(), Read(new Dictionary<string, string>(genuine) { ["total_amount"] = "990.00" }));
        Assert.Equal(new NotGenuine(), Read(new Dictionary<string, string>(genuine) { ["more"] = "1" }));
        Assert.Equal(new NotGenuine(), Read(new Dictionary<string, string>(genuine) { ["sign"] = "" }));
        Assert.Equal(new NotGenuine(), Read(new Dictionary<string, string>(genuine) { ["sign"] = "not base64" }));
        Assert.Equal(new NotGenuine(), Read(new Dictionary<string, string>(genuine) { ["sign_type"] = "RSA" }));
        Assert.Equal(new NotGenuine(), Read(genuine.Where(p => p.Key != "subject").ToDictionary()));
        Assert.Equal(new NotGenuine(), Read($"{AlipayStandIn.Form(genuine)}&total_amount=1.00"));
        Assert.Equal(new NotGenuine(), Read(""));
        Assert.Equal(new NotGenuine(), Read("{}"));
    }

    [Fact]
    public void What_is_meant_for_another_app_or_seller_is_not_ours()
    {
        Assert.Equal(new NotOurs(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", change: form => form["app_id"] = "2021000000000002")));
        Assert.Equal(new NotOurs(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", change: form => form["seller_id"] = "2088000000000002")));
        Assert.Equal(new NotOurs(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", change: form => form.Remove("seller_id"))));
    }

    [Theory]
    [InlineData("99.001")]
    [InlineData("-1.00")]
    [InlineData("0.00")]
    [InlineData("1e3")]
    [InlineData("1,00")]
    [InlineData("99.")]
    [InlineData(".99")]
    [InlineData("")]
    [InlineData("99999999999999999999.00")]
    [InlineData("9999999999999.00", true)]
    [InlineData("٣.00")]
    public void What_is_signed_but_makes_no_sense_is_refused(string amount, bool tooMuchOnlyForUs = false)
    {
        var read = Read(AlipayStandIn.Notification(Order.ToString(), Payment, amount));
        Assert.True(tooMuchOnlyForUs ? read is MoneyReceived : read is NotUnderstood, $"{read}");
        Assert.Equal(new NotUnderstood(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", "TRADE_ODD")));
        Assert.Equal(new NotUnderstood(), Read(AlipayStandIn.Notification(Order.ToString(), Payment, "99.00", trade: "")));
    }

    [Fact]
    public void Money_for_what_is_no_order_of_ours_has_an_id_of_its_own_always_the_same()
    {
        var first = Assert.IsType<MoneyReceived>(Read(AlipayStandIn.Notification("not one of ours", Payment, "1")));
        var again = Assert.IsType<MoneyReceived>(Read(AlipayStandIn.Notification("not one of ours", Payment, "1")));
        var other = Assert.IsType<MoneyReceived>(Read(AlipayStandIn.Notification("another", Payment, "0.1")));
        var none = Assert.IsType<MoneyReceived>(Read(AlipayStandIn.Notification("", Payment, "0.01")));
        Assert.Equal(first, again);
        Assert.Equal(4, new[] { first.OrderId, other.OrderId, none.OrderId, Payment }.Distinct().Count());
        Assert.Equal([100, 10, 1], [first.Amount.Amount, other.Amount.Amount, none.Amount.Amount]);
    }

    [Theory]
    [InlineData(1, "0.01")]
    [InlineData(10, "0.10")]
    [InlineData(9900, "99.00")]
    [InlineData(Money.Most, "90071992547409.91")]
    public void Amounts_are_yuan_to_the_fen(long fen, string yuan) => Assert.Equal(yuan, Alipay.Yuan(new Money(fen, "CNY")));

    [Fact]
    public async Task A_refund_is_sent_once_under_its_id()
    {
        var standIn = new AlipayStandIn();
        var gateway = AlipayStandIn.Gateway(standIn);
        var refund = new RefundRequest(PaymentsService.New(), 0, false, Payment, new Receipt("alipay", "T1"), new Money(1, "CNY"), new Money(9900, "CNY"));
        Assert.IsType<RefundAnswer.Sent>(await gateway.Refund(refund, TestContext.Current.CancellationToken));
        Assert.Equal(await gateway.Refund(refund, TestContext.Current.CancellationToken), await gateway.Refund(refund with { IsRepeat = true }, TestContext.Current.CancellationToken));
        Assert.All(standIn.Asked, asked =>
        {
            var request = AlipayStandIn.Checked(asked.Body);
            Assert.Equal(
                ("alipay.trade.refund", "T1", "0.01", refund.RefundId.ToString("N")),
                (request.Text("method"), request["biz_content"].Text("trade_no"), request["biz_content"].Text("refund_amount"), request["biz_content"].Text("out_request_no")));
        });

        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.refund", """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_STATUS_ERROR","sub_msg":"closed"}"""));
        Assert.Equal(new RefundAnswer.Refused("40004 ACQ.TRADE_STATUS_ERROR closed"), await gateway.Refund(refund, TestContext.Current.CancellationToken));

        // Not known what came of it, or not said by Alipay.
        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.refund", """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.SYSTEM_ERROR"}"""));
        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.refund", """{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error"}"""));
        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.refund", """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_STATUS_ERROR"}""", AlipayStandIn.App));

        for (var times = 0; times < 3; times++)
        {
            await Assert.ThrowsAsync<GatewayAwayException>(() => gateway.Refund(refund, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task It_can_be_asked_what_became_of_a_payment()
    {
        var standIn = new AlipayStandIn();
        var gateway = AlipayStandIn.Gateway(standIn);
        Assert.Equal(new MoneyReceived(Order, Payment, $"T{Payment:N}", new Money(9900, "CNY")), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
        standIn.Instead.Enqueue(() => AlipayStandIn.Signed("alipay.trade.query", """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST"}"""));
        Assert.Equal(new NothingNew(), await gateway.Ask(Wish, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void It_takes_yuan_only_and_is_answered_by_success()
    {
        var gateway = AlipayStandIn.Gateway();
        Assert.Null(gateway.Refuses(new Money(1, "CNY")));
        Assert.Null(gateway.Refuses(new Money(10_000_000_000, "CNY")));
        Assert.Equal("amount-not-taken", gateway.Refuses(new Money(10_000_000_001, "CNY"))?.Code);
        Assert.Equal("currency-not-taken", gateway.Refuses(new Money(1, "USD"))?.Code);
        Assert.Equal("success", ((IGateway)gateway).Thanks);
    }

    private static Notification Read(Dictionary<string, string> form) => Read(AlipayStandIn.Form(form));

    private static Notification Read(string form) => AlipayStandIn.Gateway().Read(new HeaderDictionary(), Encoding.UTF8.GetBytes(form));
}
