using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Content.Contracts;
using Community.Testing;
using Npgsql;

namespace Community.Payments.Tests.Creators;

public sealed class PayoutTests(PaymentsService payments)
{
    [Fact]
    public async Task A_creator_gets_a_share_of_what_is_sold_when_the_hold_is_over()
    {
        var broker = await Servers.CreateVirtualHost("payments");
        await using var content = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, new Dictionary<string, string?> { ["RevenueShare:Percent"] = "60", ["RevenueShare:HoldDays"] = "0" }, messaging: broker);
        var (author, product) = (PaymentsService.New(), PaymentsService.New());
        await content.Publish(PaymentsService.New(), new ContentPublished(product, author, "Talk", "Shopping", "video", 4, new Price(999, "CNY"), PaymentsService.Now));
        using var buyer = host.Client(payments.Issuer.Token(PaymentsService.New(), "member"));
        using var staff = host.Client(payments.Issuer.Token(PaymentsService.New(), "operator"));
        using var creator = host.Client(payments.Issuer.Token(author, "creator"));
        await Eventually.Value(() => buyer.GetAsync($"/products/{product}"), answer => answer.IsSuccessStatusCode, "the product");
        var order = await PaymentsService.Place(buyer, (product, 1));
        await (await staff.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference = "cash" })).Body(HttpStatusCode.Created);
        var balance = await Eventually.Value(
            async () => (await (await creator.GetAsync("/payouts/balance")).Body(HttpStatusCode.OK))["items"]!.AsArray(), items => items.Count == 1, "the share");
        Assert.Equal(599, balance[0]!["available"]!.GetValue<long>());
        await (await creator.PostAsync("/payouts", null)).ShouldBeProblem(HttpStatusCode.Forbidden);
        var payout = await Eventually.Value(
            async () => (await (await staff.PostAsync("/payouts", null)).Body(HttpStatusCode.OK))["items"]!.AsArray(), items => items.Count == 1, "a payout");
        Assert.Equal((author, 599), (payout[0].Id("creatorId"), payout[0]!["amount"]!["amount"]!.GetValue<long>()));
        var id = payout[0].Id("payoutId");
        await Eventually.Value(
            async () => await staff.PostAsJsonAsync($"/payouts/{id}/payment", new { reference = "=transfer" }), answer => answer.StatusCode == HttpStatusCode.NoContent, "the payout to be paid");
        var mine = await Eventually.Value(
            async () => (await (await creator.GetAsync("/payouts")).Body(HttpStatusCode.OK))["items"]!.AsArray(),
            items => items is [{ } one] && one.Text("status") == "paid", "the list");
        Assert.Equal("=transfer", mine[0].Text("reference"));
        await using (var database = NpgsqlDataSource.Create(host.Database))
        {
            await using var clear = database.CreateCommand("select count(*) from mt_events where strpos(data::text, '=transfer') > 0");
            Assert.Equal(0L, await clear.ExecuteScalarAsync());
        }

        Assert.Contains("\"'=transfer\"", await staff.GetStringAsync("/payouts/export"), StringComparison.Ordinal);
        Assert.Contains($"{id},{author},599,CNY,paid,", await staff.GetStringAsync("/payouts/export"), StringComparison.Ordinal);
        var ledger = await Eventually.Value(
            async () => (await (await staff.GetAsync("/ledger/trial-balance")).Body(HttpStatusCode.OK)), b => b["accounts"]!.AsArray().Any(a => a.Text("account") == "bank"), "the payout in the ledger");
        Assert.True(ledger["balanced"]!.GetValue<bool>());

        var none = await (await staff.GetAsync("/reconciliation")).Body(HttpStatusCode.OK);
        Assert.Empty(none["differences"]!.AsArray());

        // A report that knows of other money, and not of ours.
        using var report = new StringContent("receipt,amount,currency,at\r\ncash,998,CNY,2026-05-01T00:00:00Z\r\nstranger,5,CNY,2026-05-01T00:00:00Z\r\n");
        report.Headers.ContentType = new("text/csv");
        Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsync("/reconciliation/reports/offline", report)).StatusCode);
        var found = await (await staff.GetAsync("/reconciliation")).Body(HttpStatusCode.OK);
        Assert.Equal(
            ["reportedAmountDiffers", "reportedNotReceived"], found["differences"]!.AsArray().Select(d => d.Text("kind")).Order());
        Assert.Contains("offline cash", found["differences"]!.AsArray().Select(d => d.Text("subject")));
        Assert.Equal("reportedNotReceived reportedNotReceived", await Kinds("?from=2026-05-01&to=2026-05-01"));
        Assert.Equal("", await Kinds("?from=2026-04-01&to=2026-04-30"));
        Assert.Equal("receivedNotReported", await Kinds("?from=2026-05-02"));
        await (await staff.GetAsync("/reconciliation?from=May")).ShouldBeProblem(HttpStatusCode.BadRequest);
        using var nonsense = new StringContent("receipt,amount\r\nx,y\r\n");
        nonsense.Headers.ContentType = new("text/csv");
        await (await staff.PostAsync("/reconciliation/reports/offline", nonsense)).ShouldBeProblem(HttpStatusCode.BadRequest, "report-not-understood");
        await (await buyer.GetAsync("/reconciliation")).ShouldBeProblem(HttpStatusCode.Forbidden);

        // What the gateway kept for its service is an expense, however often it is reported.
        for (var times = 0; times < 2; times++)
        {
            using var fees = new StringContent($"receipt,amount,currency,at,fee\r\ncash,999,CNY,2026-05-0{1 + times}T00:00:00Z,12\r\n");
            fees.Headers.ContentType = new("text/csv");
            Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsync("/reconciliation/reports/offline", fees)).StatusCode);
        }

        var withFees = await Eventually.Value(
            async () => (await (await staff.GetAsync("/ledger/trial-balance")).Body(HttpStatusCode.OK)), b => b["accounts"]!.AsArray().Any(a => a.Text("account") == "gateway-fees"), "the fee in the ledger");
        Assert.True(withFees["balanced"]!.GetValue<bool>());
        Assert.Equal((12, 0), Sides(withFees, "gateway-fees"));
        Assert.Equal((999, 12), Sides(withFees, "gateway:offline"));

        // Nobody's shares and payouts are shown to another creator.
        using var another = host.Client(payments.Issuer.Token(PaymentsService.New(), "creator"));
        foreach (var list in new[] { "/payouts", "/payouts/balance" })
        {
            Assert.Empty((await (await another.GetAsync(list)).Body(HttpStatusCode.OK))["items"]!.AsArray());
        }

        async Task<string> Kinds(string range) => string.Join(' ', (await (await staff.GetAsync($"/reconciliation{range}")).Body(HttpStatusCode.OK))["differences"]!.AsArray()
            .Select(d => d.Text("kind")).Order());

        static (long Debit, long Credit) Sides(JsonNode balance, string account) => balance["accounts"]!.AsArray()
            .Where(a => a.Text("account") == account).Select(a => (a!["debit"]!.GetValue<long>(), a["credit"]!.GetValue<long>())).Single();
    }
}
