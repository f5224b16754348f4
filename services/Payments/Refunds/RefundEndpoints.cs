using Community.EventStore;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Refunds;

/// <param name="WasOwed">It fitted no order; else it is a refund of a paid one.</param>
/// <param name="NextAt">When it is tried next; null: not any more.</param>
/// <param name="Number">What the gateway calls it, or the reference by which it was given back by hand.</param>
/// <param name="Reason">Why the last attempt came to nothing.</param>
internal sealed record SentRefundView(
    Guid RefundId, Guid OrderId, string Gateway, Money Amount, bool WasOwed, RefundStatus Status, int Attempts, DateTimeOffset? NextAt,
    string? Number, string? Reason, DateTimeOffset RequestedAt);

/// <param name="Reference">Of the transfer or the receipt by which the money went back.</param>
internal sealed record RefundByHand([property: Text(200)] string Reference);

/// <param name="Number">The gateway's own, or the reference of money that came without one.</param>
internal sealed record ReceiptView(string Gateway, string Number);

internal sealed record OwedRefundView(
    Guid RefundOwedId, Guid OrderId, Guid PaymentId, ReceiptView Receipt, Money Amount, OwedBecause Because, DateTimeOffset At);

internal sealed record NoteServices(StaffNotes Notes, OfflineMoney Offline, KeyRing Keys);

internal static class RefundEndpoints
{
    public static void MapRefunds(this IEndpointRouteBuilder app)
    {
        var refunds = app.MapGroup("").RequireRoles("operator").WithTag("Refunds", "Money on its way back through its gateway.");
        refunds.MapGet("/refunds", List).WithSummary("All refunds and how far their gateways are, the latest first");
        refunds.MapGet("/refunds/{id}", Get).WithSummary("A refund on its way");
        refunds.MapGet("/refunds/{id}/history", History).WithSummary("All attempts of a refund");
        refunds.MapPost("/refunds/{id}/attempts", TryAgain).WithSummary("Has a refund that failed tried again");
        refunds.MapPost("/refunds/{id}/confirmation", Confirm).WithSummary("Notes that a refund which no gateway could send was given back by hand");
        refunds.MapPost("/refunds-owed/{id}/refund", Return).WithSummary("Sends money back that fitted no order");
        app.MapGet("/refunds-owed", ListOwed).RequireRoles("operator").WithTag("Ledger", "Double entry: each movement of money balances.")
            .WithSummary("Money that came for what no longer fits");
    }

    private static async Task<Page<SentRefundView>> List(
        [AsParameters] Paging paging, EnumParameter<RefundStatus>? status, IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var refunds = session.Query<RefundInList>().AsQueryable();

        if (status?.Value.ToWord() is { } wanted)
        {
            refunds = refunds.Where(r => r.Status == wanted);
        }

        if (paging.Key<Guid>(out var after))
        {
            refunds = refunds.Where(r => r.Id < after);
        }

        var rows = await refunds.OrderByDescending(r => r.Id).Take(paging.Size + 1).ToListAsync(ct);

        var ring = await keys.Find([.. rows.Select(r => r.Reference?.KeyId).OfType<Guid>().Distinct()], ct);

        return paging.Page([.. rows.Select(r => View(r, ring))], r => r.RefundId);
    }

    private static async Task<Results<Ok<SentRefundView>, ProblemHttpResult>> Get(
        Guid id, IQuerySession session, KeyRing keys, CancellationToken ct) =>
        await session.LoadAsync<RefundInList>(id, ct) is { } refund ? TypedResults.Ok(await View(refund, keys, ct)) : Problems.NotFound("refund");

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(
        Guid id, IQuerySession session, IDocumentStore store, KeyRing keys, CancellationToken ct) =>
        await session.LoadAsync<RefundInList>(id, ct) is null
            ? Problems.NotFound("refund")
            : TypedResults.Ok(await store.History(keys, Refund.Stream(id), ct) ?? new History([]));

    private static async Task<Results<Ok<SentRefundView>, ProblemHttpResult>> TryAgain(
        Guid id, IDocumentStore store, KeyRing keys, TimeProvider clock, CancellationToken ct)
    {
        if (await Find(store, id, ct) is not { } wanted)
        {
            return Problems.NotFound("refund");
        }

        if (await store.BarOf(wanted, ct) is { } bar)
        {
            return bar.ToProblem();
        }

        var handled = await store.Handle(Refund.Decider, Refund.Stream(id), new WantRefundAgain(id, clock.GetUtcNow()), ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Ok(await View((await Find(store, id, ct))!, keys, ct));
    }

    private static async Task<Results<Ok<SentRefundView>, ProblemHttpResult>> Confirm(
        Guid id, RefundByHand how, [AsParameters] CommandContext context, [AsParameters] NoteServices services, CancellationToken ct)
    {
        var ((_, _, store, clock), (notes, offline, keys)) = (context, services);

        if (await Find(store, id, ct) is not { } given)
        {
            return Problems.NotFound("refund");
        }

        if (await store.BarOf(given, ct) is { } bar)
        {
            return bar.ToProblem();
        }

        // Where the order is nobody's, by a key of its own.
        var order = (await store.Load(Order.Decider, Order.Stream(given.OrderId), null, ct)).State;
        var (now, reference) = (clock.GetUtcNow(), offline.Digest(how.Reference));
        var note = new NoteRefundByHand(id, reference, now)
        {
            Words = await notes.Seal((order as Placed)?.MemberId ?? given.OrderId, how.Reference.Trim(), ct)
        };

        // Only what is noted uses a reference.
        if (Refund.Decider.Decide((await store.Load(Refund.Decider, Refund.Stream(id), null, ct)).State, note).Rejection is { } refused)
        {
            return refused.ToProblem();
        }

        if ((await store.Handle(OfflineReference.Decider, OfflineReference.OfRefund(reference), new UseReference(id, now), ct)).Rejection is { } used)
        {
            return used.ToProblem();
        }

        var handled = await store.Handle(Refund.Decider, Refund.Stream(id), note, ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Ok(await View((await Find(store, id, ct))!, keys, ct));
    }

    // The refund takes the id of what was owed: however often it is asked for, it is one.
    private static async Task<Results<Created<SentRefundView>, ProblemHttpResult>> Return(
        Guid id, IDocumentStore store, KeyRing keys, TimeProvider clock, CancellationToken ct)
    {
        Rejection? rejection = null;
        await using var session = store.QuerySession();

        if (await session.LoadAsync<OwedRefund>(id, ct) is { } owed)
        {
            rejection = (await store.Handle(
                Order.Decider, Order.Stream(owed.OrderId), new ReturnOwedMoney(id, owed.Receipt, clock.GetUtcNow()), ct)).Rejection;
        }

        // Also where somebody else was first.
        return await Find(store, id, ct) is { } refund ? TypedResults.Created($"/refunds/{id}", await View(refund, keys, ct))
            : rejection?.ToProblem() ?? Problems.NotFound("refund that is owed");
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

    /// <summary>Why what its order has decided is not sent after all; null: it is, or was.</summary>
    public static async Task<Rejection?> BarOf(this IDocumentStore store, RefundInList refund, CancellationToken ct)
    {
        if (refund.Status == RefundStatus.Sent.ToWord())
        {
            return null;
        }

        var order = (await store.Load(Order.Decider, Order.Stream(refund.OrderId), null, ct)).State;

        return order.ReceiptOf(refund.Id) is { } receipt ? order.Bar(receipt) : null;
    }

    private static async Task<RefundInList?> Find(IDocumentStore store, Guid id, CancellationToken ct)
    {
        await using var session = store.QuerySession();

        return await session.LoadAsync<RefundInList>(id, ct);
    }

    private static async Task<SentRefundView> View(RefundInList r, KeyRing keys, CancellationToken ct) =>
        View(r, await keys.Find(r.Reference is { } reference ? [reference.KeyId] : [], ct));

    private static SentRefundView View(RefundInList r, MemberKeys keys)
    {
        var status = EnumParameter<RefundStatus>.Parse(r.Status, null).Value;

        return new(
            r.Id, r.OrderId, r.Gateway, r.Amount, r.WasOwed, status, r.Attempts, status == RefundStatus.Requested ? r.FreeAt : null,
            keys.Open(r.Reference) ?? r.Number, r.Reason, r.RequestedAt);
    }
}
