using Community.EventStore;
using Community.Payments.Orders;
using Community.Privacy;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;

namespace Community.Payments.Invoices;

public enum InvoiceKind
{
    Invoice,
    CreditNote
}

/// <param name="Amount">Of all pieces, after the discount.</param>
public sealed record InvoiceLine(string Name, int Quantity, Money Amount);

/// <summary>An invoice, or a credit note for money that went back. It is never changed.</summary>
/// <param name="Number">Of all of its year, counted from one without a gap.</param>
/// <param name="Credits">The invoice that a credit note takes from.</param>
/// <param name="Buyer">
/// Name and address as they stood when the money came. Sealed by a key of the invoices and not of the member: the law makes
/// one keep invoices, also those of members who were erased.
/// </param>
[EventType("invoice-issued.v1")]
public sealed record InvoiceIssued(
    int Year, int Number, InvoiceKind Kind, Guid? Credits, Guid OrderId, Guid MemberId, InvoiceLine[] Lines, Money Total, Sealed? Buyer,
    DateTimeOffset At)
{
    /// <summary>Included in the total; null: none.</summary>
    public Money? Tax { get; init; }

    /// <summary>By whose calendar it has its year and its date: the community's when the money moved. Null: UTC, as before there was one.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>One number of a year is given: the version of the year's stream is the number.</summary>
[EventType("invoice-number-given.v1")]
public sealed record InvoiceNumberGiven(Guid InvoiceId, DateTimeOffset At);

internal static class InvoiceIds
{
    public static Guid Year(int year) => StreamId.Of("invoices", year.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Of the fact that money came or went back: so each has one invoice.</summary>
    public static Guid Of(Guid factId) => StreamId.Of("invoice", factId);

    /// <summary>Whose key seals the buyer of a member's invoices; erasing the member leaves it.</summary>
    public static Guid KeyOf(Guid memberId) => StreamId.Of("invoice-key", memberId);

    public static string Number(int year, int number) => $"{year:0000}-{number:000000}";
}

/// <summary>An invoice as the lists show it.</summary>
/// <param name="Order">Year and number as one: lists go by it.</param>
internal sealed record InvoiceInList(Guid Id, Guid MemberId, long Order, InvoiceIssued Issued);

internal sealed partial class InvoiceList : SingleStreamProjection<InvoiceInList, Guid>
{
    public static InvoiceInList Create(IEvent<InvoiceIssued> e) =>
        new(e.StreamId, e.Data.MemberId, (e.Data.Year * 1_000_000_000L) + e.Data.Number, e.Data);
}

/// <summary>Gives money that came, or went back, its invoice: in the order of the log, so that numbers follow the facts.</summary>
internal sealed class Invoicing(IServiceProvider services) : EventSubscription(services, "invoicing", typeof(OrderPaid), typeof(OrderRefunded))
{
    protected override async Task Follow(IEvent fact, CancellationToken ct)
    {
        var zone = await Service<CommunityZone>().At(fact.Timestamp, ct);
        var issued = fact.Data switch
        {
            // What was paid or given back elsewhere has its document from there.
            OrderPaid { Imported: false, Amount.Amount: > 0 } paid => Invoice(fact, paid, zone),
            OrderRefunded { Imported: false } back => await CreditNote(Store, fact, back, zone, ct),
            _ => null
        };

        if (issued is not null)
        {
            await Issue(Store, Service<KeyRing>(), fact, issued, ct);
        }
    }

    private static InvoiceIssued Invoice(IEvent e, OrderPaid paid, TimeZoneInfo zone) => new(
        zone.DayOf(paid.At).Year, 0, InvoiceKind.Invoice, null, e.StreamId, paid.MemberId, Lines(paid.Lines, paid.Amount), paid.Amount, null, paid.At)
    {
        Tax = paid.Tax,
        TimeZone = zone.Id
    };

    private static async Task<InvoiceIssued> CreditNote(IDocumentStore store, IEvent e, OrderRefunded back, TimeZoneInfo zone, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var order = await session.Events.FetchStreamAsync(e.StreamId, token: ct);
        var credits = order.FirstOrDefault(past => past.Data is OrderPaid { Imported: false }) is { } paid ? InvoiceIds.Of(paid.Id) : (Guid?)null;

        return new InvoiceIssued(
            zone.DayOf(back.At).Year, 0, InvoiceKind.CreditNote, credits, e.StreamId, back.MemberId, Lines(back.Lines, back.Amount), back.Amount, null, back.At)
        {
            Tax = back.Tax,
            TimeZone = zone.Id
        };
    }

    // Number and invoice commit together. Who lost the race for the number takes the next; whose invoice is there has it.
    private static async Task Issue(IDocumentStore store, KeyRing keys, IEvent fact, InvoiceIssued issued, CancellationToken ct)
    {
        var (id, year) = (InvoiceIds.Of(fact.Id), InvoiceIds.Year(issued.Year));
        var buyer = await Buyer(store, keys, issued.MemberId, ct);

        while (true)
        {
            await using var session = store.LightweightSession();
            (session.LastModifiedBy, session.CausationId, session.CorrelationId) = ("invoicing", fact.Id.ToString(), fact.CorrelationId);

            if (await session.Events.FetchStreamStateAsync(id, ct) is not null)
            {
                return;
            }

            var number = (int)((await session.Events.FetchStreamStateAsync(year, ct))?.Version ?? 0) + 1;
            session.Events.StartStream(id, issued with { Number = number, Buyer = buyer });

            if (number == 1)
            {
                session.Events.StartStream(year, new InvoiceNumberGiven(id, issued.At));
            }
            else
            {
                session.Events.Append(year, number, new InvoiceNumberGiven(id, issued.At));
            }

            try
            {
                await session.SaveChangesAsync(ct);

                return;
            }
            catch (Exception e) when (e is EventStreamUnexpectedMaxEventIdException or Marten.Exceptions.ExistingStreamIdCollisionException
                || e.UniqueViolation() is "pk_mt_events_stream_and_version" or "pkey_mt_streams_id")
            {
                // Another replica was first: look again.
            }
        }
    }

    private static async Task<Sealed?> Buyer(IDocumentStore store, KeyRing keys, Guid member, CancellationToken ct)
    {
        var details = (await store.Load(BillingDetails.Decider, BillingDetails.Stream(member), null, ct)).State.Details;

        if ((await keys.Find([member], ct)).Open(details) is not { } clear)
        {
            return null;
        }

        var key = InvoiceIds.KeyOf(member);

        return (await keys.Create([key], ct)).Seal(key, clear);
    }

    private static InvoiceLine[] Lines(OrderLine[] lines, Money total) =>
        [.. lines.Zip(lines.Net(total)).Select(l => new InvoiceLine(l.First.Name, l.First.Quantity, l.Second))];
}
