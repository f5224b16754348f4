using System.Net;
using System.Net.Http.Json;
using Community.Testing;
using static Community.Testing.AccessTable;

namespace Community.Payments.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(PaymentsService payments)
{
    /// <summary>Who may, where it is their own, and where it is another's.</summary>
    private static readonly AccessTable Table = new(new Dictionary<string, (string[], string[])>
    {
        ["GET /payment-methods"] = (Anybody, Anybody),
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
        ["POST /subscriptions/{id}/refusal"] = (Members, []),
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
        ["POST /imports/orders"] = ([], []), // a session has no scope: only a token has
        ["POST /imports/subscriptions"] = ([], []), // a session has no scope: only a token has
        ["GET /referrals"] = (Members, Members),
        ["GET /reconciliation"] = (Operators, Operators),
        ["POST /reconciliation/reports/{gateway}"] = (Operators, Operators)
    });

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        using var client = payments.Anybody();
        Assert.Empty(await Table.Gaps(client));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (mine, other) = (await Things.Of(payments, PaymentsService.New()), await Things.Of(payments, PaymentsService.New()));
        using var client = role == "anonymous" ? payments.Anybody() : payments.Member(mine.Member, role);
        Assert.Empty(await Table.Faults(role, client, [mine.As("own", isOwn: true), other.As("another's", isOwn: false)]));
    }

    private sealed record Things(Guid Member, Guid Order, Guid Payment, Guid Plan, Guid Subscription, Guid Invoice, Guid Refund, string Coupon)
    {
        public static async Task<Things> Of(PaymentsService payments, Guid member)
        {
            using var client = payments.Member(member);
            var product = await payments.Offer(100, "XAF");
            var order = await PaymentsService.Place(client, (product, 1));
            var payment = (await PaymentsService.StartPayment(client, order)).Id("paymentId");
            var bought = await payments.Buy(client, (product, 1));
            var plan = (await (await payments.Operator.PostAsJsonAsync(
                "/plans", new { name = "Given", tier = "given", price = new { amount = 100, currency = "XAF" }, interval = "month" })).Body(HttpStatusCode.Created)).Id("planId");
            var subscription = await payments.Grant(await payments.Join(member), plan);
            var invoices = await Eventually.Value(
                async () => (await (await client.GetAsync("/invoices")).Body(HttpStatusCode.OK))["items"]!.AsArray(), items => items.Count == 1, "an invoice");

            var refund = await (await payments.Operator.PostAsJsonAsync(
                $"/orders/{bought.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount = 1, currency = "XAF" } })).Body(HttpStatusCode.Created);
            var coupon = $"C{PaymentsService.New():N}"[..20].ToUpperInvariant();
            await (await payments.Operator.PostAsJsonAsync("/coupons", new { code = coupon, percentOff = 1, duration = "once" })).Body(HttpStatusCode.Created);

            return new(
                member, order.Id("orderId"), payment, plan, subscription.Id("subscriptionId"), invoices[0].Id("invoiceId"), refund.Id("refundId"), coupon);
        }

        public Belongings As(string whose, bool isOwn) =>
            new(whose, isOwn, Fill, IsThere: path => path.Split('/')[1] is "orders" or "subscriptions" or "invoices" or "refunds" or "coupons") { Body = Body };

        private string Body(string path) => path switch
        {
            "/orders/{id}/payments" => """{"gateway":"sandbox"}""",
            "/subscriptions/{id}/plan" or "/subscriptions/{id}/plan/previews" => $$"""{"planId":"{{Plan}}"}""",
            _ => "{}"
        };

        private string Fill(string path)
        {
            var id = path.Split('/')[1] switch
            {
                "orders" => Order,
                "subscriptions" => Subscription,
                "invoices" => Invoice,
                "refunds" => Refund,
                _ => PaymentsService.New()
            };

            return path.Replace("{id}", id.ToString(), StringComparison.Ordinal).Replace("{paymentId}", Payment.ToString(), StringComparison.Ordinal)
                .Replace("{name}", "nothing", StringComparison.Ordinal).Replace("{code}", Coupon, StringComparison.Ordinal).Replace("{gateway}", "sandbox", StringComparison.Ordinal);
        }
    }
}
