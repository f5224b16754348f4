using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Community.Payments.Gateways;
using Microsoft.Extensions.Configuration;

namespace Community.Payments.Tests.Gateways;

public sealed class GatewaySettingsTests
{
    [Theory]
    [InlineData("Alipay", "AppId")]
    [InlineData("Alipay", "SellerId")]
    [InlineData("Alipay", "PrivateKey")]
    [InlineData("Alipay", "AlipayPublicKey")]
    [InlineData("WeChatPay", "AppId")]
    [InlineData("WeChatPay", "MchId")]
    [InlineData("WeChatPay", "SerialNo")]
    [InlineData("WeChatPay", "PrivateKey")]
    [InlineData("WeChatPay", "PlatformKeyId")]
    [InlineData("WeChatPay", "PlatformPublicKey")]
    [InlineData("WeChatPay", "ApiV3Key")]
    [InlineData("Stripe", "SecretKey")]
    [InlineData("Stripe", "WebhookSecret")]
    public void What_is_not_set_is_named(string gateway, string setting) =>
        Assert.Equal($"Gateways:{gateway}:{setting} is not set.", Fault(gateway, ($"Gateways:{gateway}:{setting}", null)));

    [Theory]
    [InlineData("Alipay", "PrivateKey")]
    [InlineData("Alipay", "AlipayPublicKey")]
    [InlineData("Alipay", "Address")]
    [InlineData("WeChatPay", "PrivateKey")]
    [InlineData("WeChatPay", "PlatformPublicKey")]
    [InlineData("WeChatPay", "ApiV3Key")]
    [InlineData("Stripe", "SecretKey")]
    [InlineData("Stripe", "WebhookSecret")]
    public void What_is_wrong_is_one_line_that_names_it_and_tells_no_secret(string gateway, string setting)
    {
        using var small = RSA.Create(1024);
        using var other = ECDsa.Create();

        foreach (var wrong in new[] { "wrong-and-secret", "AAAA", other.ExportPkcs8PrivateKeyPem(), other.ExportSubjectPublicKeyInfoPem(), small.ExportPkcs8PrivateKeyPem(), small.ExportSubjectPublicKeyInfoPem() })
        {
            var fault = Fault(gateway, ($"Gateways:{gateway}:{setting}", wrong));
            Assert.StartsWith($"Gateways:{gateway}:{setting} must be ", fault, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', fault);
            Assert.DoesNotContain(wrong[..4], fault, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_public_key_is_no_private_one() => Assert.StartsWith(
        "Gateways:Alipay:PrivateKey must be ", Fault("Alipay", ("Gateways:Alipay:PrivateKey", AlipayStandIn.App.ExportRSAPublicKeyPem())), StringComparison.Ordinal);

    [Fact]
    public void Where_the_gateway_reaches_us_has_to_be_said()
    {
        Assert.Equal("Gateways:Address is not set: where Alipay reaches this service.", Fault("Alipay", ("Gateways:Address", null)));
        Assert.Equal("Gateways:Address must be an absolute http(s) address.", Fault("WeChatPay", ("Gateways:Address", "pay.example.org")));
    }

    [Fact]
    public void Keys_are_taken_in_every_usual_form()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=platform", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(PaymentsService.Now, PaymentsService.Now.AddDays(1));
        var signatures = new[]
        {
            rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()), Convert.ToBase64String(rsa.ExportRSAPrivateKey()),
            $"  {rsa.ExportPkcs8PrivateKeyPem().ReplaceLineEndings("\r\n")}  "
        }.Select(key => RsaKey.Private("K", key).Sign("text")).ToList();
        Assert.Single(signatures.Distinct());

        foreach (var key in new[] { rsa.ExportSubjectPublicKeyInfoPem(), Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()), certificate.ExportCertificatePem(), Convert.ToBase64String(certificate.RawData) })
        {
            Assert.True(RsaKey.Public("K", key).Verify(Encoding.UTF8.GetBytes("text"), signatures[0]));
            Assert.False(RsaKey.Public("K", key).Verify(Encoding.UTF8.GetBytes("Text"), signatures[0]));
        }
    }

    [Fact]
    public void A_gateway_is_there_where_something_is_set_and_it_is_not_switched_off()
    {
        Assert.True(Settings("Stripe").IsThere);
        Assert.False(Settings("Stripe", ("Gateways:Stripe:Enabled", "false")).IsThere);
        Assert.False(Settings("Stripe", ("Gateways:Stripe:SecretKey", ""), ("Gateways:Stripe:WebhookSecret", "")).IsThere);
        Assert.False(Settings("PayPal").IsThere);
    }

    private static string Fault(string gateway, params (string Name, string? Value)[] changes) =>
        Assert.Throws<InvalidOperationException>(() => Make(gateway, Settings(gateway, changes))).Message;

    private static IGateway Make(string gateway, GatewaySettings settings) => gateway switch
    {
        "Alipay" => new Alipay(settings, () => new HttpClient(), TimeProvider.System),
        "WeChatPay" => new WeChatPay(settings, () => new HttpClient(), TimeProvider.System),
        _ => new StripeCheckout(settings, () => new HttpClient(), TimeProvider.System)
    };

    private static GatewaySettings Settings(string gateway, params (string Name, string? Value)[] changes)
    {
        var all = new Dictionary<string, string?>(AlipayStandIn.Settings.Concat(WeChatStandIn.Settings).Concat(StripeStandIn.Settings).DistinctBy(s => s.Key));

        foreach (var (name, value) in changes)
        {
            all[name] = value;
        }

        return new GatewaySettings(new ConfigurationBuilder().AddInMemoryCollection(all).Build(), gateway);
    }
}
