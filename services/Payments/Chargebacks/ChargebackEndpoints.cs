using Community.Payments.Orders;
using Community.Web;
using Marten;

namespace Community.Payments.Chargebacks;

/// <param name="OrderId">Null where the money came for nothing that we know.</param>
internal sealed record ChargebackView(
    Guid ChargebackId, string Gateway, string Number, string Receipt, Guid? OrderId, Money Amount, string Reason, ChargebackStatus Status, DateTimeOffset At);

internal static class ChargebackEndpoints
{
    public static void MapChargebacks(this IEndpointRouteBuilder app) =>
        app.MapGet("/chargebacks", List).RequireRoles("operator").WithTag("Gateways", "Ways to take money and to give it back.")
            .WithSummary("Money that payers' banks have asked back");

    private static async Task<Page<ChargebackView>> List([AsParameters] Paging paging, IQuerySession session, CancellationToken ct)
    {
        var chargebacks = session.Query<ChargebackInList>().AsQueryable();

        if (paging.Key<Guid>(out var after))
        {
            chargebacks = chargebacks.Where(c => c.Id > after);
        }

        var rows = await chargebacks.OrderBy(c => c.Id).Take(paging.Size + 1).ToListAsync(ct);
        var receipts = (await session.LoadManyAsync<TakenReceipt>(ct, rows.Select(c => TakenReceipt.IdOf(c.Receipt)).Distinct().ToArray()))
            .ToDictionary(receipt => receipt.Id);

        return paging.Page(
            [.. rows.Select(c => new ChargebackView(
                c.Id, c.Receipt.Gateway, c.Number, c.Receipt.Number, receipts.GetValueOrDefault(TakenReceipt.IdOf(c.Receipt))?.OrderId,
                c.Amount, c.Reason, c.Status, c.At))],
            c => c.ChargebackId);
    }
}
