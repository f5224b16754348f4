using System.Net;
using System.Net.Http.Json;
using Community.Membership.Contracts;
using Community.Testing;
using Npgsql;

namespace Community.Payments.Tests.Subscriptions;

public sealed class GiftTests(PaymentsService payments)
{
    [Fact]
    public async Task Nothing_is_sold_or_given_for_somebody_whom_nobody_knows()
    {
        var plan = await payments.Plan("given");
        using var giver = payments.Member(PaymentsService.New());
        var (erased, early) = (await payments.Join(), PaymentsService.New());
        Assert.Equal(HttpStatusCode.OK, (await Wish("/orders/previews", erased)).StatusCode);

        // The other is erased before it is told that they joined.
        await payments.Content.Publish(PaymentsService.New(), new MemberErased(erased, 9, PaymentsService.Now));
        await payments.Content.Publish(PaymentsService.New(), new MemberErased(early, 9, PaymentsService.Now));
        await payments.Content.Publish(PaymentsService.New(), new MemberJoined(early, PaymentsService.Now, Imported: false));
        await Eventually.True(async () => (await Wish("/orders/previews", erased)).StatusCode == HttpStatusCode.Conflict, "the member to be erased");
        await using var database = NpgsqlDataSource.Create(payments.Host.Database);
        await using var both = database.CreateCommand("select exists (select from known_members where member_id = $1 and joined and erased)");
        both.Parameters.Add(new() { Value = early });
        await Eventually.True(async () => await both.ExecuteScalarAsync() is true, "both to be known of the other");

        foreach (var receiver in new[] { PaymentsService.New(), Guid.Empty, erased, early })
        {
            foreach (var path in new[] { "/orders", "/orders/previews" })
            {
                await (await Wish(path, receiver)).ShouldBeProblem(HttpStatusCode.Conflict, "member-unknown");
            }

            await (await payments.Operator.PostAsJsonAsync("/subscriptions/complimentary", new { memberId = receiver, planId = plan }))
                .ShouldBeProblem(HttpStatusCode.Conflict, "member-unknown");
        }

        // Content is for who buys it, and a plan for oneself is ordered.
        var known = await payments.Join();
        using var self = payments.Member(known);
        await (await self.PostAsJsonAsync("/orders", new { items = new[] { new { productId = await payments.Offer(), quantity = 1 } }, giftTo = known }))
            .ShouldBeProblem(HttpStatusCode.Conflict, "gift-without-plan");
        await (await self.PostAsJsonAsync("/orders", new { items = new[] { new { productId = plan, quantity = 1 } }, giftTo = known }))
            .ShouldBeProblem(HttpStatusCode.Conflict, "gift-to-oneself");

        Task<HttpResponseMessage> Wish(string path, Guid receiver) =>
            giver.PostAsJsonAsync(path, new { items = new[] { new { productId = plan, quantity = 1 } }, giftTo = receiver });
    }

    [Fact]
    public async Task A_gift_leaves_what_one_has_and_can_be_declined()
    {
        var (dear, cheap) = (await payments.Plan("dear", 9_000, "QAR"), await payments.Plan("cheap", 1_000, "QAR"));
        var receiver = await payments.Join();
        using var client = payments.Member(receiver);
        using var giver = payments.Member(PaymentsService.New());
        var own = (await payments.Buy(client, (dear, 1))).Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{own}", s => s.Text("status") == "active");
        var order = await PaymentsService.Give(giver, cheap, receiver);
        await payments.Pay(giver, order);
        var gift = order.Id("orderId");
        await Neighbourhood.Until(client, $"/subscriptions/{gift}", s => s.Text("status") == "active");
        await (await giver.PostAsync($"/subscriptions/{gift}/refusal", null)).ShouldBeProblem(HttpStatusCode.NotFound);
        await (await client.PostAsync($"/subscriptions/{own}/refusal", null)).ShouldBeProblem(HttpStatusCode.Conflict, "subscription-not-given");
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/subscriptions/{gift}/refusal", null)).StatusCode);
        Assert.Equal("ended", (await (await client.GetAsync($"/subscriptions/{gift}")).Body(HttpStatusCode.OK)).Text("status"));
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/subscriptions/{gift}/refusal", null)).StatusCode);

        // Who gave it gets the money back, and what the receiver pays for stays.
        await Neighbourhood.Until(giver, $"/orders/{gift}", o => o.Text("status") == "refunded");
        var balance = await payments.Balance("QAR", 12_000);
        Assert.Equal(((1_000, 10_000), (10_000, 1_000)), (balance["deferred-revenue"], balance["gateway:sandbox"]));
        Assert.Equal("active", (await (await client.GetAsync($"/subscriptions/{own}")).Body(HttpStatusCode.OK)).Text("status"));
    }
}
