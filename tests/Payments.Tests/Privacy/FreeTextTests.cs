using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Payments.Tests.Privacy;

/// <summary>What staff write may name somebody: it is sealed, so that it goes with the member.</summary>
public sealed class FreeTextTests(PaymentsService payments)
{
    [Fact]
    public async Task A_refund_s_reason_is_read_by_who_may_and_goes_with_the_member()
    {
        var (member, name) = (PaymentsService.New(), $"Han Meimei {PaymentsService.New():N}");
        using var client = payments.Member(member);
        var order = await payments.Buy(client, (await payments.Offer(), 1));
        await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = $"{name} asked for it" })).Body(HttpStatusCode.Created);
        Assert.Contains(name, await History(order), StringComparison.Ordinal);
        Assert.Empty(await InTheClear(name));

        await payments.Host.Services.GetRequiredService<KeyRing>().Erase(member, CancellationToken.None);
        Assert.DoesNotContain(name, await History(order), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offline_reference_is_still_the_same_money_and_goes_with_the_member()
    {
        var (member, name) = (PaymentsService.New(), $"Li Lei {PaymentsService.New():N}");
        using var client = payments.Member(member);
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));

        foreach (var reference in new[] { $"Transfer of {name}", $" Transfer of {name} " })
        {
            using var recorded = await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference });
            Assert.Equal("paid", (await recorded.Body(HttpStatusCode.Created)).Text("status"));
        }

        await payments.AllIsProjected(order.Id("orderId"));
        var history = await History(order);
        Assert.Contains(name, history, StringComparison.Ordinal);
        Assert.DoesNotContain("order-refund-owed", history, StringComparison.Ordinal);
        Assert.Empty(await InTheClear(name));

        // The bank's statement names it as it was written there.
        using var report = new StringContent($"receipt,amount,currency,at\nTransfer of {name},9900,CNY,2026-05-01T10:00:00Z\n");
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Operator.PostAsync("/reconciliation/reports/offline", report)).StatusCode);
        Assert.Empty(await InTheClear(name));

        await payments.Host.Services.GetRequiredService<KeyRing>().Erase(member, CancellationToken.None);
        Assert.DoesNotContain(name, await History(order), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_given_back_by_hand_is_noted_without_a_name_in_the_clear()
    {
        var (member, name) = (PaymentsService.New(), $"Wang Fang {PaymentsService.New():N}");
        using var client = payments.Member(member);
        var order = await PaymentsService.Place(client, (await payments.Offer(), 1));
        await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/offline-payments", new { reference = $"cash of {name}" })).Body(HttpStatusCode.Created);
        var refund = (await (await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" })).Body(HttpStatusCode.Created)).Id("refundId");
        await Neighbourhood.Until(payments.Operator, $"/refunds/{refund}", r => r.Text("status") == "failed");

        for (var times = 0; times < 2; times++)
        {
            var sent = await (await payments.Operator.PostAsJsonAsync($"/refunds/{refund}/confirmation", new { reference = $"cash to {name}" })).Body(HttpStatusCode.OK);
            Assert.Equal(("sent", $"cash to {name}"), (sent.Text("status"), sent.Text("number")));
        }

        Assert.Empty(await InTheClear(name));
        await payments.Host.Services.GetRequiredService<KeyRing>().Erase(member, CancellationToken.None);
        Assert.DoesNotContain(name, await (await payments.Operator.GetAsync($"/refunds/{refund}")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> History(JsonNode order)
    {
        using var answer = await payments.Operator.GetAsync($"/orders/{order.Id("orderId")}/history");

        return (await answer.Body(HttpStatusCode.OK)).ToJsonString();
    }

    /// <summary>Columns of the database in which the text stands.</summary>
    private async Task<IReadOnlyList<string>> InTheClear(string text)
    {
        await using var database = NpgsqlDataSource.Create(payments.Host.Database);
        var columns = new List<(string Table, string Column)>();

        await using (var list = database.CreateCommand(
            "select format('%I.%I', table_schema, table_name), quote_ident(column_name) from information_schema.columns join information_schema.tables using (table_schema, table_name) where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') and data_type in ('jsonb', 'text', 'character varying')"))
        await using (var rows = await list.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                columns.Add((rows.GetString(0), rows.GetString(1)));
            }
        }

        var found = new List<string>();

        foreach (var (table, column) in columns)
        {
            await using var any = database.CreateCommand($"select exists (select from {table} where strpos({column}::text, $1) > 0)");
            any.Parameters.Add(new() { Value = text });

            if (await any.ExecuteScalarAsync() is true)
            {
                found.Add($"{table}.{column}");
            }
        }

        return found;
    }
}
