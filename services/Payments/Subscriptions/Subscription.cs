using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Payments.Catalogue;

namespace Community.Payments.Subscriptions;

internal abstract record SubscriptionCommand;

/// <param name="Until">The end of what is given for a time (a trial, a complimentary membership); else the plan says it.</param>
internal sealed record StartSubscription(
    Guid SubscriptionId, Guid MemberId, Terms Terms, SubscriptionSource Source, Discount? Discount, Guid? OrderId, string? Mandate,
    Money Paid, DateTimeOffset? Until, DateTimeOffset At) : SubscriptionCommand
{
    /// <summary>The end of what the member has already and what this goes on from, where that is still to come.</summary>
    public DateTimeOffset? After { get; init; }
}

/// <summary>Does what time has made due, once.</summary>
/// <param name="OrderId">For the order of a renewal, where there is one.</param>
internal sealed record AdvanceSubscription(Guid OrderId, DateTimeOffset At) : SubscriptionCommand;

internal sealed record RecordPayment(Guid OrderId, Money Amount, string? Mandate, DateTimeOffset At) : SubscriptionCommand;

/// <summary>The plan was ordered during its trial, or another of the same tier: what is paid for begins where the trial ends.</summary>
internal sealed record ConvertTrial(Guid OrderId, Terms Terms, Money Amount, Discount? Discount, string? Mandate, DateTimeOffset At) : SubscriptionCommand;

internal sealed record RecordFailedPayment(Guid OrderId, DateTimeOffset At) : SubscriptionCommand;

internal sealed record CancelSubscription(DateTimeOffset At) : SubscriptionCommand;

/// <summary>Takes a cancellation back, or goes on after a pause.</summary>
internal sealed record ContinueSubscription(DateTimeOffset At) : SubscriptionCommand;

internal sealed record PauseSubscription(DateTimeOffset At) : SubscriptionCommand;

/// <param name="OrderId">For what is to be paid, if anything is.</param>
internal sealed record ChangePlan(Guid OrderId, Terms Terms, DateTimeOffset At) : SubscriptionCommand;

/// <summary>Lets a pass that has not begun begin earlier.</summary>
internal sealed record BringForward(DateTimeOffset To, DateTimeOffset At) : SubscriptionCommand;

/// <summary>The member does not want what was given.</summary>
internal sealed record DeclineSubscription(DateTimeOffset At) : SubscriptionCommand;

internal sealed record RevokeSubscription(DateTimeOffset At) : SubscriptionCommand;

/// <summary>An order was refunded whole: what it paid for ends, or, where that was a change of the plan, is undone.</summary>
internal sealed record RecordRefund(Guid OrderId, Money Amount, DateTimeOffset At) : SubscriptionCommand;

/// <summary>The next period was paid elsewhere, by an order that is imported.</summary>
internal sealed record ImportRenewal(Guid OrderId, Money Amount, DateTimeOffset At) : SubscriptionCommand;

/// <summary>The plan was changed elsewhere, and the change paid by an order that is imported.</summary>
internal sealed record ImportChange(Guid OrderId, Terms Terms, Money Amount, DateTimeOffset At) : SubscriptionCommand;

/// <param name="Refunded">What went back for the period that ran.</param>
internal sealed record ImportEnd(EndedBecause Because, Money Refunded, DateTimeOffset At) : SubscriptionCommand;

internal abstract record Subscription
{
    public static readonly Decider<Subscription, SubscriptionCommand, SubscriptionEvent> Decider = new(new NotStarted(), Decide, Evolve);

    /// <summary>When the gateway with the mandate tries again, after the renewal fell due; after the last, it ends.</summary>
    public static readonly ImmutableArray<TimeSpan> Dunning =
        [TimeSpan.FromDays(1), TimeSpan.FromDays(3), TimeSpan.FromDays(7), TimeSpan.FromDays(14)];

    /// <summary>Orders whose money has had its effect.</summary>
    public ImmutableHashSet<Guid> Settled { get; init; } = [];

    public static Guid Stream(Guid subscriptionId) => StreamId.Of("subscription", subscriptionId);

    private static Decision<SubscriptionEvent> Decide(Subscription subscription, SubscriptionCommand command) => (subscription, command) switch
    {
        (NotStarted, StartSubscription c) => Start(c),
        (Begun, StartSubscription { Source: SubscriptionSource.Trial }) => new Rejection("trial-used", "A tier can be tried once."),
        (Begun, StartSubscription) => Decision.Nothing,
        (NotStarted, _) => Rejection.NotFound,

        (_, ImportRenewal c) when subscription.Settled.Contains(c.OrderId) => Decision.Nothing,
        (Live { Renews: true } s, ImportRenewal c) => s.Renew(c.OrderId, c.Amount, None(c.Amount), s.Mandate, c.At),
        (_, ImportChange c) when subscription.Settled.Contains(c.OrderId) => Decision.Nothing,
        (Live { Renews: true } s, ImportChange c) => s.ChangeTo(c.Terms, c.OrderId, c.Amount, None(c.Amount), None(c.Amount), c.At),
        (Live s, ImportEnd c) => s.End(c.Because, c.Refunded, c.At),
        (Ended, ImportEnd) => Decision.Nothing,
        (_, ImportRenewal or ImportChange) => new Rejection("subscription-does-not-renew", "It ends by itself, never, or has ended."),

        // Money that came is a fact: it pays what waits for it, or it is owed back.
        (_, RecordPayment c) when subscription.Settled.Contains(c.OrderId) => Decision.Nothing,
        (Live { Due: { } due } s, RecordPayment c) when due.OrderId == c.OrderId => s.Renew(c.OrderId, c.Amount, due.CreditUsed, c.Mandate ?? s.Mandate, c.At),
        (Live { Change: { } change } s, RecordPayment c) when change.OrderId == c.OrderId => s.ChangeTo(change.Terms, c.OrderId, c.Amount, change.CreditUsed, None(c.Amount), c.At),
        (Begun s, RecordPayment c) => new PaymentNotNeeded(s.SubscriptionId, s.MemberId, c.OrderId, c.Amount, c.At),

        (_, ConvertTrial c) when subscription.Settled.Contains(c.OrderId) => Decision.Nothing,
        (Live { IsTrial: true } s, ConvertTrial c) when c.Terms.Months > 0 && c.Terms.Price.Currency == s.Terms.Price.Currency => s.Convert(c),
        (Begun, ConvertTrial) => new Rejection("subscription-not-on-trial", "It is not, or no longer, a trial that this pays for."),

        (Live { Due: { Attempt: 0 } due } s, RecordFailedPayment c) when due.OrderId == c.OrderId => s.PastDue(1, again: false, due.NextAttempt, c.At),
        (_, RecordFailedPayment) => Decision.Nothing,

        (Live s, RecordRefund c) when s.PaidBy == c.OrderId => s.End(EndedBecause.Refunded, c.Amount, c.At),
        (Live s, RecordRefund c) when !s.Changes.IsEmpty && s.Changes.Peek().OrderId == c.OrderId => s.Undo(c),

        // What came later was reckoned from it.
        (Live s, RecordRefund c) when s.Changes.Any(change => change.OrderId == c.OrderId) => s.End(EndedBecause.Refunded, c.Amount, c.At),
        (_, RecordRefund) => Decision.Nothing,

        (Live { Period: { End: { } end } period } s, BringForward c) when c.To < period.Start && c.At < period.Start => new SubscriptionBroughtForward(
            s.SubscriptionId, s.MemberId, new Period(c.To, c.To + (end - period.Start)), s.Earning is { } earning ? earning with { From = c.To } : null, c.At),
        (_, BringForward) => Decision.Nothing,

        (Begun { Source: not (SubscriptionSource.Gift or SubscriptionSource.Complimentary) }, DeclineSubscription) =>
            new Rejection("subscription-not-given", "Only what somebody else has given is declined."),
        (Live s, DeclineSubscription c) => s.End(EndedBecause.Declined, s.Earning?.Amount ?? None(s.Terms.Price), c.At),
        (Ended, DeclineSubscription) => Decision.Nothing,

        (Live s, AdvanceSubscription c) => s.Advance(c),
        (Ended, AdvanceSubscription or CancelSubscription or RevokeSubscription) => Decision.Nothing,
        (Ended, _) => new Rejection("subscription-ended", "The subscription has ended."),

        (Live s, RevokeSubscription c) => s.End(EndedBecause.Revoked, None(s.Terms.Price), c.At),

        (Live { Cancelled: true }, CancelSubscription) => Decision.Nothing,
        (Live { Renews: false }, CancelSubscription) => new Rejection("subscription-does-not-renew", "It ends by itself, or never."),
        (Live { PausedAt: not null }, CancelSubscription) => new Rejection("subscription-paused", "Let it go on first."),
        (Live { Due: not null } s, CancelSubscription c) => s.End(EndedBecause.Cancelled, None(s.Terms.Price), c.At),
        (Live { Period.End: { } end } s, CancelSubscription c) => new SubscriptionCancelled(s.SubscriptionId, s.MemberId, end, c.At),

        (Live { PausedAt: { } since, Period.End: { } end, Earning: { } earning } s, ContinueSubscription c) => new SubscriptionResumed(
            s.SubscriptionId, s.MemberId, s.Terms, new Period(s.Period.Start + (c.At - since), end + (c.At - since)),
            earning.Rest(since, earning.Unearned(since), c.At - since), s.Monthly, c.At),
        (Live { Cancelled: true } s, ContinueSubscription c) => new CancellationWithdrawn(s.SubscriptionId, s.MemberId, c.At),
        (Live, ContinueSubscription) => Decision.Nothing,

        (Live { PausedAt: not null }, PauseSubscription) => Decision.Nothing,
        (Live { Due: null, Cancelled: false, Renews: true, IsTrial: false, Earning: not null, Period.End: { } end } s, PauseSubscription c) when c.At < end =>
            new SubscriptionPaused(s.SubscriptionId, s.MemberId, s.Terms, s.Change?.OrderId, c.At),
        (Live, PauseSubscription) => new Rejection("subscription-not-pausable", "Only a paid, running period is paused."),

        (Live s, ChangePlan c) => s.ChangePlan(c),

        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a subscription.")
    };

    private static Decision<SubscriptionEvent> Start(StartSubscription c)
    {
        var start = !c.Terms.IsForGood && c.After > c.At ? c.After.Value : c.At;
        var end = c.Until ?? c.Terms.EndFrom(start);
        var earns = end is not null && c.Source is SubscriptionSource.Paid or SubscriptionSource.Gift;
        var discount = c.Source == SubscriptionSource.Paid || c.Source == SubscriptionSource.Trial ? c.Discount : null;

        return new SubscriptionStarted(
            c.SubscriptionId, c.MemberId, c.Terms, c.Source, discount, c.OrderId, c.Mandate, c.Paid, new Period(start, end),
            earns && end is { } until ? Earning.Over(start, until, c.Paid) : null,
            c.Source == SubscriptionSource.Paid ? MonthlyOf(c.Terms, discount) : None(c.Paid), c.At);
    }

    private static Begun Evolve(Subscription subscription, SubscriptionEvent @event) => (subscription, @event) switch
    {
        (NotStarted, SubscriptionStarted e) => new Live(e),
        (Live s, RenewalDue e) => s with { Due = new Due(e.OrderId, e.Charge, e.CreditUsed, e.At, e.NextAttempt, 0), Change = null },
        (Live { Due: { } due } s, SubscriptionPastDue e) => s with { Due = due with { Attempt = e.Attempt, NextAttempt = e.NextAttempt } },
        (Live s, SubscriptionRenewed e) => s.Settle(e.OrderId) with
        {
            Period = e.Period,
            Earning = e.Earning,
            Discount = e.Discount,
            Mandate = e.Mandate,
            Due = null,
            IsTrial = false,
            Cancelled = false,
            Change = null,
            Changes = [],
            PaidBy = e.OrderId,
            Credit = s.Credit.Less(e.CreditUsed),
            Monthly = e.Monthly,
            Months = s.Months + s.Terms.Months
        },
        (Live s, SubscriptionCancelled) => s with { Cancelled = true },
        (Live s, CancellationWithdrawn) => s with { Cancelled = false },
        (Live s, SubscriptionPaused e) => s with { PausedAt = e.At, Change = null },
        (Live s, SubscriptionResumed e) => s with
        {
            PausedAt = null,
            Period = e.Period,
            Earning = e.Earning,
            Anchor = e.Period.End ?? e.At,
            Months = 0,
            Changes = [.. s.Changes.Reverse().Select(change => change.Later(e.Period.Start - s.Period.Start))]
        },
        (Live s, SubscriptionBroughtForward e) => s with { Period = e.Period, Earning = e.Earning },
        (Live s, PlanChangeAsked e) => s with { Change = new Change(e.OrderId, e.Terms, e.CreditUsed) },
        (Live s, SubscriptionChanged e) => s.Settle(e.OrderId) with
        {
            Terms = e.To,
            Period = e.Period,
            Earning = e.Earning,
            Change = null,
            Changes = s.Changes.Push(new Changed(e.OrderId, s.Terms, s.Period, s.Anchor, s.Months)),
            Monthly = e.Monthly,
            Credit = s.Credit with { Amount = s.Credit.Amount - e.CreditUsed.Amount + e.Credited.Amount },
            Anchor = e.Period.Start == s.Period.Start ? s.Anchor : e.Period.Start,
            Months = e.Period.Start == s.Period.Start ? s.Months : e.To.Months
        },
        (Live s, PlanChangeUndone e) => s with
        {
            Terms = e.To,
            Period = e.Period,
            Earning = e.Earning,
            Change = null,
            Changes = s.Changes.Pop(),
            Monthly = e.Monthly,
            Anchor = s.Changes.Peek().Anchor,
            Months = s.Changes.Peek().Months
        },
        (Begun s, PaymentNotNeeded e) => s with { Settled = s.Settled.Add(e.OrderId) },
        (Live s, SubscriptionEnded) => new Ended(s) { Settled = s.Settled },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {subscription.GetType().Name}.")
    };

    /// <summary>Normalised to a month, after discounts without end only, and without tax.</summary>
    public static Money MonthlyOf(Terms terms, Discount? discount)
    {
        var price = discount is { PeriodsLeft: null } ? discount.Off(terms.Price) : terms.Price;

        return terms.Months == 0
            ? None(price)
            : price with { Amount = (long)Math.Round(price.Amount / (terms.Months * (1 + ((terms.TaxPercent ?? 0) / 100))), MidpointRounding.ToEven) };
    }

    public static Money None(Money like) => like with { Amount = 0 };
}

internal sealed record NotStarted : Subscription;

internal abstract record Begun(Guid SubscriptionId, Guid MemberId, SubscriptionSource Source, Terms Terms, Period Period) : Subscription;

/// <param name="Attempt">Zero until the gateway, or time, has told that it is not paid.</param>
internal sealed record Due(Guid OrderId, Money Charge, Money CreditUsed, DateTimeOffset Since, DateTimeOffset NextAttempt, int Attempt);

internal sealed record Change(Guid OrderId, Terms Terms, Money CreditUsed);

/// <summary>A change that is in force, and what was before it.</summary>
/// <param name="OrderId">Null where there was nothing to pay.</param>
internal sealed record Changed(Guid? OrderId, Terms Terms, Period Period, DateTimeOffset Anchor, int Months)
{
    /// <summary>After a pause, as <see cref="SubscriptionResumed"/> has it.</summary>
    public Changed Later(TimeSpan pause) =>
        Period.End + pause is { } end ? this with { Period = new Period(Period.Start + pause, end), Anchor = end, Months = 0 } : this;
}

internal sealed record Live : Begun
{
    public Live(SubscriptionStarted e) : base(e.SubscriptionId, e.MemberId, e.Source, e.Terms, e.Period)
    {
        IsTrial = e.Source == SubscriptionSource.Trial;
        Renews = e.Source is SubscriptionSource.Paid or SubscriptionSource.Trial && e.Terms.Months > 0;
        (Discount, Mandate, Earning, Monthly, PaidBy) = (e.Discount, e.Mandate, e.Earning, e.Monthly, e.OrderId);
        Credit = None(e.Terms.Price);
        Settled = e.OrderId is { } order ? [order] : [];
        (Anchor, Months) = IsTrial ? (e.Period.End ?? e.At, 0) : (e.Period.Start, e.Terms.Months);
    }

    public bool IsTrial { get; init; }

    public bool Renews { get; }

    public bool Cancelled { get; init; }

    public DateTimeOffset? PausedAt { get; init; }

    public Discount? Discount { get; init; }

    public string? Mandate { get; init; }

    public Earning? Earning { get; init; }

    public Money Monthly { get; init; }

    public Money Credit { get; init; }

    public Guid? PaidBy { get; init; }

    public Due? Due { get; init; }

    public Change? Change { get; init; }

    /// <summary>Of the plan, in the period that runs; the last one on top.</summary>
    public ImmutableStack<Changed> Changes { get; init; } = [];

    /// <summary>Periods end on the day of the month on which this was, or on the last of a shorter month.</summary>
    public DateTimeOffset Anchor { get; init; }

    /// <summary>From <see cref="Anchor"/> to the end of the period.</summary>
    public int Months { get; init; }

    /// <summary>The next period, and what it costs: the whole price, of it paid by credit, and what is left to charge.</summary>
    public (Period Period, Money CreditUsed, Money Charge)? Next => Renews && !Cancelled && Period.End is { } end ? Renewal(end) : null;

    private (Period Period, Money CreditUsed, Money Charge) Renewal(DateTimeOffset end)
    {
        var price = Discount?.Off(Terms.Price) ?? Terms.Price;
        var used = price with { Amount = Math.Min(Credit.Amount, price.Amount) };

        return (new Period(end, Anchor.AddMonths(Months + Terms.Months)), used, price.Less(used));
    }

    public Live Settle(Guid? order) => order is { } id ? this with { Settled = Settled.Add(id) } : this;

    public Decision<SubscriptionEvent> Advance(AdvanceSubscription c)
    {
        if (PausedAt is not null)
        {
            return Decision.Nothing;
        }

        if (Due is { } due)
        {
            return c.At < due.NextAttempt ? Decision.Nothing
                : due.Attempt == Dunning.Length ? End(EndedBecause.Unpaid, None(Terms.Price), c.At)
                : PastDue(due.Attempt + 1, again: true, Later(due.Since + Dunning[due.Attempt], c.At), c.At);
        }

        if (Period.End is not { } end || c.At < end)
        {
            return Decision.Nothing;
        }

        if (Next is not var (period, credit, charge))
        {
            return End(Cancelled ? EndedBecause.Cancelled : EndedBecause.Expired, None(Terms.Price), c.At);
        }

        if (charge.Amount == 0)
        {
            return Renew(null, charge, credit, Mandate, c.At);
        }

        var next = c.At + Dunning[0];
        var asked = new RenewalDue(SubscriptionId, MemberId, Terms, c.OrderId, charge, credit, period, Mandate, next, Change?.OrderId, c.At);

        return Mandate is null
            ? [asked, new SubscriptionPastDue(SubscriptionId, MemberId, Terms, c.OrderId, charge, null, 1, false, next, Monthly, c.At)]
            : asked;
    }

    public Decision<SubscriptionEvent> Renew(Guid? order, Money paid, Money creditUsed, string? mandate, DateTimeOffset at)
    {
        var (period, _, _) = Renewal(Period.End ?? at);
        var whole = paid with { Amount = paid.Amount + creditUsed.Amount };

        return new SubscriptionRenewed(
            SubscriptionId, MemberId, Terms, Discount?.AfterAPeriod(), order, mandate, paid, creditUsed, period,
            Earning.Over(period.Start, period.End ?? at, whole), MonthlyOf(Terms, Discount), at);
    }

    public Decision<SubscriptionEvent> Convert(ConvertTrial c)
    {
        var none = None(c.Amount);
        var (period, _, _) = (this with { Terms = c.Terms }).Renewal(Period.End ?? c.At);
        var renewed = new SubscriptionRenewed(
            SubscriptionId, MemberId, c.Terms, c.Discount, c.OrderId, c.Mandate, c.Amount, none, period, Earning.Over(period.Start, period.End ?? c.At, c.Amount),
            MonthlyOf(c.Terms, c.Discount), c.At);

        return c.Terms.PlanId == Terms.PlanId
            ? renewed
            : [new SubscriptionChanged(SubscriptionId, MemberId, Terms, c.Terms, null, none, none, none, Period, null, Monthly, c.At), renewed];
    }

    public SubscriptionPastDue PastDue(int attempt, bool again, DateTimeOffset next, DateTimeOffset at) => new(
        SubscriptionId, MemberId, Terms, Due!.OrderId, Due.Charge, Mandate, attempt, again, next, Monthly, at);

    public SubscriptionEnded End(EndedBecause because, Money refunded, DateTimeOffset at)
    {
        var unearned = Earning?.Unearned(PausedAt ?? at) ?? None(Terms.Price);
        var returned = unearned with { Amount = Math.Min(unearned.Amount, refunded.Amount) };

        return new SubscriptionEnded(
            SubscriptionId, MemberId, Terms, because, [.. new[] { Due?.OrderId, Change?.OrderId }.OfType<Guid>()],
            returned, unearned.Less(returned), Credit, at);
    }

    /// <summary>Back to what was before the last change: with its days, where any are left, and with what is not earned and was not given back.</summary>
    public Decision<SubscriptionEvent> Undo(RecordRefund c)
    {
        var (at, before) = (PausedAt ?? c.At, Changes.Peek());

        if (before.Period.End is not { } end || end <= at)
        {
            return End(EndedBecause.Refunded, c.Amount, c.At);
        }

        var unearned = Earning!.Unearned(at);
        var returned = unearned with { Amount = Math.Min(unearned.Amount, c.Amount.Amount) };
        var rest = Earning.Rest(at, unearned.Less(returned));

        if (before.Period != Period)
        {
            // Whole days up to the end, or the last part of one.
            var days = Math.Max(1, (int)(end - rest.From).TotalDays);
            rest = rest with { From = end.AddDays(-days), Days = days };
        }

        return new PlanChangeUndone(
            SubscriptionId, MemberId, Terms, before.Terms, c.OrderId, returned, Change?.OrderId, before.Period, rest,
            MonthlyOf(before.Terms, Discount), PausedAt is not null, c.At);
    }

    /// <summary>What the change asks or leaves over at an instant, by whole days not yet over.</summary>
    public (Money Charge, Money CreditUsed, Money Credited) Proration(Terms to, DateTimeOffset at)
    {
        if (IsTrial)
        {
            return (None(to.Price), None(to.Price), None(to.Price));
        }

        var price = Discount is { PeriodsLeft: null } ? Discount.Off(to.Price) : to.Price;
        var unused = Earning!.Unearned(at);
        var share = Keeps(to) ? Earning.ShareLeft(price, (int)(Period.End!.Value - Period.Start).TotalDays, at) : price;
        var more = Math.Max(0, share.Amount - unused.Amount);
        var used = Math.Min(more, Credit.Amount);

        return (price with { Amount = more - used }, price with { Amount = used }, price with { Amount = Math.Max(0, unused.Amount - share.Amount) });
    }

    public Decision<SubscriptionEvent> ChangePlan(ChangePlan c)
    {
        if (c.Terms.PlanId == Terms.PlanId)
        {
            return Decision.Nothing;
        }

        if (PausedAt is not null || Due is not null || Cancelled || !Renews || Period.End is not { } end || c.At >= end || (!IsTrial && Earning is null))
        {
            return new Rejection("plan-not-changeable", "Only a running subscription that renews changes its plan.");
        }

        if (c.Terms.Price.Currency != Terms.Price.Currency)
        {
            return new Rejection("plan-in-other-currency", $"The subscription is paid in {Terms.Price.Currency}.");
        }

        if (c.Terms.Months == 0)
        {
            return new Rejection("plan-without-renewal", "A plan that is paid once is ordered, not changed to.");
        }

        var (charge, used, credited) = Proration(c.Terms, c.At);

        return charge.Amount > 0
            ? new PlanChangeAsked(SubscriptionId, MemberId, c.Terms, c.OrderId, charge, used, Mandate, Change?.OrderId, c.At)
            : ChangeTo(c.Terms, null, charge, used, credited, c.At);
    }

    // Whatever is not yet earned, plus what came, is what the days to come earn: nothing is lost between asking and paying.
    public Decision<SubscriptionEvent> ChangeTo(Terms to, Guid? order, Money paid, Money creditUsed, Money credited, DateTimeOffset at)
    {
        var monthly = IsTrial ? Monthly : MonthlyOf(to, Discount);
        var period = IsTrial || Keeps(to) ? Period : new Period(at, at.AddMonths(to.Months));
        var whole = paid with { Amount = (Earning?.Unearned(at).Amount ?? 0) + paid.Amount + creditUsed.Amount - credited.Amount };
        var earning = Earning is null ? null : Keeps(to) ? Earning.Rest(at, whole) : Earning.Over(at, at.AddMonths(to.Months), whole);

        return new SubscriptionChanged(SubscriptionId, MemberId, Terms, to, order, paid, creditUsed, credited, period, earning, monthly, at);
    }

    private bool Keeps(Terms to) => to.Interval == Terms.Interval;

    private static DateTimeOffset Later(DateTimeOffset planned, DateTimeOffset now) => planned > now ? planned : now + Dunning[0];
}

internal sealed record Ended : Begun
{
    public Ended(Live live) : base(live.SubscriptionId, live.MemberId, live.Source, live.Terms, live.Period) { }
}
