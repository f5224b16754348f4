using Community.Payments.Orders;
using Community.ServiceDefaults;
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

internal sealed record OwedRefundView(
    Guid RefundOwedId, Guid OrderId, Guid PaymentId, Receipt Receipt, Money Amount, OwedBecause Because, DateTimeOffset At);

internal static class LedgerEndpoints
{
    public static void MapLedger(this IEndpointRouteBuilder app)
    {
        var ledger = app.MapGroup("").RequireRoles("operator").WithTag("Ledger", "Double entry: each movement of money balances.");
        ledger.MapGet("/ledger/trial-balance", Balance).WithSummary("The sums of all accounts, now or at an instant");
        ledger.MapGet("/refunds-owed", ListOwed).WithSummary("Money that came for what no longer fits");
    }

    private static async Task<TrialBalance> Balance(Instant? asOf, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var select = database.CreateCommand($"""
            select account, currency, sum(debit), sum(credit) from {Postings.TableName(store.Options.DatabaseSchemaName)}
            where at <= $1 group by account, currency order by account, currency
            """);
        select.Parameters.Add(new() { Value = asOf?.Value ?? DateTimeOffset.MaxValue });
        var accounts = new List<AccountTotals>();
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            accounts.Add(new AccountTotals(rows.GetString(0), rows.GetString(1), rows.GetDecimal(2), rows.GetDecimal(3)));
        }

        return TrialBalance.Of(accounts);
    }

    private static async Task<Page<OwedRefundView>> ListOwed([AsParameters] Paging paging, IQuerySession session, CancellationToken ct)
    {
        var owed = session.Query<OwedRefund>().AsQueryable();

        if (paging.Key<Guid>(out var after))
        {
            owed = owed.Where(o => o.Id > after);
        }

        var rows = await owed.OrderBy(o => o.Id).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page(
            [.. rows.Select(o => new OwedRefundView(o.Id, o.OrderId, o.PaymentId, o.Receipt, o.Amount, o.Because, o.At))], o => o.RefundOwedId);
    }
}
