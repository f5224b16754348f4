using System.Net;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.Payments.Tests.Gateways;

public sealed class WebhookTests(PaymentsService payments)
{
    [Fact]
    public async Task A_signed_notification_pays_and_a_hundred_repeats_at_once_change_nothing()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(800, "CHF"), 1));
        var payment = await PaymentsService.StartPayment(client, order);
        var notification = PaymentsService.Notification(order.Id("orderId"), payment.Id("paymentId"), "r-1", 800, "CHF");
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => payments.Webhook(notification)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode));
        using var paid = await client.GetAsync($"/orders/{order.Id("orderId")}");
        Assert.Equal("\"3\"", paid.Headers.ETag?.ToString());
        Assert.Equal("paid", (await paid.Body(HttpStatusCode.OK)).Text("status"));
        var balance = await payments.Balance("CHF", 800);
        Assert.Equal((800, 0), balance["gateway:sandbox"]);
        Assert.Equal((0, 800), balance["sales"]);
    }

    [Fact]
    public async Task What_the_gateway_did_not_sign_is_refused()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        var notification = PaymentsService.Notification(order.Id("orderId"), PaymentsService.New(), "r-1", 9900, "CNY");

        await (await payments.Webhook(notification, secret: "guessed")).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        await (await payments.Webhook(notification, age: TimeSpan.FromMinutes(6))).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        await (await payments.Webhook(notification, age: TimeSpan.FromMinutes(-6))).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        await (await payments.Webhook(notification, gateway: "alipay")).ShouldBeProblem(HttpStatusCode.NotFound);
        await (await payments.Webhook(notification, gateway: "cash")).ShouldBeProblem(HttpStatusCode.NotFound);

        foreach (var signature in new[] { "", "t=1", "t=1,v1=", "t=99999999999999999999,v1=00", "t=-1,v1=00", "v1=00,t=1", "nonsense" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/sandbox") { Content = new StringContent("{}") };
            request.Headers.TryAddWithoutValidation("Sandbox-Signature", signature);
            await (await payments.Anybody().SendAsync(request)).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        }

        Assert.Equal("placed", (await PaymentsService.Get(client, order)).Text("status"));
    }

    [Fact]
    public async Task What_is_refused_is_counted_for_operators_by_day_and_reason()
    {
        var before = await Refused();
        await (await payments.Webhook("first", secret: "guessed")).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        await (await payments.Webhook("second", secret: "guessed")).ShouldBeProblem(HttpStatusCode.Unauthorized, "signature-invalid");
        await (await payments.Webhook("signed nonsense")).ShouldBeProblem(HttpStatusCode.BadRequest, "notification-not-understood");
        var after = await Refused();

        foreach (var (code, more, last) in new[] { ("signature-invalid", 2, "second"), ("notification-not-understood", 1, "signed nonsense") })
        {
            var (count, digest, day, lastAt) = after[code];
            Assert.Equal(more, count - before.GetValueOrDefault(code).Count);
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(last))), digest);
            Assert.Equal(lastAt[..10], day);
        }

        async Task<Dictionary<string, (long Count, string Digest, string Day, string LastAt)>> Refused()
        {
            var sandbox = (await (await payments.Operator.GetAsync("/gateways")).Body(HttpStatusCode.OK))["items"]!.AsArray().Single(gateway => gateway!.Text("gateway") == "sandbox")!;

            return sandbox["refused"]!.AsArray().GroupBy(refusal => refusal!.Text("code")!).ToDictionary(
                group => group.Key, group => (group.Sum(refusal => (long)refusal!["count"]!), group.First()!.Text("digest"), group.First()!.Text("day"), group.First()!.Text("lastAt")));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"outcome":"paid"}""")]
    [InlineData("""{"outcome":"paid","receipt":"r","orderId":"x","paymentId":"y","amount":{"amount":-1,"currency":"CNY"}}""")]
    [InlineData("""{"outcome":"paid","receipt":"r","orderId":"x","paymentId":"y","amount":{"amount":0,"currency":"CNY"}}""")]
    [InlineData("""{"outcome":"paid","receipt":"r","orderId":"x","paymentId":"y","amount":{"amount":99999999999999999999,"currency":"CNY"}}""")]
    [InlineData("""{"outcome":"paid","receipt":"r","orderId":"x","paymentId":"y","amount":{"amount":1,"currency":"cny"}}""")]
    [InlineData("""{"outcome":"paid","receipt":"","orderId":"x","paymentId":"y","amount":{"amount":1,"currency":"CNY"}}""")]
    [InlineData("""{"outcome":"paid","receipt":"\u0000","orderId":"x","paymentId":"y","amount":{"amount":1,"currency":"CNY"}}""")]
    [InlineData("""{"outcome":"perhaps","receipt":"r","orderId":"x","paymentId":"y","amount":{"amount":1,"currency":"CNY"}}""")]
    public async Task What_is_signed_but_makes_no_sense_is_refused(string body) =>
        await (await payments.Webhook(body)).ShouldBeProblem(HttpStatusCode.BadRequest, "notification-not-understood");

    [Fact]
    public async Task Money_that_fits_no_order_is_kept_and_owed_back()
    {
        using var client = payments.Member(PaymentsService.New());
        var product = await payments.Offer(1000, "CZK");
        var cancelled = await PaymentsService.Place(client, (product, 1));
        await client.PostAsync($"/orders/{cancelled.Id("orderId")}/cancellation", null);
        var open = await PaymentsService.Place(client, (product, 1)); // what is bought cannot be ordered again
        var paid = await payments.Buy(client, (product, 1));
        var unknown = PaymentsService.New();

        (object Notification, Guid? Order, string Because, long Amount, string Currency)[] cases =
        [
            (PaymentsService.Notification(unknown, PaymentsService.New(), "u-1", 11, "CZK"), unknown, "orderUnknown", 11, "CZK"),
            (PaymentsService.Notification(cancelled.Id("orderId"), PaymentsService.New(), "c-1", 1000, "CZK"), cancelled.Id("orderId"), "orderCancelled", 1000, "CZK"),
            (PaymentsService.Notification(paid.Id("orderId"), PaymentsService.New(), "p-1", 1000, "CZK"), paid.Id("orderId"), "orderAlreadyPaid", 1000, "CZK"),
            (PaymentsService.Notification(open.Id("orderId"), PaymentsService.New(), "a-1", 999, "CZK"), open.Id("orderId"), "amountDiffers", 999, "CZK"),
            (PaymentsService.Notification(open.Id("orderId"), PaymentsService.New(), "a-2", 1000, "HUF"), open.Id("orderId"), "amountDiffers", 1000, "HUF"),
            (new { outcome = "paid", receipt = "n-1", orderId = "not one of ours", paymentId = "?", amount = new { amount = 22, currency = "CZK" } }, null, "orderUnknown", 22, "CZK")
        ];

        foreach (var (notification, _, _, _, _) in cases.Concat(cases))
        {
            Assert.Equal(HttpStatusCode.NoContent, (await payments.Webhook(notification)).StatusCode);
        }

        var czk = await payments.Balance("CZK", 1000 + 11 + 1000 + 1000 + 999 + 22);
        Assert.Equal((0, 1000), czk["sales"]);
        Assert.Equal((0, 11 + 1000 + 1000 + 999 + 22), czk["refunds-owed"]);
        var huf = await payments.Balance("HUF", 1000);
        Assert.Equal((0, 1000), huf["refunds-owed"]);

        var owed = new List<JsonNode>();
        await Eventually.Value(
            async () =>
            {
                owed = await Owed();
                return owed.Count(o => cases.Any(c => Matches(o, c.Because, c.Amount, c.Currency) && (c.Order is null || o.Id("orderId") == c.Order)));
            },
            count => count == cases.Length, "all that is owed to be listed");
        Assert.Equal("placed", (await PaymentsService.Get(client, open)).Text("status"));
        await (await payments.Operator.GetAsync($"/orders/{unknown}")).ShouldBeProblem(HttpStatusCode.NotFound);

        // What is owed does not stand in the way of paying.
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Webhook(PaymentsService.Notification(open.Id("orderId"), PaymentsService.New(), "a-3", 1000, "CZK"))).StatusCode);
        Assert.Equal("paid", (await PaymentsService.Get(client, open)).Text("status"));
    }

    private static bool Matches(JsonNode owed, string because, long amount, string currency) =>
        (owed.Text("because"), owed["amount"]!["amount"]!.GetValue<long>(), owed["amount"].Text("currency")) == (because, amount, currency);

    private async Task<List<JsonNode>> Owed()
    {
        var all = new List<JsonNode>();
        string? next = null;

        do
        {
            var page = await (await payments.Operator.GetAsync($"/refunds-owed?limit=100{(next is null ? "" : $"&after={next}")}")).Body(HttpStatusCode.OK);
            all.AddRange(page["items"]!.AsArray().Select(item => item!));
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);

        return all;
    }
}
