using Community.EventStore;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Web;
using Marten;

namespace Community.Payments.Refunds;

/// <summary>
/// Asks gateways for the refunds that orders have decided. Each replica runs one: who appends the attempt has the lease,
/// and where two come to ask all the same (a lease that ended too early), the gateway knows the request by its id.
/// </summary>
internal sealed class RefundSender(IDocumentStore store, IEnumerable<IGateway> gateways, TimeProvider clock, ILogger<RefundSender> log)
    : PeriodicJob("refund-sender", TimeSpan.FromSeconds(1), clock, log)
{
    private static readonly string Requested = RefundStatus.Requested.ToWord();
    private const int AtATime = 20;

    /// <returns>How many were due.</returns>
    private async Task<int> SendDue(CancellationToken ct)
    {
        IReadOnlyList<RefundInList> due;

        await using (var session = store.QuerySession())
        {
            var now = Clock.GetUtcNow();
            due = await session.Query<RefundInList>().Where(r => r.Status == Requested && r.FreeAt <= now)
                .OrderBy(r => r.FreeAt).Take(AtATime).ToListAsync(ct);
        }

        foreach (var refund in due)
        {
            await Send(refund, ct);
        }

        return due.Count;
    }

    protected override async Task Do(CancellationToken ct)
    {
        while (await SendDue(ct) == AtATime) { }
    }

    private async Task Send(RefundInList refund, CancellationToken ct)
    {
        var stream = Refund.Stream(refund.Id);

        if (await store.BarOf(refund, ct) is { } bar)
        {
            await store.Handle(
                Refund.Decider, stream, new HoldRefund(refund.Id, bar.Detail, ForGood: bar != Order.Disputed, Clock.GetUtcNow()), ct);

            return;
        }

        var tried = await store.Handle(Refund.Decider, stream, new TryRefund(refund.Id, Clock.GetUtcNow()), ct);

        if (tried.Rejection is not null)
        {
            return; // another replica has it
        }

        var command = await Ask(refund, tried.State, ct);
        await store.Handle(Refund.Decider, stream, command, ct);
    }

    private async Task<RefundCommand> Ask(RefundInList refund, Refund state, CancellationToken ct)
    {
        if (gateways.FirstOrDefault(g => g.Name == refund.Gateway) is not { } gateway)
        {
            return new FailRefund(refund.Id, state.Attempts, $"{(refund.Gateway == OfflineMoney.Gateway ? "It came without a gateway" : $"{refund.Gateway} is not configured")}: to be given back by hand.", Certain: false, Clock.GetUtcNow());
        }

        try
        {
            return await gateway.Refund(await Request(refund, state, ct), ct) switch
            {
                RefundAnswer.Sent sent => new ConfirmRefund(refund.Id, sent.Number, Clock.GetUtcNow()),
                RefundAnswer.Refused refused => new FailRefund(refund.Id, state.Attempts, refused.Reason, Certain: true, Clock.GetUtcNow()),
                var other => throw new System.Diagnostics.UnreachableException($"{other.GetType().Name} is no answer to a refund.")
            };
        }
        catch (GatewayAwayException e)
        {
            Log.LogWarning("The refund {RefundId} is put off: {Reason}", refund.Id, e.Message);

            return new PutRefundOff(refund.Id, state.Attempts, e.Message, Clock.GetUtcNow());
        }
    }

    // Of which receipt it is, stands in the order.
    private async Task<RefundRequest> Request(RefundInList refund, Refund state, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var order = (await session.Events.FetchStreamAsync(refund.OrderId, token: ct)).Select(e => e.Data).ToList();
        var (payment, receipt, of) = refund.WasOwed
            ? Owed(order.OfType<OwedMoneyReturned>().Single(e => e.RefundId == refund.Id))
            : Paid(order.OfType<OrderPaid>().Single());

        return new RefundRequest(refund.Id, state.Round, state.IsRepeat, payment, receipt, refund.Amount, of);

        (Guid, Receipt, Money) Owed(OwedMoneyReturned returned) =>
            (order.OfType<RefundOwed>().Single(owed => owed.Receipt == returned.Receipt).PaymentId, returned.Receipt, returned.Amount);

        static (Guid, Receipt, Money) Paid(OrderPaid paid) => (paid.PaymentId, paid.Receipt, paid.Amount);
    }
}
