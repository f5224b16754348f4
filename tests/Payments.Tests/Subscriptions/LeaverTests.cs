using System.Net;
using System.Net.Http.Json;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Payments.Invoices;
using Community.Payments.Orders;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Subscriptions;

public sealed class LeaverTests(Neighbourhood payments)
{
    [Fact]
    public async Task Who_departs_keeps_what_is_paid_and_is_not_charged_again()
    {
        var member = PaymentsService.New();
        using var client = payments.Member(member);
        var id = (await payments.Buy(client, await payments.Plan(3_000))).Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == "active");
        await payments.Say(new MemberDeparted(member, 2, PaymentsService.Now));
        await Neighbourhood.Until(payments.Operator, $"/subscriptions/{id}", s => s.Text("status") == "cancelled");
    }

    [Fact]
    public async Task An_erased_member_s_subscriptions_end_what_was_to_stand_on_invoices_is_gone_and_the_issued_ones_stay()
    {
        var member = PaymentsService.New();
        using var client = payments.Member(member);
        await client.PutAsJsonAsync("/billing-details", new { name = "Wang Wu Ltd", address = "1 Road" });
        var id = (await payments.Buy(client, await payments.Plan(3_000))).Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == "active");
        var invoices = await Neighbourhood.Until(client, "/invoices", list => list["items"]!.AsArray().Count == 1);
        await payments.Say(new MemberErased(member, 2, PaymentsService.Now));
        await Neighbourhood.Until(payments.Operator, $"/subscriptions/{id}", s => s.Text("status") == "ended");

        // Who is erased is refused; what is kept of them an operator sees.
        await Eventually.True(async () => (await client.GetAsync("/billing-details")).StatusCode == HttpStatusCode.Unauthorized, "a token to be refused");
        var kept = await (await payments.Operator.GetAsync($"/invoices/{invoices["items"]![0].Id("invoiceId")}")).Body(HttpStatusCode.OK);
        Assert.Equal("Wang Wu Ltd", kept["buyer"].Text("name"));
        var keys = payments.Host.Services.GetRequiredService<KeyRing>();
        await using var session = payments.Session();
        var details = (await session.Events.QueryAllRawEvents().ToListAsync(TestContext.Current.CancellationToken))
            .Select(e => e.Data).OfType<BillingDetailsGiven>().Single(e => e.Details.KeyId == member);
        Assert.Null((await keys.Find([member], CancellationToken.None)).Open(details.Details));
    }

    [Fact]
    public async Task What_comes_too_late_for_a_subscription_and_credit_that_is_left_go_back_by_themselves()
    {
        var (dear, cheap) = (await payments.Plan(9_000, "platinum", "SEK"), await payments.Plan(3_000, "gold", "SEK"));
        using var client = payments.Member(PaymentsService.New());
        var id = (await payments.Buy(client, dear)).Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{id}", s => s.Text("status") == "active");
        var changed = await (await client.PostAsJsonAsync($"/subscriptions/{id}/plan", new { planId = cheap })).Body(HttpStatusCode.OK);
        Assert.Equal(6_000, changed["credit"]!["amount"]!.GetValue<long>());
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Operator.DeleteAsync($"/subscriptions/{id}")).StatusCode);
        await Neighbourhood.Until(client, $"/orders/{id}", o => o.Text("status") == "partiallyRefunded" && o["refunded"]!["amount"]!.GetValue<long>() == 6_000);

        // A renewal that nobody waits for.
        var other = (await payments.Buy(client, cheap)).Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{other}", s => s.Text("status") == "active");
        var (store, late) = (payments.Host.Services.GetRequiredService<IDocumentStore>(), PaymentsService.New());
        await store.Handle(
            Order.Decider, late, new PlaceOrder(PaymentsService.New(), [new(cheap, "renewal", other, "Gold", 1, new Money(3_000, "SEK"))], PaymentsService.Now), TestContext.Current.CancellationToken);
        await (await payments.Operator.PostAsJsonAsync($"/orders/{late}/offline-payments", new { reference = "late" })).Body(HttpStatusCode.Created);
        await Neighbourhood.Until(payments.Operator, $"/orders/{late}", o => o.Text("status") == "refunded");
        await Neighbourhood.Until(payments.Operator, "/ledger/trial-balance", balance =>
        {
            var accounts = balance["accounts"]!.AsArray().Where(a => a.Text("currency") == "SEK")
                .ToDictionary(a => a.Text("account"), a => a!["debit"]!.GetValue<long>() - a["credit"]!.GetValue<long>());

            return accounts.GetValueOrDefault("gateway:offline", -1) == 0 && accounts.GetValueOrDefault("member-credit", -1) == 0
                && accounts.GetValueOrDefault("refunds", -1) == 0 && accounts.GetValueOrDefault("gateway:sandbox") == 6_000;
        });
    }
}
