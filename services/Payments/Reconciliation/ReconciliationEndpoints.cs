using System.Data;
using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Payments.Gateways;
using Community.Payments.Invoices;
using Community.Payments.Ledger;
using Community.Privacy;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Npgsql;

namespace Community.Payments.Reconciliation;

/// <param name="Payments">Arrivals and returns of money that were looked at.</param>
/// <param name="TimeZone">The community's: in it the days of <c>from</c> and <c>to</c> begin and end.</param>
internal sealed record ReconciliationView(int Payments, int Entitlements, int ReportLines, IReadOnlyList<Difference> Differences, string TimeZone);

internal sealed record ReconciliationServices(CommunityZone Community, OfflineMoney Offline, KeyRing Keys, IDocumentStore Store, NpgsqlDataSource Database);

internal static class ReconciliationEndpoints
{
    public static void MapReconciliation(this IEndpointRouteBuilder app)
    {
        var reconciliation = app.MapGroup("/reconciliation").RequireRoles("operator")
            .WithTag("Reconciliation", "Orders, payments, gateways' reports, ledger, invoices and entitlements held against each other.");
        reconciliation.MapGet("", Reconcile).WithSummary("Every difference between those who know of the same money");
        reconciliation.MapPost("/reports/{gateway}", Upload).AllowLargeBody().ProducesProblem(413)
            .WithSummary("Takes a gateway's report: CSV with the columns receipt, amount (minor units), currency, at and, if it says, fee, in any order; the same one again changes nothing")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["text/csv"] = new() } };

                return Task.CompletedTask;
            });
    }

    private static async Task<Ok<ReconciliationView>> Reconcile(
        DateOnly? from, DateOnly? to, [AsParameters] ReconciliationServices services, CancellationToken ct)
    {
        var (community, offline, keys, store, database) = services;
        var zone = await community.Now(ct);
        var begin = from is { } first ? zone.StartOf(first) : DateTimeOffset.MinValue;
        var end = to is { } last && last < DateOnly.MaxValue ? zone.StartOf(last.AddDays(1)) : DateTimeOffset.MaxValue;
        var recorded = new RecordedFacts(begin, end);
        await using var session = store.LightweightSession(new Marten.Services.SessionOptions { IsolationLevel = IsolationLevel.RepeatableRead });
        await session.BeginTransactionAsync(ct);
        await recorded.Read(session, RecordedFacts.Page, ct);
        var money = recorded.Money.Select(fact => fact.Gateway == OfflineMoney.Gateway && fact.Receipt is { } receipt
            ? fact with { Receipt = offline.DigestOf(receipt) }
            : fact).ToList();
        var (ledger, unbalanced) = await Ledger(store, database, begin, end, ct);
        var (reports, entitlements) = (recorded.Reports, recorded.Entitlements);
        var inputs = new ReconciliationInputs(
            money, ledger, unbalanced, reports, recorded.PlanOrders, recorded.PaidOrders, recorded.RefundedOrders, entitlements,
            (await Invoiced(session, money, ct)).Concat(recorded.WithoutInvoice).ToHashSet())
        {
            Receipts = recorded.Receipts
        };

        return TypedResults.Ok(new ReconciliationView(money.Count, entitlements.Count, reports.Values.Sum(lines => lines.Count), await Readable(inputs.Differences(), money, keys, ct), zone.Id));
    }

    // A digest says nothing to whoever has to look for the money.
    private static async Task<IReadOnlyList<Difference>> Readable(IReadOnlyList<Difference> differences, List<MoneyFact> money, KeyRing keys, CancellationToken ct)
    {
        var sealedWords = money.Where(fact => fact.Words is not null).DistinctBy(fact => fact.Receipt).ToDictionary(fact => $"{fact.Gateway} {fact.Receipt}", fact => fact.Words);
        var named = differences.Where(difference => sealedWords.ContainsKey(difference.Subject)).ToList();
        var ring = await keys.Find([.. named.Select(difference => sealedWords[difference.Subject]!.KeyId).Distinct()], ct);

        return [.. differences.Select(difference => ring.Open(sealedWords.GetValueOrDefault(difference.Subject)) is { } words
            ? difference with { Subject = $"{OfflineMoney.Gateway} {words}" }
            : difference)];
    }

    private static async Task<List<Guid>> Invoiced(IQuerySession session, List<MoneyFact> money, CancellationToken ct)
    {
        var invoiced = new List<Guid>();

        foreach (var some in money.Select(fact => fact.EventId).Chunk(RecordedFacts.Page))
        {
            var facts = some.ToDictionary(InvoiceIds.Of);
            var wanted = facts.Keys.ToArray();
            invoiced.AddRange((await session.Query<InvoiceInList>().Where(i => wanted.Contains(i.Id)).Select(i => i.Id).ToListAsync(ct)).Select(id => facts[id]));
        }

        return invoiced;
    }

    private static async Task<(List<LedgerFact> Facts, List<(string Currency, long Difference)> Unbalanced)> Ledger(
        IDocumentStore store, NpgsqlDataSource database, DateTimeOffset begin, DateTimeOffset end, CancellationToken ct)
    {
        var postings = Postings.TableName(store.Options.DatabaseSchemaName);
        var (facts, unbalanced) = (new List<LedgerFact>(), new List<(string, long)>());
        await using var select = database.CreateCommand($"""
            select event_id, substr(account, 9), currency, sum(debit - credit)::bigint from {postings}
            where account like 'gateway:%' and at >= $1 and at < $2
                and event_id not in (select event_id from {postings} where account = '{Movements.Fees}')
            group by event_id, account, currency
            """);
        select.Parameters.Add(new() { Value = begin });
        select.Parameters.Add(new() { Value = end });

        await using (var rows = await select.ExecuteReaderAsync(ct))
        {
            while (await rows.ReadAsync(ct))
            {
                facts.Add(new LedgerFact(rows.GetGuid(0), rows.GetString(1), new Money(rows.GetInt64(3), rows.GetString(2))));
            }
        }

        await using var sums = database.CreateCommand(
            $"select currency, sum(debit - credit)::bigint from {postings} where at >= $1 and at < $2 group by currency having sum(debit - credit) <> 0");
        sums.Parameters.Add(new() { Value = begin });
        sums.Parameters.Add(new() { Value = end });
        await using var differences = await sums.ExecuteReaderAsync(ct);

        while (await differences.ReadAsync(ct))
        {
            unbalanced.Add((differences.GetString(0), differences.GetInt64(1)));
        }

        return (facts, unbalanced);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Upload(
        string gateway, HttpRequest request, OfflineMoney offline, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(ct);

        var (lines, fault) = gateway.Length > 50 ? ([], "There is no such gateway.") : ReportFile.Read(new StringReader(text));

        if (fault is not null)
        {
            return Problems.Problem(StatusCodes.Status400BadRequest, "report-not-understood", fault);
        }

        // What a bank's statement says of a transfer may name who made it.
        if (gateway == OfflineMoney.Gateway)
        {
            lines = [.. lines.Select(line => line with { Receipt = offline.Digest(line.Receipt) })];
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        await store.Handle(
            GatewayReport.Decider, StreamId.Of("gateway-report", $"{gateway}/{hash}"), new UploadReport(gateway, lines, clock.GetUtcNow()), ct);

        return TypedResults.NoContent();
    }
}
