using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Community.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Community.Payments.Tests;

public sealed class BadInputTests(PaymentsService payments)
{
    private const string Product = "01970000-0000-7000-8000-000000000000";

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"items":null}""")]
    [InlineData("""{"items":[]}""")]
    [InlineData("""{"items":[null]}""")]
    [InlineData("""{"items":"all"}""")]
    [InlineData("""{"items":[{"productId":"x","quantity":1}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}"}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":0}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":-1}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":1001}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":2147483648}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":1e99}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":1.5}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":"1"}]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":1}],"items":[]}""")]
    [InlineData($$"""{"items":[{"productId":"{{Product}}","quantity":1}],"couponCode":"a\u0000b"}""")]
    public async Task No_order(string body)
    {
        using var client = payments.Member(PaymentsService.New());
        await (await client.PostAsync("/orders", Json(body))).ShouldBeProblem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Too_many_items_or_too_large_a_body()
    {
        using var client = payments.Member(PaymentsService.New());
        var item = $$"""{"productId":"{{Product}}","quantity":1}""";
        await (await client.PostAsync("/orders", Json($$"""{"items":[{{string.Join(',', Enumerable.Repeat(item, 51))}}]}"""))).ShouldBeProblem(HttpStatusCode.BadRequest);
        await (await client.PostAsync("/orders", Json($$"""{"items":[{{string.Join(',', Enumerable.Repeat(item, 40_000))}}]}"""))).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge);
        await (await payments.Webhook(new string('x', 2_000_000))).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge);
        await (await client.PostAsync("/orders", new StringContent("items", Encoding.UTF8, "text/plain"))).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task What_is_not_offered_cannot_be_ordered()
    {
        using var client = payments.Member(PaymentsService.New());
        var (yuan, dollars, most) = (await payments.Offer(1), await payments.Offer(1, "USD"), await payments.Offer(Money.Most));
        await (await client.PostAsJsonAsync("/orders", Order((PaymentsService.New(), 1)))).ShouldBeProblem(HttpStatusCode.Conflict, "product-unknown");
        await (await client.PostAsJsonAsync("/orders", Order((yuan, 1), (dollars, 1)))).ShouldBeProblem(HttpStatusCode.Conflict, "currencies-mixed");
        await (await client.PostAsJsonAsync("/orders", Order((most, 1), (yuan, 1)))).ShouldBeProblem(HttpStatusCode.Conflict, "total-too-large");
        await (await client.PostAsJsonAsync("/orders", Order((most, 1000)))).ShouldBeProblem(HttpStatusCode.Conflict, "total-too-large");
        await (await client.PostAsync("/orders", Json($$"""{"items":[{"productId":"{{yuan}}","quantity":1}],"couponCode":"FREE"}"""))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");
    }

    [Theory]
    [InlineData("""{}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":""}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"a\u0007b"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":-1,"currency":"CNY"}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":0,"currency":"CNY"}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":1,"currency":"XYZ"}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":1}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":9223372036854775808,"currency":"CNY"}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":9223372036854775807,"currency":"CNY"}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":5}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":"x","amount":{"amount":9901,"currency":"CNY"}}""", HttpStatusCode.Conflict)]
    [InlineData("""{"reason":"x","amount":{"amount":1,"currency":"USD"}}""", HttpStatusCode.Conflict)]
    public async Task No_refund(string body, HttpStatusCode status)
    {
        var order = await payments.Buy(payments.Member(PaymentsService.New()), (await payments.Offer(9900), 1));
        await (await payments.Operator.PostAsync($"/orders/{order.Id("orderId")}/refunds", Json(body))).ShouldBeProblem(status);
        Assert.Equal("paid", (await PaymentsService.Get(payments.Operator, order)).Text("status"));
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        using var client = payments.Operator;
        var product = await payments.Offer();

        foreach (var id in new[] { PaymentsService.New(), Guid.Empty, product })
        {
            await (await client.GetAsync($"/orders/{id}")).ShouldBeProblem(HttpStatusCode.NotFound);
            await (await client.GetAsync($"/orders/{id}/history")).ShouldBeProblem(HttpStatusCode.NotFound);
            await (await client.PostAsync($"/orders/{id}/cancellation", null)).ShouldBeProblem(HttpStatusCode.NotFound);
            await (await client.PostAsJsonAsync($"/orders/{id}/payments", new { gateway = "sandbox" })).ShouldBeProblem(HttpStatusCode.NotFound);
            await (await client.PostAsJsonAsync($"/orders/{id}/refunds", new { reason = "x" })).ShouldBeProblem(HttpStatusCode.NotFound);
        }

        await (await client.GetAsync($"/products/{Guid.Empty}")).ShouldBeProblem(HttpStatusCode.NotFound);
        Assert.False((await client.GetAsync("/orders/x")).IsSuccessStatusCode);
        await (await client.GetAsync("/orders?limit=0")).ShouldBeProblem(HttpStatusCode.BadRequest);
        await (await client.GetAsync("/orders?limit=101")).ShouldBeProblem(HttpStatusCode.BadRequest);
        await (await client.GetAsync("/products?after=x")).ShouldBeProblem(HttpStatusCode.BadRequest);
        await (await client.GetAsync("/ledger/trial-balance?asOf=now")).ShouldBeProblem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_stream_of_something_else_is_no_order()
    {
        var product = await payments.Offer();
        await (await payments.Operator.GetAsync($"/orders/{Community.Payments.Catalogue.Product.Stream(product)}")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Wrong_expired_and_foreign_tokens_open_nothing()
    {
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var member = PaymentsService.New();
        string?[] tokens =
        [
            null,
            "nonsense",
            payments.Issuer.Token(member, "operator") + "x",
            payments.Issuer.Token(member, ["operator"], [], TimeSpan.FromMinutes(-1)),
            payments.Issuer.Token(member, ["operator"], [], TimeSpan.FromMinutes(15), new ECDsaSecurityKey(foreign) { KeyId = "test" })
        ];

        foreach (var token in tokens)
        {
            using var client = payments.Host.Client(token);
            await (await client.GetAsync("/orders")).ShouldBeProblem(HttpStatusCode.Unauthorized);
            await (await client.PostAsJsonAsync("/orders", Order((member, 1)))).ShouldBeProblem(HttpStatusCode.Unauthorized);
            await (await client.GetAsync("/ledger/trial-balance")).ShouldBeProblem(HttpStatusCode.Unauthorized);
        }

        using var reader = payments.Host.Client(payments.Issuer.Token(member, ["member"], ["read"], TimeSpan.FromMinutes(15)));
        await (await reader.PostAsJsonAsync("/orders", Order((member, 1)))).ShouldBeProblem(HttpStatusCode.Forbidden);
    }

    private static object Order(params (Guid Product, int Quantity)[] items) =>
        new { items = items.Select(i => new { productId = i.Product, quantity = i.Quantity }) };

    private static StringContent Json(string body) => new(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
