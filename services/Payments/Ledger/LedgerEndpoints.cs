using Community.EventStore;
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

internal static class LedgerEndpoints
{
    public static void MapLedger(this IEndpointRouteBuilder app) =>
        app.MapGet("/ledger/trial-balance", Balance).RequireRoles("operator").WithTag("Ledger", "Double entry: each movement of money balances.")
            .WithSummary("The sums of all accounts, now or at an instant");

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
}
