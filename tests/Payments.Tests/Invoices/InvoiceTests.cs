using System.Net;
using System.Net.Http.Json;
using Community.EventStore;
using Community.Payments.Invoices;
using Community.Payments.Orders;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using UglyToad.PdfPig;

namespace Community.Payments.Tests.Invoices;

public sealed class InvoiceTests(PaymentsService payments)
{
    [Fact]
    public async Task Money_has_an_invoice_a_refund_a_credit_note_and_both_outlive_the_erased_member()
    {
        var member = PaymentsService.New();
        using var client = payments.Member(member);
        using var given = await client.PutAsJsonAsync("/billing-details", new { name = "李雷 <Ltd>", address = "1 Road\nTown" });
        Assert.Equal(HttpStatusCode.NoContent, given.StatusCode);
        Assert.Equal("李雷 <Ltd>", (await (await client.GetAsync("/billing-details")).Body(HttpStatusCode.OK)).Text("name"));
        var order = await payments.Buy(client, (await payments.Offer(1250, "PHP", "Two & more"), 2));
        await (await payments.Operator.PostAsJsonAsync(
            $"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken", amount = new { amount = 500, currency = "PHP" } })).Body(HttpStatusCode.Created);
        var list = await Eventually.Value(
            async () => (await (await client.GetAsync("/invoices")).Body(HttpStatusCode.OK))["items"]!.AsArray(), items => items.Count == 2, "an invoice and a credit note");
        var (note, invoice) = (list[0]!, list[1]!);
        Assert.Equal(("creditNote", invoice.Id("invoiceId"), 500), (note.Text("kind"), note.Id("credits"), note["total"]!["amount"]!.GetValue<long>()));
        Assert.Equal(("invoice", 2500), (invoice.Text("kind"), invoice["total"]!["amount"]!.GetValue<long>()));
        Assert.Matches("^[0-9]{4}-[0-9]{6}$", invoice.Text("number"));
        await (await payments.Member(PaymentsService.New()).GetAsync($"/invoices/{invoice.Id("invoiceId")}")).ShouldBeProblem(HttpStatusCode.NotFound);

        // The member's key is gone, and with it what was given for invoices to come.
        await payments.Host.Services.GetRequiredService<KeyRing>().Erase(member, CancellationToken.None);
        await (await client.GetAsync("/billing-details")).ShouldBeProblem(HttpStatusCode.NotFound);
        var kept = await (await client.GetAsync($"/invoices/{invoice.Id("invoiceId")}")).Body(HttpStatusCode.OK);
        Assert.Equal("李雷 <Ltd>", kept["buyer"].Text("name"));
        Assert.Contains("law", kept.Text("kept"), StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/invoices/{invoice.Id("invoiceId")}/document") { Headers = { { "Accept-Language", "zh" } } };
        using var page = await client.SendAsync(request);
        var html = await page.Content.ReadAsStringAsync();
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);

        foreach (var part in new[] { "<html lang=\"zh\">", "发票", "李雷 &lt;Ltd&gt;", "Two &amp; more", "25.00 PHP", "依法" })
        {
            Assert.Contains(part, html, StringComparison.Ordinal);
        }

        // With a font for what stands on it, and a clear word without.
        using var pdf = await client.GetAsync($"/invoices/{invoice.Id("invoiceId")}/pdf");

        if ("李雷Ltd".EnumerateRunes().All(rune => Fonts.With(rune.Value) is not null))
        {
            Assert.Equal((HttpStatusCode.OK, "application/pdf"), (pdf.StatusCode, pdf.Content.Headers.ContentType?.MediaType));
            var bytes = await pdf.Content.ReadAsByteArrayAsync();
            Assert.StartsWith("%PDF-", System.Text.Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
            Assert.Contains("%%EOF", System.Text.Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
            using var document = PdfDocument.Open(bytes);
            var text = string.Concat(document.GetPages().SelectMany(sheet => sheet.GetWords()).Select(word => word.Text));

            foreach (var part in new[] { invoice.Text("number"), "李雷<Ltd>", "1Road", "Two&more", "25.00PHP" })
            {
                Assert.Contains(part, text, StringComparison.Ordinal);
            }
        }
        else
        {
            TestContext.Current.SendDiagnosticMessage("This machine has no Chinese font: no PDF was made.");
            await pdf.ShouldBeProblem(HttpStatusCode.Conflict, "invoice-font-missing");
        }

        await (await payments.Member(PaymentsService.New()).GetAsync($"/invoices/{invoice.Id("invoiceId")}/pdf")).ShouldBeProblem(HttpStatusCode.NotFound);

        // No name in the clear in the log.
        await using var session = payments.Session();
        var stored = await session.Events.FetchStreamAsync(invoice.Id("invoiceId"));
        Assert.DoesNotContain("李雷", System.Text.Json.JsonSerializer.Serialize(stored[0].Data, EventTypes.Json), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_is_paid_and_refunded_at_once_numbers_have_no_gaps_and_no_money_two_invoices()
    {
        var product = await payments.Offer(1000, "VND");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            using var client = payments.Member(PaymentsService.New());
            var order = await payments.Buy(client, (product, 1));

            if (n % 3 == 0)
            {
                await payments.Operator.PostAsJsonAsync($"/orders/{order.Id("orderId")}/refunds", new { reason = "Broken" });
            }
        }));
        await Eventually.True(
            async () =>
            {
                await using var session = payments.Session();
                // What was paid elsewhere has its document from there.
                var money = (await session.Events.QueryAllRawEvents().ToListAsync()).Count(e => e.Data is OrderPaid { Amount.Amount: > 0, Imported: false } or OrderRefunded { Imported: false });
                var issued = (await session.Events.QueryAllRawEvents().ToListAsync()).Where(e => e.Data is InvoiceIssued).Select(e => (InvoiceIssued)e.Data).ToList();

                foreach (var year in issued.GroupBy(i => i.Year))
                {
                    Assert.Equal(Enumerable.Range(1, year.Count()), year.Select(i => i.Number).Order());
                }

                return issued.Count >= money && issued.Count(i => i.Total.Currency == "VND") == 27;
            }, "an invoice for all money");
    }
}
