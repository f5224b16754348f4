using System.Net;
using System.Net.Http.Json;
using Community.Payments.Gateways;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Payments.Refunds;
using Community.Testing;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Community.Payments.Tests.Ledger;

public sealed class LedgerTests(PaymentsService payments)
{
    [Fact]
    public async Task The_trial_balance_shows_what_was_as_of_an_instant()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await payments.Buy(client, (await payments.Offer(600, "JPY"), 3));
        await payments.Balance("JPY", 1800);
        var history = await (await client.GetAsync($"/orders/{order.Id("orderId")}/history")).Body(HttpStatusCode.OK);
        var paidAt = history["items"]![2].Text("at");
        using var refunding = await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" });
        await refunding.Body(HttpStatusCode.Created);
        var now = await payments.Balance("JPY", 3600);
        Assert.Equal((1800, 1800), now["gateway:sandbox"]);
        Assert.Equal((1800, 0), now["refunds"]);
        var then = await payments.Balance("JPY", 1800, $"?asOf={paidAt}");
        Assert.Equal((1800, 0), then["gateway:sandbox"]);
        Assert.Equal((0, 1800), then["sales"]);
        Assert.Empty(await payments.Balance("JPY", 0, $"?asOf={history["items"]![1].Text("at")}"));
    }

    [Fact]
    public async Task Only_operators_see_it()
    {
        await (await payments.Anybody().GetAsync("/ledger/trial-balance")).ShouldBeProblem(HttpStatusCode.Unauthorized);
        await (await payments.Member(PaymentsService.New()).GetAsync("/ledger/trial-balance")).ShouldBeProblem(HttpStatusCode.Forbidden);
        await (await payments.Member(PaymentsService.New()).GetAsync("/refunds-owed")).ShouldBeProblem(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await payments.Member(PaymentsService.New(), "owner").GetAsync("/ledger/trial-balance")).StatusCode);
    }

    [Fact]
    public async Task It_is_what_a_replay_of_the_log_from_zero_gives()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await payments.Buy(client, (await payments.Offer(250, "PLN"), 2));
        await payments.Webhook(PaymentsService.Notification(order.Id("orderId"), PaymentsService.New(), "more", 77, "PLN"));
        await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount = 100, currency = "PLN" } });
        var shown = await payments.Balance("PLN", 677);
        await using var session = payments.Session();
        var log = await session.Events.QueryAllRawEvents().OrderBy(e => e.Sequence).ToListAsync(TestContext.Current.CancellationToken);
        var replayed = log.Select(e => e.Data).OfType<OrderEvent>().SelectMany(Movements.Of).Where(p => p.Currency == "PLN")
            .GroupBy(p => p.Account).ToDictionary(g => g.Key, g => (g.Sum(p => p.Debit), g.Sum(p => p.Credit)));
        Assert.Equal(replayed.OrderBy(a => a.Key), shown.OrderBy(a => a.Key));
    }

    [Fact]
    public async Task Every_read_model_that_is_broken_is_mended_by_its_rebuild()
    {
        using var client = payments.Member(PaymentsService.New());
        var order = await payments.Buy(client, (await payments.Offer(250, "MAD"), 2));
        await payments.Webhook(PaymentsService.Notification(order.Id("orderId"), PaymentsService.New(), "again", 77, "MAD"));
        var balance = await payments.Balance("MAD", 577);
        await payments.AllIsProjected(order.Id("orderId"));
        var lists = await Lists(client, order);
        Assert.All(lists, Assert.NotNull);

        await using (var connection = new NpgsqlConnection(payments.Host.Database))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var damage = new NpgsqlCommand(
                $"delete from ledger_postings where order_id = '{order.Id("orderId")}'; "
                + $"delete from mt_doc_orderinlist where id = '{order.Id("orderId")}'; delete from mt_doc_owedrefund where data ->> 'orderId' = '{order.Id("orderId")}'",
                connection);
            Assert.Equal(6, await damage.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        Assert.All(await Lists(client, order), Assert.Null);
        using var rebuilder = payments.Operator;
        var projections = (await (await rebuilder.GetAsync("/projections")).Body(HttpStatusCode.OK))["items"]!.AsArray()
            .Where(p => p!["rebuildable"]!.GetValue<bool>()).Select(p => p.Text("name")).ToList();
        Assert.Superset(new HashSet<string> { "OrderInList", "OwedRefunds", "Postings", "SubscriptionInList" }, projections.ToHashSet());

        foreach (var projection in projections)
        {
            using var asked = await rebuilder.PostAsync($"/projections/{projection}/rebuilds", null);
            await asked.Body(HttpStatusCode.Accepted);
            var ended = await Eventually.Value(
                async () => await (await rebuilder.GetAsync(asked.Headers.Location)).Body(HttpStatusCode.OK), r => r["endedAt"] is not null, $"the rebuild of {projection} to end");
            Assert.Equal("finished", ended.Text("status"));
        }

        Assert.Equal(balance.OrderBy(a => a.Key), (await payments.Balance("MAD", 577)).OrderBy(a => a.Key));
        Assert.Equal(lists, await Lists(client, order));
    }

    private async Task<string?[]> Lists(HttpClient client, System.Text.Json.Nodes.JsonNode order)
    {
        var mine = await (await client.GetAsync("/orders")).Body(HttpStatusCode.OK);
        var owed = await (await payments.Operator.GetAsync("/refunds-owed?limit=100")).Body(HttpStatusCode.OK);

        return [.. new[] { mine, owed }.Select(list => list["items"]!.AsArray()
            .SingleOrDefault(item => item.Id("orderId") == order.Id("orderId"))?.ToJsonString())];
    }
}
