using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Web;

namespace Community.Payments.Creators;

public abstract record CreatorEvent
{
    private protected CreatorEvent() { }
}

/// <summary>A part of what was paid for a line of an order is its creator's.</summary>
/// <param name="Of">What was paid for the line.</param>
/// <param name="AvailableAt">Not paid out before: until then it may have to go back to the buyer.</param>
[EventType("creator-share-earned.v1")]
public sealed record ShareEarned(Guid CreatorId, Guid OrderId, int Line, Money Amount, Money Of, DateTimeOffset AvailableAt, DateTimeOffset At) : CreatorEvent;

[EventType("creator-share-reversed.v1")]
public sealed record ShareReversed(Guid CreatorId, Guid OrderId, int Line, Guid RefundId, Money Amount, DateTimeOffset At) : CreatorEvent;

/// <summary>What was paid for it is disputed: it is not paid out meanwhile.</summary>
[EventType("creator-share-held.v1")]
public sealed record ShareHeld(Guid CreatorId, Guid OrderId, int Line, string Dispute, DateTimeOffset At) : CreatorEvent;

/// <summary>The dispute is over; where it was lost, the share is reversed.</summary>
[EventType("creator-share-released.v1")]
public sealed record ShareReleased(Guid CreatorId, Guid OrderId, int Line, string Dispute, DateTimeOffset At) : CreatorEvent;

[EventType("creator-payout-prepared.v1")]
public sealed record PayoutPrepared(Guid CreatorId, Guid PayoutId, Money Amount, DateTimeOffset At) : CreatorEvent;

[EventType("creator-payout-paid.v1")]
public sealed record PayoutPaid(Guid CreatorId, Guid PayoutId, Money Amount, string Reference, DateTimeOffset At) : CreatorEvent
{
    /// <summary>The reference as staff wrote it, by the creator's key; the other one is then empty.</summary>
    public Sealed? ReferenceInWords { get; init; }
}

internal abstract record CreatorCommand;

internal sealed record EarnShare(Guid CreatorId, Guid OrderId, int Line, Money Amount, Money Of, DateTimeOffset AvailableAt, DateTimeOffset At) : CreatorCommand;

/// <param name="Refunded">Of what was paid for the line: its part of the share goes back.</param>
/// <param name="Whole">All that is left of it, whatever the amount.</param>
internal sealed record ReverseShare(Guid OrderId, int Line, Guid RefundId, Money Refunded, bool Whole, DateTimeOffset At) : CreatorCommand;

/// <param name="Dispute">Of what was paid for it.</param>
internal sealed record HoldShare(Guid OrderId, int Line, string Dispute, DateTimeOffset At) : CreatorCommand;

internal sealed record ReleaseShare(Guid OrderId, int Line, string Dispute, DateTimeOffset At) : CreatorCommand;

internal sealed record PreparePayout(Guid PayoutId, string Currency, DateTimeOffset At) : CreatorCommand;

internal sealed record MarkPaid(Guid PayoutId, string Reference, DateTimeOffset At) : CreatorCommand
{
    /// <summary>As <see cref="PayoutPaid.ReferenceInWords"/>.</summary>
    public Sealed? ReferenceInWords { get; init; }
}

/// <param name="Left">After reversals.</param>
internal sealed record Share(Money Earned, Money Of, Money Left, DateTimeOffset AvailableAt, ImmutableHashSet<Guid> Refunds)
{
    /// <summary>Disputes whose end is not told.</summary>
    public ImmutableHashSet<string> HeldBy { get; init; } = [];

    public bool IsAvailable(DateTimeOffset at) => AvailableAt <= at && HeldBy.IsEmpty;

    public Share After(ShareReversed e) => this with { Left = Left.Less(e.Amount), Refunds = Refunds.Add(e.RefundId) };
}

internal sealed record Payout(Money Amount, bool Paid);

/// <summary>What a creator has earned, and what of it was paid out.</summary>
internal sealed record CreatorAccount(Guid? CreatorId)
{
    public static readonly Decider<CreatorAccount, CreatorCommand, CreatorEvent> Decider = new(new CreatorAccount((Guid?)null), Decide, Evolve);

    public ImmutableDictionary<(Guid Order, int Line), Share> Shares { get; init; } = ImmutableDictionary<(Guid, int), Share>.Empty;

    public ImmutableDictionary<Guid, Payout> Payouts { get; init; } = ImmutableDictionary<Guid, Payout>.Empty;

    public static Guid Stream(Guid creatorId) => StreamId.Of("creator-account", creatorId);

    /// <summary>Currencies in which anything was earned.</summary>
    public IEnumerable<string> Currencies => Shares.Values.Select(share => share.Left.Currency).Distinct().Order(StringComparer.Ordinal);

    /// <summary>Of shares whose hold is over and whose payment is not disputed, less what was prepared; below zero where refunds came after the payout.</summary>
    public long Available(string currency, DateTimeOffset at) =>
        Shares.Values.Where(share => share.Left.Currency == currency && share.IsAvailable(at)).Sum(share => share.Left.Amount) - Prepared(currency);

    public long Held(string currency, DateTimeOffset at) =>
        Shares.Values.Where(share => share.Left.Currency == currency && !share.IsAvailable(at)).Sum(share => share.Left.Amount);

    public long PaidOut(string currency) => Payouts.Values.Where(p => p.Paid && p.Amount.Currency == currency).Sum(p => p.Amount.Amount);

    private long Prepared(string currency) => Payouts.Values.Where(p => p.Amount.Currency == currency).Sum(p => p.Amount.Amount);

    private static Decision<CreatorEvent> Decide(CreatorAccount account, CreatorCommand command) => command switch
    {
        EarnShare c when account.Shares.ContainsKey((c.OrderId, c.Line)) || c.Amount.Amount < 1 => Decision.Nothing,
        EarnShare c => new ShareEarned(c.CreatorId, c.OrderId, c.Line, c.Amount, c.Of, c.AvailableAt, c.At),
        ReverseShare c => account.Reverse(c),
        HoldShare c when account.CreatorId is { } creator && account.Shares.TryGetValue((c.OrderId, c.Line), out var share) && !share.HeldBy.Contains(c.Dispute) =>
            new ShareHeld(creator, c.OrderId, c.Line, c.Dispute, c.At),
        ReleaseShare c when account.CreatorId is { } creator && account.Shares.TryGetValue((c.OrderId, c.Line), out var share) && share.HeldBy.Contains(c.Dispute) =>
            new ShareReleased(creator, c.OrderId, c.Line, c.Dispute, c.At),
        HoldShare or ReleaseShare => Decision.Nothing,
        PreparePayout c when account.Payouts.ContainsKey(c.PayoutId) => Decision.Nothing,
        PreparePayout c when account.CreatorId is { } creator && account.Available(c.Currency, c.At) is > 0 and var due =>
            new PayoutPrepared(creator, c.PayoutId, new Money(due, c.Currency), c.At),
        PreparePayout => new Rejection("payout-nothing-due", "Nothing is due."),
        MarkPaid c when account.CreatorId is { } creator && account.Payouts.TryGetValue(c.PayoutId, out var payout) => payout.Paid
            ? Decision.Nothing
            : new PayoutPaid(creator, c.PayoutId, payout.Amount, c.Reference, c.At) { ReferenceInWords = c.ReferenceInWords },
        MarkPaid => Rejection.NotFound,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a creator's account.")
    };

    private static CreatorAccount Evolve(CreatorAccount account, CreatorEvent @event) => @event switch
    {
        ShareEarned e => account with { CreatorId = e.CreatorId, Shares = account.Shares.Add((e.OrderId, e.Line), new Share(e.Amount, e.Of, e.Amount, e.AvailableAt, [])) },
        ShareReversed e => account.With(e.OrderId, e.Line, share => share.After(e)),
        ShareHeld e => account.With(e.OrderId, e.Line, share => share with { HeldBy = share.HeldBy.Add(e.Dispute) }),
        ShareReleased e => account.With(e.OrderId, e.Line, share => share with { HeldBy = share.HeldBy.Remove(e.Dispute) }),
        PayoutPrepared e => account with { Payouts = account.Payouts.Add(e.PayoutId, new Payout(e.Amount, false)) },
        PayoutPaid e => account with { Payouts = account.Payouts.SetItem(e.PayoutId, new Payout(e.Amount, true)) },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a creator's account.")
    };

    private CreatorAccount With(Guid order, int line, Func<Share, Share> changed) =>
        this with { Shares = Shares.SetItem((order, line), changed(Shares[(order, line)])) };

    private Decision<CreatorEvent> Reverse(ReverseShare c)
    {
        if (CreatorId is not { } creator || !Shares.TryGetValue((c.OrderId, c.Line), out var share) || share.Refunds.Contains(c.RefundId))
        {
            return Decision.Nothing;
        }

        var part = (long)((Int128)share.Earned.Amount * c.Refunded.Amount / share.Of.Amount);
        var amount = c.Whole ? share.Left : share.Left with { Amount = Math.Min(share.Left.Amount, part) };

        return amount.Amount == 0 ? Decision.Nothing : new ShareReversed(creator, c.OrderId, c.Line, c.RefundId, amount, c.At);
    }
}
