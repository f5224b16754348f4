using Community.EventStore;
using Marten;

namespace Community.Payments.Orders;

/// <summary>
/// Cancels what nobody has paid for within <c>Orders:ExpireAfterDays</c> (7): so a coupon's use is free again. Money that
/// comes later all the same is owed back.
/// </summary>
internal sealed class UnpaidOrders(IDocumentStore store, IConfiguration configuration, TimeProvider clock, ILogger<UnpaidOrders> log)
    : PeriodicJob("unpaid-orders", TimeSpan.FromSeconds(30), clock, log)
{
    private const int AtOnce = 200;
    private readonly TimeSpan _patience = TimeSpan.FromDays(Math.Max(1, configuration.GetValue("Orders:ExpireAfterDays", 7)));

    protected override async Task Do(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        var before = now - _patience;
        await using var session = store.QuerySession();
        var expired = await session.Query<OrderInList>().Where(o => o.WaitsSince <= before).OrderBy(o => o.WaitsSince).Take(AtOnce).ToListAsync(ct);

        foreach (var order in expired)
        {
            // The list follows the log a moment later: what was paid or cancelled meanwhile stays so.
            await store.Handle(Order.Decider, Order.Stream(order.Id), new CancelOrder(now), ct);
        }
    }
}
