using System.Net;
using System.Net.Http.Json;
using System.Text;
using Community.Testing;

namespace Community.Payments.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(PaymentsService payments)
{
    private static readonly string[] Operators = ["operator", "owner"];
    private static readonly string[] Members = ["member", "creator", "expert", "reviewer", "moderator", .. Operators];
    private static readonly string[] Anybody = ["anonymous", .. Members];

    /// <summary>Who may, where it is their own, and where it is another's.</summary>
    private static readonly Dictionary<string, (string[] Own, string[] Foreign)> Table = new()
    {
        ["GET /status"] = (Operators, Operators),
        ["GET /projections"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds"] = (Operators, Operators),
        ["GET /projections/{name}/rebuilds/{id}"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds/{id}/cancellation"] = (Operators, Operators),
        ["GET /members/me/export"] = (Members, Members),
        ["GET /plans"] = (Anybody, Anybody),
        ["GET /plans/{id}"] = (Anybody, Anybody),
        ["POST /plans"] = (Operators, Operators),
        ["DELETE /plans/{id}"] = (Operators, Operators),
        ["GET /products"] = (Anybody, Anybody),
        ["GET /products/{id}"] = (Anybody, Anybody),
        ["GET /coupons"] = (Operators, Operators),
        ["GET /coupons/{code}"] = (Operators, Operators),
        ["POST /coupons"] = (Operators, Operators),
        ["GET /orders"] = (Members, Members),
        ["POST /orders"] = (Members, Members),
        ["POST /orders/previews"] = (Members, Members),
        ["GET /orders/{id}"] = (Members, Operators),
        ["GET /orders/{id}/history"] = (Members, Operators),
        ["POST /orders/{id}/payments"] = (Members, Operators),
        ["POST /orders/{id}/payments/{paymentId}/inquiry"] = (Members, Operators),
        ["POST /orders/{id}/offline-payments"] = (Operators, Operators),
        ["POST /orders/{id}/refunds"] = (Operators, Operators),
        ["POST /orders/{id}/cancellation"] = (Members, Operators),
        ["GET /subscriptions"] = (Members, Members),
        ["POST /subscriptions"] = (Members, Members),
        ["POST /subscriptions/complimentary"] = (Operators, Operators),
        ["GET /subscriptions/{id}"] = (Members, Operators),
        ["GET /subscriptions/{id}/history"] = (Members, Operators),
        ["GET /subscriptions/{id}/next-invoice"] = (Members, Operators),
        ["POST /subscriptions/{id}/plan"] = (Members, Operators),
        ["POST /subscriptions/{id}/plan/previews"] = (Members, Operators),
        ["POST /subscriptions/{id}/pause"] = (Members, Operators),
        ["DELETE /subscriptions/{id}/pause"] = (Members, Operators),
        ["POST /subscriptions/{id}/cancellation"] = (Members, Operators),
        ["DELETE /subscriptions/{id}/cancellation"] = (Members, Operators),
        ["DELETE /subscriptions/{id}"] = (Operators, Operators),
        ["GET /gateways"] = (Operators, Operators),
        ["POST /webhooks/{gateway}"] = (Anybody, Anybody),
        ["GET /refunds"] = (Operators, Operators),
        ["GET /refunds/{id}"] = (Operators, Operators),
        ["GET /refunds/{id}/history"] = (Operators, Operators),
        ["POST /refunds/{id}/attempts"] = (Operators, Operators),
        ["POST /refunds/{id}/confirmation"] = (Operators, Operators),
        ["GET /refunds-owed"] = (Operators, Operators),
        ["POST /refunds-owed/{id}/refund"] = (Operators, Operators),
        ["GET /chargebacks"] = (Operators, Operators),
        ["GET /ledger/trial-balance"] = (Operators, Operators),
        ["GET /invoices"] = (Members, Members),
        ["GET /invoices/{id}"] = (Members, Operators),
        ["GET /invoices/{id}/document"] = (Members, Operators),
        ["GET /invoices/{id}/pdf"] = (Members, Operators),
        ["GET /billing-details"] = (Members, Members),
        ["PUT /billing-details"] = (Members, Members),
        ["GET /payouts"] = (Members, Members),
        ["GET /payouts/balance"] = (Members, Members),
        ["GET /payouts/export"] = (Operators, Operators),
        ["POST /payouts"] = (Operators, Operators),
        ["POST /payouts/{id}/payment"] = (Operators, Operators),
        ["GET /referrals"] = (Members, Members),
        ["GET /reconciliation"] = (Operators, Operators),
        ["POST /reconciliation/reports/{gateway}"] = (Operators, Operators)
    };

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        var document = await (await payments.Anybody().GetAsync("/openapi/v1.json")).Body(HttpStatusCode.OK);
        var operations = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(Table.Keys.Order(StringComparer.Ordinal), operations.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (mine, other) = (await Things.Of(payments, PaymentsService.New()), await Things.Of(payments, PaymentsService.New()));
        using var client = role == "anonymous" ? payments.Anybody() : payments.Member(mine.Member, role);
        var wrong = new List<string>();

        foreach (var (operation, (own, foreign)) in Table)
        {
            foreach (var (things, allowed) in new[] { (mine, role == "anonymous" ? foreign : own), (other, foreign) })
            {
                var (method, path) = (new HttpMethod(operation.Split(' ')[0]), operation.Split(' ')[1]);
                using var request = new HttpRequestMessage(method, things.Fill(path));

                if (method == HttpMethod.Post || method == HttpMethod.Put)
                {
                    request.Content = new StringContent(things.Body(path), Encoding.UTF8, "application/json");
                }

                using var answer = await client.SendAsync(request);
                var (status, reason) = ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());

                // What is another's and hidden is not there; what is allowed may fail for other reasons.
                var done = (status is not (401 or 403) || reason.Contains("signature-invalid", StringComparison.Ordinal))
                    && !(status == 404 && path.Contains("{id}", StringComparison.Ordinal) && !allowed.Contains(role));

                if (done != allowed.Contains(role) || status >= 500)
                {
                    wrong.Add($"{role} {operation} ({(things == mine ? "own" : "another's")}): {status} {reason}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private sealed record Things(Guid Member, Guid Order, Guid Payment, Guid Plan, Guid Subscription, Guid Invoice)
    {
        public static async Task<Things> Of(PaymentsService payments, Guid member)
        {
            using var client = payments.Member(member);
            var product = await payments.Offer(100, "XAF");
            var order = await PaymentsService.Place(client, (product, 1));
            var payment = (await PaymentsService.StartPayment(client, order)).Id("paymentId");
            await payments.Buy(client, (product, 1));
            var plan = (await (await payments.Operator.PostAsJsonAsync(
                "/plans", new { name = "Given", tier = "given", price = new { amount = 100, currency = "XAF" }, interval = "month" })).Body(HttpStatusCode.Created)).Id("planId");
            var subscription = await (await payments.Operator.PostAsJsonAsync("/subscriptions/complimentary", new { memberId = member, planId = plan })).Body(HttpStatusCode.Created);
            var invoices = await Eventually.Value(
                async () => (await (await client.GetAsync("/invoices")).Body(HttpStatusCode.OK))["items"]!.AsArray(), items => items.Count == 1, PaymentsService.Deadline, "an invoice");

            return new(member, order.Id("orderId"), payment, plan, subscription.Id("subscriptionId"), invoices[0].Id("invoiceId"));
        }

        /// <summary>Where what is sent is looked at before whose it is, it has to be right.</summary>
        public string Body(string path) => path switch
        {
            "/orders/{id}/payments" => """{"gateway":"sandbox"}""",
            "/subscriptions/{id}/plan" or "/subscriptions/{id}/plan/previews" => $$"""{"planId":"{{Plan}}"}""",
            _ => "{}"
        };

        public string Fill(string path)
        {
            var id = path.Split('/')[1] switch
            {
                "orders" => Order,
                "subscriptions" => Subscription,
                "invoices" => Invoice,
                _ => PaymentsService.New()
            };

            return path.Replace("{id}", id.ToString(), StringComparison.Ordinal).Replace("{paymentId}", Payment.ToString(), StringComparison.Ordinal)
                .Replace("{name}", "nothing", StringComparison.Ordinal).Replace("{code}", "nothing", StringComparison.Ordinal).Replace("{gateway}", "sandbox", StringComparison.Ordinal);
        }
    }
}
