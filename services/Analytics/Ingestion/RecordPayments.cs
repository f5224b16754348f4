using Community.EventStore;
using Community.Messaging;
using Community.Payments.Contracts;
using Community.Web;
using Marten;
using MassTransit;

namespace Community.Analytics.Ingestion;

/// <param name="Kind">What <paramref name="SubjectId"/> is: content, plan …</param>
/// <param name="Amount">Of the whole line, in minor units.</param>
public sealed record PaidLine(Guid ProductId, string Kind, Guid SubjectId, long Amount);

/// <summary>Money came: also for a renewal, which is no activity.</summary>
/// <param name="Amount">In minor units.</param>
/// <param name="Currency">ISO 4217.</param>
[EventType("payment-recorded.v1")]
public sealed record PaymentRecorded(Guid OrderId, Guid MemberId, PaidLine[] Lines, long Amount, string Currency, DateTimeOffset At) : HeardEvent;

/// <summary>Money of an order went back.</summary>
/// <param name="Amount">In minor units, above zero.</param>
/// <param name="Currency">ISO 4217.</param>
[EventType("refund-recorded.v1")]
public sealed record RefundRecorded(Guid OrderId, Guid MemberId, PaidLine[] Lines, long Amount, string Currency, DateTimeOffset At) : HeardEvent;

internal sealed class RecordPayments(IDocumentStore store) : IConsumer<OrderPaid>, IConsumer<OrderRefunded>
{
    public Task Consume(ConsumeContext<OrderPaid> context)
    {
        var m = context.Message;

        return Record(context, new PaymentRecorded(m.OrderId, m.MemberId, Lines(m.Lines), m.Amount, m.Currency, m.At));
    }

    public Task Consume(ConsumeContext<OrderRefunded> context)
    {
        var m = context.Message;

        return Record(context, new RefundRecorded(m.OrderId, m.MemberId, Lines(m.Lines), m.Amount, m.Currency, m.At));
    }

    private static PaidLine[] Lines(OrderLine[] lines) => [.. lines.Select(line => new PaidLine(line.ProductId, line.Kind, line.SubjectId, line.Amount))];

    // What the same message says of activity stands in a stream of its own.
    private Task Record(ConsumeContext context, HeardEvent heard) =>
        store.Handle(ActivityLog.Decider, ActivityLog.Payment(context.MessageId!.Value), new RecordHeard([heard]), context);
}
