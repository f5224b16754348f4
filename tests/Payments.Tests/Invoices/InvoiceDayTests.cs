using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Community.Membership.Contracts;
using Community.Payments.Tests.Subscriptions;
using Community.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Invoices;

public sealed class InvoiceDayTests(PaymentsService payments)
{
    /// <summary>In Shanghai it is the first of January, at three in the morning.</summary>
    private static readonly DateTimeOffset NewYear = new(2026, 12, 31, 19, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Years_and_days_are_those_of_the_community_and_dates_those_of_the_reader()
    {
        var clock = new MovedClock();
        clock.Move(NewYear);
        var broker = await Servers.CreateVirtualHost("payments");
        await using var others = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, new Dictionary<string, string?> { ["Gateways:Sandbox:Secret"] = PaymentsService.Secret }, messaging: broker,
            configure: services => services.AddSingleton<TimeProvider>(clock));
        using var staff = host.Client(payments.Issuer.Token(PaymentsService.New(), ["member", "operator"], [], TimeSpan.FromDays(4000)));
        using var client = host.Client(payments.Issuer.Token(PaymentsService.New(), ["member"], [], TimeSpan.FromDays(4000)));
        await Arrange("Asia/Shanghai", 1);
        await Neighbourhood.Until(staff, "/reconciliation", answer => answer["timeZone"]?.GetValue<string>() == "Asia/Shanghai");

        var plan = (await (await staff.PostAsJsonAsync("/plans", new { name = "Gold", tier = "gold", price = new { amount = 1_000, currency = "CNY" }, interval = "month" }))
            .Body(HttpStatusCode.Created)).Id("planId");
        await Buy(plan);
        var invoice = (await Neighbourhood.Until(client, "/invoices", list => list["items"]!.AsArray().Count == 1))["items"]![0]!;
        Assert.Equal(("2027-000001", "2027-01-01", "Asia/Shanghai"), (invoice.Text("number"), invoice.Text("issuedOn"), invoice.Text("timeZone")));

        foreach (var (language, date) in new[]
        {
            ("en", "1 January 2027"), ("en-GB", "1 January 2027"), ("de-DE", "1 January 2027"), ("en-US", "January 1, 2027"), ("zh-CN", "2027年1月1日")
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/invoices/{invoice.Id("invoiceId")}/document") { Headers = { { "Accept-Language", language } } };
            using var page = await client.SendAsync(request);
            var html = await page.Content.ReadAsStringAsync();
            Assert.Contains($">{date}</time> (Asia/Shanghai)", html, StringComparison.Ordinal);
            Assert.Contains("datetime=\"2027-01-01T03:00:", html, StringComparison.Ordinal);
        }

        // One day by itself has all of it, and only that day.
        await Counted(staff, "2027-01-01", 1);
        await Counted(staff, "2026-12-31", 0);

        // An invoice stays as it was issued, wherever the community moves.
        await Arrange("America/New_York", 2);
        await Neighbourhood.Until(staff, "/reconciliation", answer => answer.Text("timeZone") == "America/New_York");
        Assert.Equal("2027-01-01", (await (await client.GetAsync($"/invoices/{invoice.Id("invoiceId")}")).Body(HttpStatusCode.OK)).Text("issuedOn"));
        await Counted(staff, "2026-12-31", 1);
        await Buy(plan, other: true);
        var list = (await Neighbourhood.Until(staff, "/invoices", all => all["items"]!.AsArray().Count == 2))["items"]!.AsArray();
        Assert.Equal(["2027-000001", "2026-000001"], list.Select(i => i.Text("number")));

        // Told late, the former arrangement changes nothing.
        await Arrange("Asia/Shanghai", 1);
        await Counted(staff, "2026-12-31", 2);

        // A gateway's refusals are counted by the same days.
        using var forged = new HttpRequestMessage(HttpMethod.Post, "/webhooks/sandbox") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        await (await host.Client().SendAsync(forged)).ShouldBeProblem(HttpStatusCode.Unauthorized);
        var refused = (await (await staff.GetAsync("/gateways")).Body(HttpStatusCode.OK))["items"]!.AsArray().Single(g => g.Text("gateway") == "sandbox")!["refused"]!.AsArray();
        Assert.Equal("2026-12-31", Assert.Single(refused).Text("day"));

        Task Arrange(string zone, long version) => others.Publish(
            PaymentsService.New(), new CommunityArranged("Ours", zone, "CNY", ["zh"], "open", true, version, NewYear.AddDays(-1).AddMinutes(version)));

        async Task Buy(Guid product, bool other = false)
        {
            using var buyer = other ? host.Client(payments.Issuer.Token(PaymentsService.New(), ["member"], [], TimeSpan.FromDays(4000))) : null;
            var placed = await PaymentsService.Place(buyer ?? client, (product, 1));
            var started = await PaymentsService.StartPayment(buyer ?? client, placed);
            Assert.Equal(HttpStatusCode.NoContent, (await host.Client().PostAsync(started["action"].Text("url"), null)).StatusCode);
        }
    }

    private static Task<JsonNode> Counted(HttpClient staff, string day, int number) => Neighbourhood.Until(
        staff, $"/reconciliation?from={day}&to={day}", answer => answer["payments"]!.GetValue<int>() == number);
}
