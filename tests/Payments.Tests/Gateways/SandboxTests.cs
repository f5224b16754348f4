using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Community.EventStore;
using Community.Testing;
using Microsoft.Extensions.Hosting;

namespace Community.Payments.Tests.Gateways;

public sealed class SandboxTests(PaymentsService payments)
{
    [Theory]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "zh", "沙盒支付", "尚未支付")]
    [InlineData("en-GB", "en", "Sandbox payment", "Not paid yet")]
    [InlineData("de,zh;q=0.2,en;q=0.7", "en", "Sandbox payment", "Not paid yet")]
    [InlineData("de", "en", "Sandbox payment", "Not paid yet")]
    public async Task Its_page_speaks_the_language_of_the_payer(string accepts, string language, string title, string status)
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(123_456_700), 1));
        var payment = await PaymentsService.StartPayment(client, order);
        var html = await Page(payment["action"].Text("url"), accepts);
        Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal);
        Assert.Contains(title, html, StringComparison.Ordinal);
        Assert.Contains(status, html, StringComparison.Ordinal);
        Assert.Contains("1,234,567.00 CNY", html, StringComparison.Ordinal);
        Assert.Equal(2, html.Split("<form").Length - 1);
    }

    [Fact]
    public async Task A_browser_fails_then_pays_and_sees_it()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        var payment = await PaymentsService.StartPayment(client, order);
        var url = payment["action"].Text("url");

        Assert.Equal(HttpStatusCode.SeeOther, (await Submit($"{url}/failure")).StatusCode);
        Assert.Equal("failed", (await PaymentsService.Get(client, order))["payments"]![0].Text("status"));
        Assert.Contains("The payment failed", await Page(url, "en"), StringComparison.Ordinal);

        var paid = await Submit(url);
        Assert.Equal(HttpStatusCode.SeeOther, paid.StatusCode);
        Assert.Equal(new Uri(url).AbsolutePath, paid.Headers.Location?.ToString());
        var page = await Page(url, "en");
        Assert.Contains("You can close this page", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<form", page, StringComparison.Ordinal);
        Assert.Equal("paid", (await PaymentsService.Get(client, order)).Text("status"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("%E6%B2%99")]
    public async Task A_guessed_address_leads_nowhere(string token)
    {
        await (await payments.Anybody().GetAsync($"/sandbox/{token}")).ShouldBeProblem(HttpStatusCode.NotFound);
        await (await payments.Anybody().PostAsync($"/sandbox/{token}", null)).ShouldBeProblem(HttpStatusCode.NotFound);
        await (await payments.Anybody().PostAsync($"/sandbox/{token}/failure", null)).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Money_paid_at_two_payments_of_one_order_pays_once_and_is_owed_back_once()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(500, "DKK"), 1));
        var (first, second) = (await PaymentsService.StartPayment(client, order), await PaymentsService.StartPayment(client, order));
        Assert.NotEqual(first["action"].Text("url"), second["action"].Text("url"));
        await Task.WhenAll(
            payments.Anybody().PostAsync(first["action"].Text("url"), null), payments.Anybody().PostAsync(second["action"].Text("url"), null));
        var balance = await payments.Balance("DKK", 1000);
        Assert.Equal((0, 500), balance["sales"]);
        Assert.Equal((0, 500), balance["refunds-owed"]);
        var statuses = (await PaymentsService.Get(client, order))["payments"]!.AsArray().Select(p => p.Text("status")).Order();
        Assert.Equal(["owedBack", "paid"], statuses);
    }

    [Fact]
    public async Task Planned_gateways_are_not_configured_and_others_are_unknown()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));

        foreach (var gateway in new[] { "alipay", "wechatpay", "stripe" })
        {
            await (await client.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway })).ShouldBeProblem(HttpStatusCode.Conflict, "gateway-not-configured");
        }

        await (await client.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway = "cash" })).ShouldBeProblem(HttpStatusCode.BadRequest, "validation-failed");
        Assert.Equal(1, (int)(await client.GetAsync($"/orders/{order.Id("orderId")}")).Headers.ETag!.Tag[1] - '0');
    }

    [Theory]
    [InlineData("false", false)]
    [InlineData("true", true)]
    public async Task In_production_it_is_off_unless_switched_on(string enabled, bool on)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var production = await ServiceHost<Program>.Start(
            "payments", payments.Issuer,
            new Dictionary<string, string?> { ["environment"] = "Production", ["Gateways:Sandbox:Enabled"] = enabled, ["Gateways:Sandbox:Secret"] = PaymentsService.Secret },
            database: payments.Host.Database, messaging: payments.Host.Messaging,
            // Without its sandbox it would fail the charges of other tests.
            configure: services =>
            {
                foreach (var job in services.Where(service => service.ServiceType == typeof(IHostedService) && typeof(PeriodicJob).IsAssignableFrom(service.ImplementationType)).ToList())
                    services.Remove(job);
            });
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        using var there = production.Client();
        there.DefaultRequestHeaders.Authorization = client.DefaultRequestHeaders.Authorization;
        using var paying = await there.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway = "sandbox" }, ct);
        using var telling = await there.PostAsJsonAsync("/webhooks/sandbox", new { }, ct);

        if (on)
        {
            var payment = await paying.Body(HttpStatusCode.Created);
            Assert.Equal(HttpStatusCode.NoContent, (await there.PostAsync(payment["action"].Text("url"), null, ct)).StatusCode);
            await telling.ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        }
        else
        {
            await paying.ShouldBeProblem(HttpStatusCode.Conflict, "gateway-not-configured");
            await telling.ShouldBeProblem(HttpStatusCode.NotFound);
            var elsewhere = await PaymentsService.StartPayment(client, order);
            Assert.Equal(HttpStatusCode.NotFound, (await there.PostAsync(new Uri(elsewhere["action"].Text("url")).AbsolutePath, null, ct)).StatusCode);
        }
    }

    private async Task<string> Page(string url, string accepts)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "Accept-Language", accepts } } };
        using var answer = await payments.Anybody().SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("form-action 'self'", string.Join(';', answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);

        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<HttpResponseMessage> Submit(string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new FormUrlEncodedContent([]) };
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("text/html"));

        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

        return await browser.SendAsync(request);
    }
}
