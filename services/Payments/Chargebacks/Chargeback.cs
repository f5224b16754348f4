using System.Diagnostics;
using Community.EventStore;
using Community.Payments.Gateways;
using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Payments.Chargebacks;

public abstract record ChargebackEvent
{
    private protected ChargebackEvent() { }
}

/// <summary>The payer's bank asks for the money of a receipt back.</summary>
/// <param name="Number">The gateway's own.</param>
[EventType("chargeback-opened.v1")]
public sealed record ChargebackOpened(string Number, Receipt Receipt, Money Amount, string Reason, DateTimeOffset At) : ChargebackEvent;

/// <param name="Won">The money stays, or is back.</param>
[EventType("chargeback-closed.v1")]
public sealed record ChargebackClosed(string Number, Receipt Receipt, Money Amount, string Reason, bool Won, DateTimeOffset At) : ChargebackEvent
{
    /// <summary>What its opening had taken; null: its opening was not told before.</summary>
    public Money? Taken { get; init; }
}

internal abstract record ChargebackCommand;

internal sealed record OpenChargeback(string Number, Receipt Receipt, Money Amount, string Reason, DateTimeOffset At) : ChargebackCommand;

internal sealed record CloseChargeback(string Number, Receipt Receipt, Money Amount, string Reason, bool Won, DateTimeOffset At) : ChargebackCommand;

internal enum ChargebackStatus
{
    Open,
    Won,
    Lost
}

/// <param name="Status">Null: nothing was told of it.</param>
internal sealed record Chargeback(ChargebackStatus? Status, Money? Taken = null)
{
    public static readonly Decider<Chargeback, ChargebackCommand, ChargebackEvent> Decider = new(new Chargeback((ChargebackStatus?)null), Decide, Evolve);

    public static Guid Stream(string gateway, string number) => StreamId.Of("chargeback", $"{gateway}/{number}");

    // In whatever order they are told, the end stands.
    private static Decision<ChargebackEvent> Decide(Chargeback chargeback, ChargebackCommand command) => (chargeback.Status, command) switch
    {
        (null, OpenChargeback c) => new ChargebackOpened(c.Number, c.Receipt, c.Amount, c.Reason, c.At),
        (_, OpenChargeback) => Decision.Nothing,
        (null or ChargebackStatus.Open, CloseChargeback c) => new ChargebackClosed(c.Number, c.Receipt, c.Amount, c.Reason, c.Won, c.At) { Taken = chargeback.Taken },
        (_, CloseChargeback) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a chargeback.")
    };

    private static Chargeback Evolve(Chargeback chargeback, ChargebackEvent @event) => @event switch
    {
        ChargebackOpened e => new(ChargebackStatus.Open, e.Amount),
        ChargebackClosed e => new(e.Won ? ChargebackStatus.Won : ChargebackStatus.Lost),
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a chargeback.")
    };
}

internal sealed record ChargebackInList(
    Guid Id, string Number, Receipt Receipt, Money Amount, string Reason, ChargebackStatus Status, DateTimeOffset At);

internal sealed partial class ChargebackList : SingleStreamProjection<ChargebackInList, Guid>
{
    public static ChargebackInList Create(IEvent<ChargebackOpened> e) =>
        new(e.StreamId, e.Data.Number, e.Data.Receipt, e.Data.Amount, e.Data.Reason, ChargebackStatus.Open, e.Data.At);

    public static ChargebackInList Create(IEvent<ChargebackClosed> e) =>
        new(e.StreamId, e.Data.Number, e.Data.Receipt, e.Data.Amount, e.Data.Reason, Ended(e.Data), e.Data.At);

    public static ChargebackInList Apply(ChargebackClosed e, ChargebackInList chargeback) => chargeback with { Status = Ended(e) };

    private static ChargebackStatus Ended(ChargebackClosed e) => e.Won ? ChargebackStatus.Won : ChargebackStatus.Lost;
}
