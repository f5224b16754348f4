using System.Net;
using System.Net.Http.Json;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Testing;
using Microsoft.Extensions.Configuration;

namespace Community.Payments.Tests.Orders;

public sealed class TaxTests(Neighbourhood payments)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly OrderLine Line = new(new(8, 0, 0, new byte[8]), "content", new(8, 0, 0, new byte[8]), "Book", 1, Cny(10_600));

    [Fact]
    public void It_is_in_what_is_paid_and_goes_back_with_it_to_the_last_unit()
    {
        OrderEvent[] events = [];
        Send(new PlaceOrder(Guid.Empty, [Line], Noon) { TaxPercent = 6 });
        Send(new ConfirmPayment(Guid.Empty, new Receipt("sandbox", "1"), Cny(10_600), Noon));
        Assert.Equal(Cny(600), events.OfType<OrderPaid>().Single().Tax);

        foreach (var n in Enumerable.Range(1, 5))
        {
            Send(new RefundOrder(new Guid(n, 0, 0, new byte[8]), n < 5 ? Cny(1_774) : null, "Broken", Noon));
        }

        Assert.Equal([100, 100, 100, 100, 200], events.OfType<OrderRefunded>().Select(e => e.Tax!.Amount));
        var balance = events.SelectMany(Movements.Of).GroupBy(p => p.Account).ToDictionary(g => g.Key, g => g.Sum(p => p.Credit - p.Debit));
        Assert.Equal((0, 0, 10_600, -10_600), (balance["tax"], balance["tax-included"], balance["sales"], balance["refunds"]));

        void Send(OrderCommand command)
        {
            var state = events.Aggregate(Order.Decider.Initial, Order.Decider.Evolve);
            events = [.. events, .. Order.Decider.Decide(state, command).Events];
        }
    }

    [Theory]
    [InlineData(10_600, "6", 600)]
    [InlineData(1, "6", 0)]
    [InlineData(100, "13", 12)] // 11.504…
    [InlineData(206, "3", 6)]
    [InlineData(105, "100", 52)] // 52.5, half to even
    public void It_is_rounded_half_to_even(long gross, string percent, long tax) =>
        Assert.Equal(Cny(tax), Cny(gross).TaxAt(decimal.Parse(percent, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void Monthly_revenue_is_without_it() => Assert.Equal(
        Cny(1_000), Subscription.MonthlyOf(new Terms(Guid.Empty, "Gold", "gold", Cny(12_720), PlanInterval.Year) { TaxPercent = 6 }, null));

    [Theory]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("six")]
    public void A_rate_that_is_none_is_said_at_the_start(string percent) => Assert.Contains(
        "Tax:Percent", Assert.Throws<InvalidOperationException>(() => Tax.Of(new ConfigurationBuilder().AddInMemoryCollection([new("Tax:Percent", percent)]).Build())).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_order_its_invoice_and_the_ledger_say_how_much_it_is()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await payments.Buy(client, await payments.Offer(1_060, "NOK"));
        Assert.Equal(60, order["tax"]!["amount"]!.GetValue<long>());
        var invoice = (await Neighbourhood.Until(client, "/invoices", list => list["items"]!.AsArray().Count == 1))["items"]![0];
        Assert.Equal(60, invoice!["tax"]!["amount"]!.GetValue<long>());
        Assert.Contains("Tax included", await (await client.GetAsync($"/invoices/{invoice.Id("invoiceId")}/document")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Neighbourhood.Until(payments.Operator, "/ledger/trial-balance", balance => balance["accounts"]!.AsArray()
            .Any(a => a.Text("account") == "tax" && a.Text("currency") == "NOK" && a!["credit"]!.GetValue<long>() == 60));
        await Neighbourhood.Until(payments.Operator, "/reconciliation", r => r["differences"]!.AsArray().All(d => !d!.ToJsonString().Contains("NOK", StringComparison.Ordinal)));
    }

    private static Money Cny(long amount) => new(amount, "CNY");
}
