using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Web;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Imports;

internal sealed record ImportServices(IDocumentStore Store, KnownMembers Members, IEnumerable<IGateway> Gateways, TimeProvider Clock);

/// <summary>
/// What was ordered and paid elsewhere, with its own instants. No gateway is called, nobody is charged or mailed, and no invoice
/// is issued: those documents are the old system's.
/// </summary>
internal static class ImportEndpoints
{
    private static readonly Rejection Erased = new("member-erased", "The member was erased.");

    public static void MapImports(this IEndpointRouteBuilder app)
    {
        // The framework would refuse a whole batch for one bad item; here each item has its own verdict.
        var imports = app.MapGroup("/imports")
            .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
            .RequireScope("import").AllowLargeBody().DisableValidation();
        imports.MapPost("orders", Orders).WithSummary("Takes paid orders; each item has its own verdict");
        imports.MapPost("subscriptions", Subscriptions).WithSummary("Takes subscriptions by their orders; each item has its own verdict");
    }

    private static async Task<Ok<ImportResult>> Orders(BulkImport<ImportedOrder> import, [AsParameters] ImportServices services, CancellationToken ct)
    {
        import.Check();
        var (store, members, _, clock) = services;
        var now = clock.GetUtcNow();
        var good = import.Items.Where(item => item.Fault(now) is null).ToList();
        var erased = await members.Erased(good.Select(item => item.MemberId), ct);
        await using var session = store.QuerySession();
        var known = await First(session, good.Select(item => item.OrderId), ct);
        var products = await First(session, good.Select(item => Product.Stream(item.Item.Id)), ct);
        var taken = (await session.LoadManyAsync<TakenReceipt>(ct, [.. good.Select(item => TakenReceipt.IdOf(Receipt(item))).Distinct()]))
            .ToDictionary(receipt => receipt.Id, receipt => receipt.OrderId);

        return TypedResults.Ok(await import.Commit(store, Order.Decider, Plan, ct));

        ImportStep<OrderCommand> Plan(ImportedOrder item)
        {
            if (item.Fault(now) is { } fault)
            {
                return fault;
            }

            var line = new OrderLine(
                item.Item.Id, item.Item.Kind.ToWord(), item.Item.SubscriptionId ?? item.Item.Id, item.Item.Name.Trim(), 1, item.Amount);

            if (known.TryGetValue(item.OrderId, out var before))
            {
                return before is OrderPlaced { Imported: true } placed && placed.MemberId == item.MemberId && placed.Lines is [var same] && same == line && placed.At == item.At
                    ? ImportStep<OrderCommand>.Known
                    : new Rejection("already-different", "There is something else under this id.");
            }

            if (erased.Contains(item.MemberId))
            {
                return Erased;
            }

            if (products.GetValueOrDefault(Product.Stream(item.Item.Id)) is not ProductOffered product || product.Kind != (item.Item.Kind == ImportedLine.Content ? "content" : "plan"))
            {
                return new Rejection("product-unknown", $"There is no {(item.Item.Kind == ImportedLine.Content ? "content with a price" : "plan")} {item.Item.Id}.");
            }

            var receipt = Receipt(item);

            if (taken.TryGetValue(TakenReceipt.IdOf(receipt), out var other) && other != item.OrderId)
            {
                return new Rejection("receipt-of-another-order", "The money of this receipt came for another order.");
            }

            taken[TakenReceipt.IdOf(receipt)] = item.OrderId;
            known[item.OrderId] = new OrderPlaced(item.MemberId, [line], item.Amount, item.At) { Imported = true };
            List<(OrderCommand, DateTimeOffset)> steps =
            [
                (new PlaceOrder(item.MemberId, [line], item.At) { TaxPercent = item.TaxPercent, Imported = true }, item.At),
                (new ConfirmPayment(StreamId.Of("imported-payment", item.OrderId), receipt, item.Amount, item.At) { Imported = true, SharesOwed = item.SharesOwed }, item.At)
            ];

            if (item.RefundedAt is { } back)
            {
                steps.Add((new RefundOrder(StreamId.Of("imported-refund", item.OrderId), null, "Given back before the import.", back) { Imported = true }, back));
            }

            return new ImportStep<OrderCommand>(Order.Stream(item.OrderId), steps);
        }

        static Receipt Receipt(ImportedOrder item) => new(item.Paid.Gateway, item.Paid.Receipt);
    }

    private static async Task<Ok<ImportResult>> Subscriptions(BulkImport<ImportedSubscription> import, [AsParameters] ImportServices services, CancellationToken ct)
    {
        import.Check();
        var (store, members, gateways, clock) = services;
        var now = clock.GetUtcNow();
        var good = import.Items.Where(item => item.Fault(now) is null).ToList();
        var erased = await members.Erased(good.Select(item => item.MemberId), ct);
        await using var session = store.QuerySession();
        var known = await First(session, good.Select(item => Subscription.Stream(item.SubscriptionId)), ct);
        var ids = good.SelectMany(item => item.Orders).Distinct().ToArray();
        var orders = (await session.Events.QueryAllRawEvents().Where(e => ids.Contains(e.StreamId)).OrderBy(e => e.Version).ToListAsync(ct)).ToLookup(e => e.StreamId, e => e.Data);
        var plans = (await First(session, orders.SelectMany(o => o).OfType<OrderPaid>().SelectMany(paid => paid.Lines).Select(line => line.ProductId), ct))
            .Where(plan => plan.Value is PlanOffered).ToDictionary(plan => plan.Key, plan => ((PlanOffered)plan.Value).Terms);
        var sandbox = gateways.Any(gateway => gateway.Name == Sandbox.Gateway);

        return TypedResults.Ok(await import.Commit(
            store, Subscription.Decider,
            item => item.Fault(now) is { } fault ? fault
                : known.TryGetValue(Subscription.Stream(item.SubscriptionId), out var before)
                    ? before is SubscriptionStarted started && started.MemberId == item.MemberId ? ImportStep<SubscriptionCommand>.Known : new Rejection("already-different", "There is something else under this id.")
                : erased.Contains(item.MemberId) ? Erased
                : item.Renewal == ImportedRenewal.Sandbox && !sandbox ? new Rejection("gateway-unknown", "The sandbox is not configured.")
                : History(item, orders, plans, now),
            ct));
    }

    /// <summary>The subscription's steps, tried out beforehand: a history that cannot have been is refused whole.</summary>
    private static ImportStep<SubscriptionCommand> History(
        ImportedSubscription item, ILookup<Guid, object> orders, Dictionary<Guid, Terms> plans, DateTimeOffset now)
    {
        var (steps, state, last) = (new List<(SubscriptionCommand Command, DateTimeOffset At)>(), Subscription.Decider.Initial, DateTimeOffset.MinValue);

        foreach (var (index, id) in item.Orders.Index())
        {
            if (orders[id].OfType<OrderPaid>().FirstOrDefault() is not { Imported: true, Lines: [var line] } paid || paid.MemberId != item.MemberId)
            {
                return new Rejection("order-unknown", $"No imported order {id} of this member was paid.");
            }

            if (line.Kind != "plan" && (index == 0 || line.SubjectId != item.SubscriptionId || line.Kind is not ("renewal" or "change")) || (line.Kind == "plan" && index > 0))
            {
                return new Rejection("order-of-another-kind", $"The order {id} does not pay for this subscription.");
            }

            if (!plans.TryGetValue(line.ProductId, out var terms) || terms.Price.Currency != paid.Amount.Currency)
            {
                return new Rejection("plan-unknown", $"There is no plan {line.ProductId} in {paid.Amount.Currency}.");
            }

            SubscriptionCommand command = line.Kind switch
            {
                "plan" => new StartSubscription(
                    item.SubscriptionId, item.MemberId, terms, SubscriptionSource.Paid, null, id, item.Renewal == ImportedRenewal.Sandbox ? Sandbox.Gateway : null,
                    paid.Amount, null, paid.At),
                "renewal" => new ImportRenewal(id, paid.Amount, paid.At),
                _ => new ImportChange(id, terms, paid.Amount, paid.At)
            };

            if (Try(command, paid.At) is { } fault)
            {
                return fault;
            }
        }

        var back = orders[item.Orders[^1]].OfType<OrderRefunded>().FirstOrDefault();
        var end = (state as Begun)?.Period.End;
        var none = Subscription.None(((Begun)state).Terms.Price);
        var ending = back is not null ? new ImportEnd(EndedBecause.Refunded, back.Amount, back.At)
            : item.EndedAt is { } ended ? new ImportEnd(item.Ending == ImportedEnding.Expired ? EndedBecause.Expired : EndedBecause.Cancelled, none, ended)
            : end <= now ? new ImportEnd(EndedBecause.Expired, none, end.Value)
            : (SubscriptionCommand?)(item.Renewal == ImportedRenewal.Never && state is Live { Renews: true } ? new CancelSubscription(last) : null);

        return ending is not null && Try(ending, ending is ImportEnd { At: var at } ? at : last) is { } late ? late : new ImportStep<SubscriptionCommand>(Subscription.Stream(item.SubscriptionId), steps);

        Rejection? Try(SubscriptionCommand command, DateTimeOffset at)
        {
            if (at < last)
            {
                return new Rejection("order-of-time", "What happened later stands before what happened earlier.");
            }

            var decision = Subscription.Decider.Decide(state, command);
            state = decision.Events.Aggregate(state, Subscription.Decider.Evolve);
            last = at;
            steps.Add((command, at));

            return decision.Rejection;
        }
    }

    /// <summary>What each stream began with.</summary>
    private static async Task<Dictionary<Guid, object>> First(IQuerySession session, IEnumerable<Guid> streams, CancellationToken ct)
    {
        var ids = streams.Distinct().ToArray();
        var first = await session.Events.QueryAllRawEvents().Where(e => e.Version == 1 && ids.Contains(e.StreamId)).ToListAsync(ct);

        return first.ToDictionary(e => e.StreamId, e => e.Data);
    }
}
