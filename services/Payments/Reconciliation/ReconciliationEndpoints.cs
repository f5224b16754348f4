using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Payments.Gateways.Chargebacks;
using Community.Payments.Invoices;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.ServiceDefaults;
using Community.Privacy;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Npgsql;

namespace Community.Payments.Reconciliation;

/// <param name="Fee">What the gateway has kept of it; null: the report does not say.</param>
public sealed record ReportedMoney(string Receipt, Money Amount, DateTimeOffset At, Money? Fee = null);

/// <summary>What a gateway says that it took, by its own report.</summary>
[EventType("gateway-report-uploaded.v1")]
public sealed record GatewayReportUploaded(string Gateway, ReportedMoney[] Lines, DateTimeOffset At);

internal sealed record UploadReport(string Gateway, ReportedMoney[] Lines, DateTimeOffset At);

internal sealed record GatewayReport(bool Uploaded)
{
    public static readonly Decider<GatewayReport, UploadReport, GatewayReportUploaded> Decider = new(
        new GatewayReport(false),
        (report, c) => report.Uploaded ? Decision.Nothing : new GatewayReportUploaded(c.Gateway, c.Lines, c.At),
        (_, _) => new GatewayReport(true));
}

/// <param name="Payments">Arrivals and returns of money that were looked at.</param>
/// <param name="TimeZone">The community's: in it the days of <c>from</c> and <c>to</c> begin and end.</param>
internal sealed record ReconciliationView(int Payments, int Entitlements, int ReportLines, IReadOnlyList<Difference> Differences, string TimeZone);

internal static class ReconciliationEndpoints
{
    private static readonly string[] Known =
    [
        .. new[]
        {
            typeof(OrderPaid), typeof(RefundOwed), typeof(OwedMoneyReturned), typeof(OrderRefunded), typeof(ChargebackOpened), typeof(ChargebackClosed), typeof(GatewayReportUploaded), typeof(SubscriptionStarted),
            typeof(SubscriptionRenewed), typeof(SubscriptionChanged), typeof(PlanChangeUndone), typeof(PaymentNotNeeded), typeof(SubscriptionEnded)
        }.Select(type => type.GetCustomAttribute<EventTypeAttribute>()!.Name)
    ];

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
        DateOnly? from, DateOnly? to, CommunityZone community, StaffWords words, KeyRing keys, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        var zone = await community.Now(ct);
        var begin = from is { } first ? zone.StartOf(first) : DateTimeOffset.MinValue;
        var end = to is { } last && last < DateOnly.MaxValue ? zone.StartOf(last.AddDays(1)) : DateTimeOffset.MaxValue;
        await using var session = store.QuerySession();
        var log = (await session.Events.QueryAllRawEvents()
                .Where(e => Known.Contains(e.EventTypeName)).OrderBy(e => e.Sequence).ToListAsync(ct)).ToList();
        var within = log.Where(e => e.Timestamp >= begin && e.Timestamp < end).ToList();
        var money = within.Select(Fact).OfType<MoneyFact>().Select(fact => fact.Gateway == Pricing.Offline && fact.Receipt is { } receipt
            ? fact with { Receipt = words.DigestOf(receipt) }
            : fact).ToList();
        var invoices = await session.Query<InvoiceInList>().Select(i => i.Id).ToListAsync(ct);
        var invoiced = invoices.ToHashSet();
        var reports = log.Select(e => e.Data).OfType<GatewayReportUploaded>().GroupBy(r => r.Gateway).ToDictionary(
            r => r.Key,
            r => (IReadOnlyList<ReportLine>)[.. r.SelectMany(report => report.Lines).Where(l => l.At >= begin && l.At < end).Distinct().Select(l => new ReportLine(l.Receipt, l.Amount))]);
        var entitlements = Entitlements(log);
        var (ledger, unbalanced) = await Ledger(store, database, begin, end, ct);
        var witnesses = new ReconciliationInputs(
            money, ledger, unbalanced, reports,
            within.Where(e => e.Data is OrderPaid paid && paid.Lines.Any(l => l.Kind is "plan" or "gift")).Select(e => e.StreamId)
                .Except(log.Select(e => e.Data).OfType<PaymentNotNeeded>().Select(e => e.OrderId)).ToHashSet(),
            log.Where(e => e.Data is OrderPaid).Select(e => e.StreamId).ToHashSet(),
            log.Where(e => e.Data is OrderRefunded { Whole: true }).Select(e => e.StreamId).ToHashSet(),
            entitlements,

            // Money that fits no order is owed back, and nothing is invoiced for it; nor for what a bank takes.
            within.Where(e => e.Data is RefundOwed or OwedMoneyReturned or ChargebackOpened or ChargebackClosed || invoiced.Contains(InvoiceIds.Of(e.Id))).Select(e => e.Id).ToHashSet())
        {
            Receipts = Receipts(log, e => e.Timestamp >= begin && e.Timestamp < end)
        };

        return TypedResults.Ok(new ReconciliationView(money.Count, entitlements.Count, reports.Values.Sum(lines => lines.Count), await Readable(witnesses.Differences(), money, keys, ct), zone.Id));
    }

    // A digest says nothing to whoever has to look for the money.
    private static async Task<IReadOnlyList<Difference>> Readable(IReadOnlyList<Difference> differences, List<MoneyFact> money, KeyRing keys, CancellationToken ct)
    {
        var sealedWords = money.Where(fact => fact.Words is not null).DistinctBy(fact => fact.Receipt).ToDictionary(fact => $"{fact.Gateway} {fact.Receipt}", fact => fact.Words);
        var named = differences.Where(difference => sealedWords.ContainsKey(difference.Subject)).ToList();
        var ring = await keys.Find([.. named.Select(difference => sealedWords[difference.Subject]!.KeyId).Distinct()], ct);

        return [.. differences.Select(difference => ring.Open(sealedWords.GetValueOrDefault(difference.Subject)) is { } words
            ? difference with { Subject = $"{Pricing.Offline} {words}" }
            : difference)];
    }

    private static List<ReceiptFact> Receipts(List<IEvent> log, Func<IEvent, bool> isLookedAt)
    {
        var paidBy = new Dictionary<Guid, Receipt>();
        var moved = new List<(Receipt Receipt, IEvent Event, Money Amount)>();

        foreach (var e in log)
        {
            if (e.Data is OrderPaid paid)
            {
                paidBy[e.StreamId] = paid.Receipt;
            }

            if (Fact(e) is { } fact && ReceiptOf(e, paidBy) is { } receipt)
            {
                moved.Add((receipt, e, fact.Amount));
            }
        }

        return [.. moved.GroupBy(m => (m.Receipt, m.Amount.Currency)).Where(money => money.Any(m => isLookedAt(m.Event))).Select(money => new ReceiptFact(
            money.Key.Receipt.Gateway, money.Key.Receipt.Number, money.FirstOrDefault(m => m.Event.Data is OrderPaid or RefundOwed).Event?.StreamId,
            money.Key.Currency, money.Sum(m => m.Amount.Amount)))];
    }

    private static Receipt? ReceiptOf(IEvent e, Dictionary<Guid, Receipt> paidBy) => e.Data switch
    {
        OrderPaid m => m.Receipt,
        RefundOwed m => m.Receipt,
        OwedMoneyReturned m => m.Receipt,
        ChargebackOpened m => m.Receipt,
        ChargebackClosed m => m.Receipt,
        _ => paidBy.GetValueOrDefault(e.StreamId)
    };

    private static MoneyFact? Fact(IEvent e) => e.Data switch
    {
        OrderRefunded { Dispute: not null } => null, // it went by the chargeback
        OrderPaid m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, m.Receipt.Number, m.Amount) { Words = m.Receipt.Words },
        RefundOwed m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, m.Receipt.Number, m.Amount) { Words = m.Receipt.Words },
        OwedMoneyReturned m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        ChargebackOpened m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        ChargebackClosed { Won: true, Taken: { } taken } m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, taken),
        ChargebackClosed { Won: false, Taken: null } m => new MoneyFact(e.Id, e.StreamId, m.Receipt.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        OrderRefunded m => new MoneyFact(e.Id, e.StreamId, m.Gateway, null, m.Amount with { Amount = -m.Amount.Amount }),
        _ => null
    };

    private static List<EntitlementFact> Entitlements(List<IEvent> log) =>
    [
        .. log.Where(e => e.Data is SubscriptionEvent).GroupBy(e => e.StreamId).Where(g => g.First().Data is SubscriptionStarted).Select(g =>
        {
            var started = (SubscriptionStarted)g.First().Data;
            var renewed = g.Select(e => e.Data).OfType<SubscriptionRenewed>().ToList();
            Guid?[] orders = [started.OrderId, .. renewed.Select(r => r.OrderId), .. g.Select(e => e.Data).OfType<SubscriptionChanged>().Select(c => c.OrderId)];

            // What the running period was paid by: its beginning, and changes since that are not undone.
            var since = g.Select(e => e.Data).Reverse().TakeWhile(e => e is not SubscriptionRenewed).ToList();
            Guid?[] paidBy = [renewed.Count > 0 ? renewed[^1].OrderId : started.OrderId, .. since.OfType<SubscriptionChanged>().Select(c => c.OrderId)];

            return new EntitlementFact(
                started.SubscriptionId, [.. orders.OfType<Guid>()], [.. paidBy.OfType<Guid>().Except(since.OfType<PlanChangeUndone>().Select(u => u.OrderId))],
                !g.Any(e => e.Data is SubscriptionEnded));
        })
    ];

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
        string gateway, HttpRequest request, StaffWords words, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(ct);

        var (lines, fault) = gateway.Length > 50 ? ([], "There is no such gateway.") : ReportFile.Read(new StringReader(text));

        if (fault is not null)
        {
            return Problems.Problem(StatusCodes.Status400BadRequest, "report-not-understood", fault);
        }

        // What a bank's statement says of a transfer may name who made it.
        if (gateway == Pricing.Offline)
        {
            lines = [.. lines.Select(line => line with { Receipt = words.Digest(line.Receipt) })];
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        await store.Handle(
            GatewayReport.Decider, StreamId.Of("gateway-report", $"{gateway}/{hash}"), new UploadReport(gateway, lines, clock.GetUtcNow()), ct);

        return TypedResults.NoContent();
    }
}
