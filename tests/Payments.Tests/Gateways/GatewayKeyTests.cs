using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Community.Payments.Gateways;
using Community.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Community.Payments.Tests.Gateways;

/// <summary>Gateways change their keys, and for a while there are two.</summary>
public sealed class GatewayKeyTests(GatewaysService payments) : IClassFixture<GatewaysService>
{
    private const string Certificate = "7132D72A03E93CDDF8C03BBD1F37EEDF00000000";
    private static readonly RSA Other = RSA.Create(2048);

    [Fact]
    public void While_wechat_pay_changes_its_key_both_are_taken_each_by_its_id()
    {
        var gateway = (WeChatPay)Make("WeChatPay", ($"Gateways:WeChatPay:PlatformPublicKeys:{Certificate}", Other.ExportSubjectPublicKeyInfoPem()));
        var body = WeChatStandIn.Notification(WeChatStandIn.Transaction(PaymentsService.New().ToString(), PaymentsService.New(), 9900));
        Assert.IsType<MoneyReceived>(Read(gateway, body, WeChatStandIn.Headers(body, PaymentsService.Now)));
        Assert.IsType<MoneyReceived>(Read(gateway, body, WeChatStandIn.Headers(body, PaymentsService.Now, Other, Certificate)));

        // Under the id of one, by the key of the other.
        Assert.IsType<NotGenuine>(Read(gateway, body, WeChatStandIn.Headers(body, PaymentsService.Now, Other)));
        Assert.IsType<NotGenuine>(Read(gateway, body, WeChatStandIn.Headers(body, PaymentsService.Now, serial: Certificate)));
    }

    [Fact]
    public async Task Answers_of_wechat_pay_too_are_taken_by_either_key()
    {
        using var standIn = new WeChatStandIn();
        var gateway = new WeChatPay(
            Settings("WeChatPay", ($"Gateways:WeChatPay:PlatformPublicKeys:{Certificate}", Other.ExportSubjectPublicKeyInfoPem())),
            () => new HttpClient(standIn, disposeHandler: false), TimeProvider.System);
        standIn.Instead.Enqueue(() =>
        {
            var answer = StandIn.Json("""{"code_url":"weixin://wxpay/by-the-other"}""");

            foreach (var (name, value) in WeChatStandIn.Headers("""{"code_url":"weixin://wxpay/by-the-other"}""", PaymentsService.Now, Other, Certificate))
            {
                answer.Headers.Add(name, value);
            }

            return answer;
        });
        var wish = new PaymentRequest(PaymentsService.New(), PaymentsService.New(), new Money(9900, "CNY"));
        Assert.Contains("by-the-other", $"{await gateway.Start(wish, null, new Uri("http://localhost/"), TestContext.Current.CancellationToken)}", StringComparison.Ordinal);
    }

    [Fact]
    public void What_wechat_pay_encrypted_by_the_former_secret_is_read()
    {
        const string Former = "the former APIv3 key, as long !!";
        var gateway = Make("WeChatPay", ("Gateways:WeChatPay:ApiV3Keys:former", Former));
        var body = WeChatStandIn.Notification(WeChatStandIn.Transaction(PaymentsService.New().ToString(), PaymentsService.New(), 9900), secret: Former);
        Assert.IsType<MoneyReceived>(Read(gateway, body, WeChatStandIn.Headers(body, PaymentsService.Now)));
    }

    [Fact]
    public void While_alipay_changes_its_key_both_are_taken()
    {
        var gateway = Make("Alipay", ("Gateways:Alipay:AlipayPublicKeys:next", Other.ExportSubjectPublicKeyInfoPem()));

        foreach (var (key, taken) in new[] { (AlipayStandIn.Platform, true), (Other, true), (AlipayStandIn.App, false) })
        {
            var body = AlipayStandIn.Form(AlipayStandIn.Notification(PaymentsService.New().ToString(), PaymentsService.New(), "99.00", key: key));
            Assert.Equal(taken, Read(gateway, body, []) is MoneyReceived);
        }
    }

    [Fact]
    public void While_stripe_s_secret_is_rolled_both_are_taken()
    {
        var gateway = Make("Stripe", ("Gateways:Stripe:WebhookSecrets:we_2", "whsec_next"));
        var body = StripeStandIn.Session("checkout.session.completed", PaymentsService.New().ToString(), PaymentsService.New(), 9900);

        foreach (var (secret, taken) in new[] { (StripeStandIn.Secret, true), ("whsec_next", true), ("whsec_guessed", false) })
        {
            Assert.Equal(taken, Read(gateway, body, new() { ["Stripe-Signature"] = StripeStandIn.Signature(body, PaymentsService.Now, secret) }) is MoneyReceived);
        }
    }

    [Theory]
    [InlineData("WeChatPay", "PlatformPublicKeys")]
    [InlineData("WeChatPay", "ApiV3Keys")]
    [InlineData("Alipay", "AlipayPublicKeys")]
    [InlineData("Stripe", "WebhookSecrets")]
    public void A_further_key_that_is_wrong_is_named(string gateway, string setting) => Assert.StartsWith(
        $"Gateways:{gateway}:{setting}:more must be ",
        Assert.Throws<InvalidOperationException>(() => Make(gateway, ($"Gateways:{gateway}:{setting}:more", "wrong-and-secret"))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Keys_are_read_again_while_the_service_runs_and_what_is_wrong_changes_nothing()
    {
        var file = Path.Combine(Path.GetTempPath(), $"gateways-{PaymentsService.New():N}.json");

        try
        {
            await Write(new { });
            await using var host = await payments.Start(null, ("Gateways:SettingsFile", file));
            Assert.Equal(HttpStatusCode.Unauthorized, await Told(host, "whsec_next"));

            await Write(new { Gateways = new { Stripe = new { WebhookSecrets = new { we_2 = "whsec_next" } } } });
            await Eventually.Value(() => Told(host, "whsec_next"), status => status == HttpStatusCode.NoContent, "the next secret to be taken");
            Assert.Equal(HttpStatusCode.NoContent, await Told(host, StripeStandIn.Secret));

            // A mistake is seen, and what was right goes on.
            await Write(new { Gateways = new { Stripe = new { WebhookSecret = "whsec_third", WebhookSecrets = new { we_2 = "no secret" } } } });
            using var staff = host.Client(payments.Token(PaymentsService.New(), "member", "operator"));
            await Neighbourhood.Until(staff, "/gateways", answer => answer["items"]!.AsArray().Single(g => g.Text("gateway") == "stripe")!["fault"]?.GetValue<string>()
                is "Gateways:Stripe:WebhookSecrets:we_2 must be the signing secret of a webhook of Stripe (whsec_…).");
            Assert.Equal(HttpStatusCode.NoContent, await Told(host, "whsec_next"));

            await File.WriteAllTextAsync(file, "{ half", TestContext.Current.CancellationToken);
            await Eventually.Value(() => Told(host, "whsec_third"), status => status == HttpStatusCode.Unauthorized, "the third secret to be refused");
            Assert.Equal(HttpStatusCode.NoContent, await Told(host, "whsec_next"));

            await Write(new { Gateways = new { Stripe = new { WebhookSecret = "whsec_third" } } });
            await Eventually.Value(() => Told(host, "whsec_third"), status => status == HttpStatusCode.NoContent, "the third secret to be taken");
            Assert.Equal(HttpStatusCode.Unauthorized, await Told(host, "whsec_next"));
        }
        finally
        {
            File.Delete(file);
        }

        Task Write(object settings) => File.WriteAllTextAsync(file, JsonSerializer.Serialize(settings), TestContext.Current.CancellationToken);

        async Task<HttpStatusCode> Told(ServiceHost<Program> host, string secret)
        {
            var body = StripeStandIn.Session("checkout.session.completed", PaymentsService.New().ToString(), PaymentsService.New(), 9900);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/stripe") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("Stripe-Signature", StripeStandIn.Signature(body, payments.Now, secret));
            using var answer = await host.Client().SendAsync(request);

            return answer.StatusCode;
        }
    }

    private static Notification Read(IGateway gateway, string body, Dictionary<string, string> headers)
    {
        var given = new HeaderDictionary();

        foreach (var (name, value) in headers)
        {
            given[name] = value;
        }

        return gateway.Read(given, Encoding.UTF8.GetBytes(body));
    }

    private static IGateway Make(string gateway, params (string Name, string? Value)[] more) => gateway switch
    {
        "Alipay" => new Alipay(Settings(gateway, more), () => new HttpClient(), TimeProvider.System),
        "WeChatPay" => new WeChatPay(Settings(gateway, more), () => new HttpClient(), TimeProvider.System),
        _ => new StripeCheckout(Settings(gateway, more), () => new HttpClient(), TimeProvider.System)
    };

    private static GatewaySettings Settings(string gateway, params (string Name, string? Value)[] more)
    {
        var all = GatewaysService.Settings;

        foreach (var (name, value) in more)
        {
            all[name] = value;
        }

        return new GatewaySettings(new ConfigurationBuilder().AddInMemoryCollection(all).Build(), gateway);
    }
}
