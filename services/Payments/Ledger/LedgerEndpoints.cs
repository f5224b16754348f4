using Community.EventStore;
using Community.Payments.Orders;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Npgsql;

namespace Community.Payments.Ledger;

/// <summary>The sums of all postings to an account, in minor units; they may be larger than any single amount.</summary>
internal sealed record AccountTotals(string Account, string Currency, decimal Debit, decimal Credit);

/// <param name="Balanced">In each currency, debits and credits are equal.</param>
internal sealed record TrialBalance(IReadOnlyList<AccountTotals> Accounts, bool Balanced)
{
    public static TrialBalance Of(IReadOnlyList<AccountTotals> accounts) => new(
        accounts, accounts.GroupBy(account => account.Currency).All(c => c.Sum(a => a.Debit) == c.Sum(a => a.Credit)));
}

/// <param name="Number">The gateway's own, or the reference of money that came without one.</param>
internal sealed record ReceiptView(string Gateway, string Number);

internal sealed record OwedRefundView(
    Guid RefundOwedId, Guid OrderId, Guid PaymentId, ReceiptView Receipt, Money Amount, OwedBecause Because, DateTimeOffset At);

internal static class LedgerEndpoints
{
    public static void MapLedger(this IEndpointRouteBuilder app)
    {
        var ledger = app.MapGroup("").RequireRoles("operator").WithTag("Ledger", "Double entry: each movement of money balances.");
        ledger.MapGet("/ledger/trial-balance", Balance).WithSummary("The sums of all accounts, now or at an instant");
        ledger.MapGet("/refunds-owed", ListOwed).WithSummary("Money that came for what no longer fits");
    }

    private static async Task<TrialBalance> Balance(
        Instant? asOf, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var schema = store.Options.DatabaseSchemaName;
        await using var select = database.CreateCommand($"""
            with earned as (
                select currency, (amount / days) * passed + least(passed, amount % days) as amount
                from (
                    select *, least(days, greatest(0, floor(extract(epoch from least($2, coalesce(stopped_at, $2)) - begins_at) / 86400)))::bigint as passed
                    from {Postings.EarningsTableName(schema)} where at <= $1
                ) as earnings
            ), moved as (
                select account, currency, debit, credit from {Postings.TableName(schema)} where at <= $1
                union all
                select '{Movements.DeferredRevenue}', currency, amount, 0 from earned where amount > 0
                union all
                select '{Movements.SubscriptionRevenue}', currency, 0, amount from earned where amount > 0
            )
            select account, currency, sum(debit), sum(credit) from moved group by account, currency order by account, currency
            """);
        select.Parameters.Add(new() { Value = asOf?.Value ?? DateTimeOffset.MaxValue });
        select.Parameters.Add(new() { Value = asOf?.Value ?? clock.GetUtcNow() });
        var accounts = new List<AccountTotals>();
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            accounts.Add(new AccountTotals(rows.GetString(0), rows.GetString(1), rows.GetDecimal(2), rows.GetDecimal(3)));
        }

        return TrialBalance.Of(accounts);
    }

    private static async Task<Page<OwedRefundView>> ListOwed([AsParameters] Paging paging, IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var owed = session.Query<OwedRefund>().AsQueryable();

        if (paging.Key<Guid>(out var after))
        {
            owed = owed.Where(o => o.Id > after);
        }

        var rows = await owed.OrderBy(o => o.Id).Take(paging.Size + 1).ToListAsync(ct);

        var ring = await keys.Find([.. rows.Select(o => o.Receipt.Words?.KeyId).OfType<Guid>().Distinct()], ct);

        return paging.Page(
            [.. rows.Select(o => new OwedRefundView(
                o.Id, o.OrderId, o.PaymentId, new ReceiptView(o.Receipt.Gateway, ring.Open(o.Receipt.Words) ?? o.Receipt.Number), o.Amount, o.Because, o.At))],
            o => o.RefundOwedId);
    }
}
