using System.Globalization;
using System.Security.Claims;
using System.Text;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.ServiceDefaults;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Creators;

internal sealed record CreatorInList(Guid Id, Guid CreatorId);

internal sealed partial class CreatorList : SingleStreamProjection<CreatorInList, Guid>
{
    public static CreatorInList Create(IEvent<ShareEarned> e) => new(e.StreamId, e.Data.CreatorId);
}

internal enum PayoutStatus
{
    Prepared,
    Paid
}

internal sealed record PayoutInList(
    Guid Id, Guid CreatorId, Money Amount, PayoutStatus Status, DateTimeOffset PreparedAt, DateTimeOffset? PaidAt, string? Reference)
{
    /// <summary>As <see cref="PayoutPaid.ReferenceInWords"/>.</summary>
    public Sealed? ReferenceInWords { get; init; }
}

internal sealed partial class PayoutList : MultiStreamProjection<PayoutInList, Guid>
{
    public PayoutList()
    {
        Identity<PayoutPrepared>(e => e.PayoutId);
        Identity<PayoutPaid>(e => e.PayoutId);
    }

    public static PayoutInList Create(PayoutPrepared e) => new(e.PayoutId, e.CreatorId, e.Amount, PayoutStatus.Prepared, e.At, null, null);

    public static PayoutInList Apply(PayoutPaid e, PayoutInList payout) =>
        payout with { Status = PayoutStatus.Paid, PaidAt = e.At, Reference = e.Reference, ReferenceInWords = e.ReferenceInWords };
}

/// <summary>
/// Gives creators <c>RevenueShare:Percent</c> (0) of what is paid for their contents, and takes it back with refunds: of what
/// was given then, whatever the percentage is now. While the payment is disputed it is held.
/// </summary>
internal sealed class Sharing(IServiceProvider services, IConfiguration configuration) : EventSubscription(services, "sharing",
    typeof(OrderPaid), typeof(OrderRefunded), typeof(PaymentDisputed), typeof(DisputeClosed))
{
    private readonly int _percent = Math.Clamp(configuration.GetValue("RevenueShare:Percent", 0), 0, 100);
    private readonly int _holdDays = Math.Max(0, configuration.GetValue("RevenueShare:HoldDays", 14));

    protected override Task Follow(IEvent fact, CancellationToken ct) => fact.Data switch
    {
        OrderPaid paid when _percent > 0 && (!paid.Imported || paid.SharesOwed) => HandleEach(paid.Lines, paid.Amount, (creator, line, net) => new EarnShare(
            creator, fact.StreamId, line, net with { Amount = (long)((Int128)net.Amount * _percent / 100) }, net, paid.At.AddDays(_holdDays), paid.At), Then(paid.Imported, paid.At), ct),
        OrderRefunded back => HandleEach(back.Lines, back.Amount, (_, line, net) => new ReverseShare(fact.StreamId, line, back.RefundId, net, back.Whole, back.At), Then(back.Imported, back.At), ct),
        PaymentDisputed e => Disputed(fact.StreamId, e.Receipt, line => new HoldShare(fact.StreamId, line, $"{e.Receipt.Gateway}/{e.Number}", e.At), ct),
        DisputeClosed e => Disputed(fact.StreamId, e.Receipt, line => new ReleaseShare(fact.StreamId, line, $"{e.Receipt.Gateway}/{e.Number}", e.At), ct),
        _ => Task.CompletedTask
    };

    // Other money that came for the order has paid for nothing.
    private async Task Disputed(Guid orderId, Receipt receipt, Func<int, CreatorCommand> command, CancellationToken ct)
    {
        if ((await Store.Load(Order.Decider, Order.Stream(orderId), null, ct)).State is Paid order && order.Receipt == receipt)
        {
            await HandleEach(order.Lines, order.Total, (_, line, _) => command(line), new CommandOptions(), ct);
        }
    }

    // What is from elsewhere is in the ledger when it was.
    private static CommandOptions Then(bool imported, DateTimeOffset at) => new() { At = imported ? at : null };

    private async Task HandleEach(OrderLine[] lines, Money money, Func<Guid, int, Money, CreatorCommand> command, CommandOptions options, CancellationToken ct)
    {
        foreach (var (index, (line, net)) in lines.Zip(lines.Net(money)).Index())
        {
            if (!line.IsOfSubscription()
                && (await Store.Load(Product.Decider, Product.Stream(line.ProductId), null, ct)).State.CreatorId is { } creator)
            {
                await Store.Handle(CreatorAccount.Decider, CreatorAccount.Stream(creator), command(creator, index, net), options, ct);
            }
        }
    }
}

internal sealed record PayoutView(
    Guid PayoutId, Guid CreatorId, Money Amount, PayoutStatus Status, DateTimeOffset PreparedAt, DateTimeOffset? PaidAt, string? Reference);

internal sealed record PayoutsView(IReadOnlyList<PayoutView> Items);

internal sealed record PaidPayout([property: Text(200)] string Reference);

/// <param name="Held">Earned, and not to be paid out yet, or while its payment is disputed.</param>
/// <param name="Available">For the next payout; below zero where refunds came after one.</param>
internal sealed record CreatorBalance(string Currency, long Held, long Available, long PaidOut);

internal sealed record CreatorBalances(IReadOnlyList<CreatorBalance> Items);

internal static class PayoutEndpoints
{
    public static void MapPayouts(this IEndpointRouteBuilder app)
    {
        var payouts = app.MapGroup("/payouts").WithTag("Payouts", "What creators earn, and get.");
        payouts.MapGet("", List).WithSummary("One's own payouts, the latest first; for operators, all");
        payouts.MapGet("/balance", Balance).WithSummary("What one has earned: held, available, paid out");
        payouts.MapGet("/export", Export).RequireRoles("operator").Produces<string>(200, "text/csv").WithSummary("All payouts as CSV");
        payouts.MapPost("", Prepare).RequireRoles("operator").WithSummary("Prepares a payout of all that is available, for each creator and currency");
        payouts.MapPost("/{id}/payment", Pay).RequireRoles("operator").WithSummary("Marks a payout as paid");
    }

    private static async Task<Page<PayoutView>> List([AsParameters] Paging paging, ClaimsPrincipal user, IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var payouts = session.Query<PayoutInList>().AsQueryable();

        if (!user.May("operator"))
        {
            var member = user.MemberId();
            payouts = payouts.Where(p => p.CreatorId == member);
        }

        if (paging.Key<Guid>(out var after))
        {
            payouts = payouts.Where(p => p.Id < after);
        }

        var rows = await payouts.OrderByDescending(p => p.Id).Take(paging.Size + 1).ToListAsync(ct);

        var ring = await keys.Find([.. rows.Select(p => p.ReferenceInWords?.KeyId).OfType<Guid>().Distinct()], ct);

        return paging.Page([.. rows.Select(p => View(p, ring))], p => p.PayoutId);
    }

    private static async Task<CreatorBalances> Balance(ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var (account, now) = ((await store.Load(CreatorAccount.Decider, CreatorAccount.Stream(user.MemberId()), null, ct)).State, clock.GetUtcNow());

        return new CreatorBalances([.. account.Currencies.Select(
            c => new CreatorBalance(c, account.Held(c, now), account.Available(c, now), account.PaidOut(c)))]);
    }

    private static async Task<ContentHttpResult> Export(IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var csv = new StringBuilder("payoutId,creatorId,amount,currency,status,preparedAt,paidAt,reference\r\n");

        var creators = await session.Query<PayoutInList>().Select(p => p.CreatorId).Distinct().ToListAsync(ct);
        var ring = await keys.Find([.. creators], ct);

        await foreach (var p in session.Query<PayoutInList>().OrderBy(p => p.Id).ToAsyncEnumerable(ct))
        {
            csv.Append(CultureInfo.InvariantCulture, $"{p.Id},{p.CreatorId},{p.Amount.Amount},{p.Amount.Currency},{p.Status.ToWord()},{p.PreparedAt.UtcDateTime:O},{p.PaidAt?.UtcDateTime:O},")
                .Append('"').Append(Cell(ring.Open(p.ReferenceInWords) ?? p.Reference ?? "")).Append("\"\r\n");
        }

        return TypedResults.Text(csv.ToString(), "text/csv", Encoding.UTF8);
    }

    // A spreadsheet takes what begins so for a formula.
    private static string Cell(string text) =>
        (text.Length > 0 && "=+-@".Contains(text[0], StringComparison.Ordinal) ? $"'{text}" : text).Replace("\"", "\"\"", StringComparison.Ordinal);

    private static async Task<PayoutsView> Prepare(IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var session = store.QuerySession();
        var prepared = new List<PayoutView>();

        foreach (var creator in await session.Query<CreatorInList>().ToListAsync(ct))
        {
            var account = (await store.Load(CreatorAccount.Decider, creator.Id, null, ct)).State;

            foreach (var currency in account.Currencies.Where(c => account.Available(c, now) > 0))
            {
                var id = Guid.CreateVersion7(now);
                var handled = await store.Handle(CreatorAccount.Decider, creator.Id, new PreparePayout(id, currency, now), ct);

                if (handled.Rejection is null)
                {
                    prepared.Add(new PayoutView(id, creator.CreatorId, handled.State.Payouts[id].Amount, PayoutStatus.Prepared, now, null, null));
                }
            }
        }

        return new PayoutsView(prepared);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Pay(
        Guid id, PaidPayout paid, StaffNotes notes, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        await using var session = store.QuerySession();

        if (await session.LoadAsync<PayoutInList>(id, ct) is not { } payout)
        {
            return Problems.NotFound("payout");
        }

        var mark = new MarkPaid(id, "", clock.GetUtcNow()) { ReferenceInWords = await notes.Seal(payout.CreatorId, paid.Reference, ct) };
        var handled = await store.Handle(CreatorAccount.Decider, CreatorAccount.Stream(payout.CreatorId), mark, ct);

        return handled.Rejection is null ? TypedResults.NoContent() : Problems.NotFound("payout");
    }

    private static PayoutView View(PayoutInList p, MemberKeys keys) =>
        new(p.Id, p.CreatorId, p.Amount, p.Status, p.PreparedAt, p.PaidAt, keys.Open(p.ReferenceInWords) ?? p.Reference);
}
