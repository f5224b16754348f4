using Community.Payments.Catalogue;
using Community.Payments.Ledger;
using Community.Payments.Subscriptions;
using Community.Testing;

namespace Community.Payments.Tests.Subscriptions;

public sealed class SubscriptionSpecs
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset February = new(2026, 2, 28, 10, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset March = new(2026, 3, 31, 10, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = Guid.CreateVersion7(Start);
    private static readonly Guid Ann = Guid.CreateVersion7(Start);
    private static readonly Guid First = Guid.CreateVersion7(Start);
    private static readonly Guid Second = Guid.CreateVersion7(Start);
    private static readonly Guid Third = Guid.CreateVersion7(Start);
    private static readonly Terms Basic = new(Guid.CreateVersion7(Start), "Basic", "member", Cny(2800), PlanInterval.Month);
    private static readonly Terms Pro = new(Guid.CreateVersion7(Start), "Pro", "pro", Cny(5600), PlanInterval.Month);
    private static readonly Terms Yearly = new(Guid.CreateVersion7(Start), "Pro, a year", "pro", Cny(56_001), PlanInterval.Year);

    private static readonly StartSubscription Begin = new(
        Id, Ann, Basic, SubscriptionSource.Paid, null, First, "sandbox", Cny(2800), null, Start);

    [Fact]
    public void A_month_from_the_last_day_of_january_ends_on_that_of_february_and_the_next_on_that_of_march()
    {
        var started = Started();
        Assert.Equal(new Period(Start, February), started.Period);
        Assert.Equal(new Earning(Start, 28, Cny(2800)), started.Earning);
        Assert.Equal(Cny(2800), started.Monthly);
        Given(started).When(new AdvanceSubscription(Second, February.AddTicks(-1))).ThenNothing();
        Given(started).When(new AdvanceSubscription(Second, February)).Then(DueIn(started, "sandbox"));
        Given(started, DueIn(started, "sandbox")).When(new RecordPayment(Second, Cny(2800), "sandbox", February.AddMinutes(1))).Then(Renewed(February.AddMinutes(1)));
    }

    [Fact]
    public void What_is_paid_during_the_trial_begins_where_it_ends_and_the_trial_asks_no_more()
    {
        var end = Start.AddDays(7);
        var trial = new SubscriptionStarted(Id, Ann, Pro, SubscriptionSource.Trial, null, null, null, Cny(0), new Period(Start, end), null, Cny(0), Start);
        var convert = new ConvertTrial(Second, Pro, Cny(5600), null, "sandbox", Start.AddDays(1));
        var paid = new SubscriptionRenewed(
            Id, Ann, Pro, null, Second, "sandbox", Cny(5600), Cny(0), new Period(end, end.AddMonths(1)), Earning.Over(end, end.AddMonths(1), Cny(5600)), Cny(5600),
            Start.AddDays(1));
        Given(trial).When(convert).Then(paid);
        Given(trial, paid).When(convert).ThenNothing();
        Given(trial, paid).When(convert with { OrderId = Third }).ThenRejected("subscription-not-on-trial");
        Given(trial, paid).When(new AdvanceSubscription(Third, end)).ThenNothing();

        // Cancelled before, it goes on; after it has asked, what it asked for is paid by this; by another plan of the tier it becomes that.
        Given(trial, new SubscriptionCancelled(Id, Ann, end, Start)).When(convert).Then(paid);
        var due = new RenewalDue(Id, Ann, Pro, Third, Cny(5600), Cny(0), new Period(end, end.AddMonths(1)), null, end.AddDays(1), null, end);
        Given(trial, due).When(convert with { At = end.AddHours(1) }).Then(paid with { At = end.AddHours(1) });
        Given(trial).When(convert with { Terms = Yearly, Amount = Cny(56_001) }).Then(
            new SubscriptionChanged(Id, Ann, Pro, Yearly, null, Cny(0), Cny(0), Cny(0), new Period(Start, end), null, Cny(0), Start.AddDays(1)),
            paid with
            {
                Terms = Yearly,
                Paid = Cny(56_001),
                Period = new Period(end, end.AddMonths(12)),
                Earning = Earning.Over(end, end.AddMonths(12), Cny(56_001)),
                Monthly = Cny(4667)
            });
        Given(trial).When(convert with { Terms = Pro with { Interval = PlanInterval.Once } }).ThenRejected("subscription-not-on-trial");
    }

    [Fact]
    public void What_is_given_can_be_declined_and_what_is_not_used_of_it_goes_back()
    {
        var gift = new SubscriptionStarted(
            Id, Ann, Basic, SubscriptionSource.Gift, null, Id, null, Cny(2800), new Period(Start, February), Earning.Over(Start, February, Cny(2800)), Cny(0), Start);
        var declined = new SubscriptionEnded(Id, Ann, Basic, EndedBecause.Declined, [], Cny(2700), Cny(0), Cny(0), Start.AddDays(1));
        Given(gift).When(new DeclineSubscription(Start.AddDays(1))).Then(declined);
        Given(gift, declined).When(new DeclineSubscription(Start.AddDays(2))).ThenNothing();
        Given(Started()).When(new DeclineSubscription(Start)).ThenRejected("subscription-not-given");
        Given(gift with { Source = SubscriptionSource.Complimentary, OrderId = null, Paid = Cny(0), Earning = null }).When(new DeclineSubscription(Start.AddDays(1)))
            .Then(declined with { Returned = Cny(0) });
        Given().When(new DeclineSubscription(Start)).ThenRejected("not-found");
    }

    [Fact]
    public void A_pass_earns_day_by_day_ends_by_itself_and_is_no_recurring_revenue()
    {
        var pass = Pro with { Interval = PlanInterval.Once, Days = 30 };
        var started = Started(Begin with { Terms = pass });
        var end = Start.AddDays(30);
        Assert.Equal(new Period(Start, end), started.Period);
        Assert.Equal(new Earning(Start, 30, Cny(2800)), started.Earning);
        Assert.Equal(0, started.Monthly.Amount);
        Given(started).When(new AdvanceSubscription(Second, end.AddTicks(-1))).ThenNothing();
        Given(started).When(new AdvanceSubscription(Second, end)).Then(
            new SubscriptionEnded(Id, Ann, pass, EndedBecause.Expired, [], Cny(0), Cny(0), Cny(0), end));
        Given(started).When(new CancelSubscription(Start)).ThenRejected("subscription-does-not-renew");

        // Of the days that the member has already, none is lost; of those that are over, nothing comes back.
        Assert.Equal(new Period(end, end.AddDays(30)), Started(Begin with { Terms = pass, After = end }).Period);
        Assert.Equal(new Earning(end, 30, Cny(2800)), Started(Begin with { Terms = pass, After = end }).Earning);
        Assert.Equal(new Period(Start, end), Started(Begin with { Terms = pass, After = Start.AddDays(-1) }).Period);
    }

    [Fact]
    public void A_pass_that_has_not_begun_is_brought_forward_once_with_all_its_days()
    {
        var pass = Pro with { Interval = PlanInterval.Once, Days = 30 };
        var waiting = Started(Begin with { Terms = pass, After = Start.AddDays(30) });
        var now = Start.AddDays(10);
        var brought = new SubscriptionBroughtForward(Id, Ann, new Period(now, now.AddDays(30)), new Earning(now, 30, Cny(2800)), now);
        Given(waiting).When(new BringForward(now, now)).Then(brought);
        Given(waiting, brought).When(new BringForward(now, now)).ThenNothing();
        Given(waiting, brought).When(new AdvanceSubscription(Second, now.AddDays(30).AddTicks(-1))).ThenNothing();
        Given(waiting, brought).When(new AdvanceSubscription(Second, now.AddDays(30))).Then(
            new SubscriptionEnded(Id, Ann, pass, EndedBecause.Expired, [], Cny(0), Cny(0), Cny(0), now.AddDays(30)));
        Given(Started(Begin with { Terms = pass })).When(new BringForward(Start.AddDays(-1), now)).ThenNothing();
    }

    [Fact]
    public void Due_work_done_again_does_nothing()
    {
        var started = Started();
        Given(started, DueIn(started, "sandbox")).When(new AdvanceSubscription(Third, February)).ThenNothing();
        Given(started, DueIn(started, "sandbox"), Renewed(February)).When(new AdvanceSubscription(Third, February)).ThenNothing();
        Given(started, DueIn(started, "sandbox"), Renewed(February)).When(new RecordPayment(Second, Cny(2800), "sandbox", March)).ThenNothing();
        Given(started).When(Begin).ThenNothing();
    }

    [Fact]
    public void Without_a_mandate_it_is_past_due_until_the_member_pays()
    {
        var started = Started(Begin with { Mandate = null });
        var due = DueIn(started, null);
        var late = new SubscriptionPastDue(Id, Ann, Basic, Second, Cny(2800), null, 1, false, February.AddDays(1), Cny(2800), February);
        Given(started).When(new AdvanceSubscription(Second, February)).Then(due, late);

        // Paid late, it is for the time since it fell due.
        Given(started, due, late).When(new RecordPayment(Second, Cny(2800), null, February.AddDays(5))).Then(
            Renewed(February.AddDays(5)) with { Mandate = null });
    }

    [Fact]
    public void A_refused_renewal_is_tried_after_one_three_and_seven_days_and_ends_after_fourteen()
    {
        var (story, at) = (new List<SubscriptionEvent> { Started(), DueIn(Started(), "sandbox") }, February);
        var refused = new SubscriptionPastDue(Id, Ann, Basic, Second, Cny(2800), "sandbox", 1, false, February.AddDays(1), Cny(2800), at);
        Given([.. story]).When(new RecordFailedPayment(Second, at)).Then(refused);
        story.Add(refused);
        Given([.. story]).When(new RecordFailedPayment(Second, at)).ThenNothing();

        foreach (var (day, attempt, next) in new[] { (1, 2, 3), (3, 3, 7), (7, 4, 14) })
        {
            at = February.AddDays(day);
            Given([.. story]).When(new AdvanceSubscription(Third, at.AddTicks(-1))).ThenNothing();
            var again = refused with { Attempt = attempt, Again = true, NextAttempt = February.AddDays(next), At = at };
            Given([.. story]).When(new AdvanceSubscription(Third, at)).Then(again);
            story.Add(again);
        }

        at = February.AddDays(14);
        var ended = new SubscriptionEnded(Id, Ann, Basic, EndedBecause.Unpaid, [Second], Cny(0), Cny(0), Cny(0), at);
        Given([.. story]).When(new AdvanceSubscription(Third, at)).Then(ended);
        Given([.. story, ended]).When(new RecordPayment(Second, Cny(2800), null, at)).Then(new PaymentNotNeeded(Id, Ann, Second, Cny(2800), at));
    }

    [Fact]
    public void Cancelled_it_keeps_the_paid_period_and_then_ends()
    {
        var cancelled = new SubscriptionCancelled(Id, Ann, February, Start.AddDays(3));
        Given(Started()).When(new CancelSubscription(Start.AddDays(3))).Then(cancelled);
        Given(Started(), cancelled).When(new CancelSubscription(Start.AddDays(4))).ThenNothing();
        Given(Started(), cancelled).When(new AdvanceSubscription(Second, February.AddTicks(-1))).ThenNothing();
        Given(Started(), cancelled).When(new AdvanceSubscription(Second, February)).Then(
            new SubscriptionEnded(Id, Ann, Basic, EndedBecause.Cancelled, [], Cny(0), Cny(0), Cny(0), February));
        Given(Started(), cancelled).When(new ContinueSubscription(Start.AddDays(4))).Then(new CancellationWithdrawn(Id, Ann, Start.AddDays(4)));
    }

    [Fact]
    public void A_trial_costs_nothing_is_no_revenue_and_is_paid_when_it_ends()
    {
        var start = Begin with { Source = SubscriptionSource.Trial, OrderId = null, Mandate = null, Paid = Cny(0), Until = Start.AddDays(14) };
        var trial = Started(start);
        Assert.Equal((new Period(Start, Start.AddDays(14)), null, Cny(0)), (trial.Period, trial.Earning, trial.Monthly));
        Given(trial).When(start).ThenRejected("trial-used");
        var end = Start.AddDays(14);
        var due = new RenewalDue(Id, Ann, Basic, Second, Cny(2800), Cny(0), new Period(end, end.AddMonths(1)), null, end.AddDays(1), null, end);
        Given(trial).When(new AdvanceSubscription(Second, end)).Then(
            due, new SubscriptionPastDue(Id, Ann, Basic, Second, Cny(2800), null, 1, false, end.AddDays(1), Cny(0), end));
        Given(trial, due).When(new RecordPayment(Second, Cny(2800), null, end)).Then(new SubscriptionRenewed(
            Id, Ann, Basic, null, Second, null, Cny(2800), Cny(0), new Period(end, end.AddMonths(1)), new Earning(end, 28, Cny(2800)), Cny(2800), end));
        Given(trial).When(new ChangePlan(Third, Pro, Start.AddDays(1))).Then(new SubscriptionChanged(
            Id, Ann, Basic, Pro, null, Cny(0), Cny(0), Cny(0), trial.Period, null, Cny(0), Start.AddDays(1)));
    }

    [Fact]
    public void A_dearer_plan_costs_the_difference_for_the_days_left_and_begins_when_that_is_paid()
    {
        // 18 of 28 days are left: 18 * 200 - 18 * 100.
        var asked = new PlanChangeAsked(Id, Ann, Pro, Second, Cny(1800), Cny(0), "sandbox", null, Start.AddDays(10.5));
        Given(Started()).When(new ChangePlan(Second, Pro, Start.AddDays(10.5))).Then(asked);
        Given(Started(), asked).When(new RecordPayment(Second, Cny(1800), "sandbox", Start.AddDays(10.6))).Then(new SubscriptionChanged(
            Id, Ann, Basic, Pro, Second, Cny(1800), Cny(0), Cny(0), new Period(Start, February), new Earning(Start.AddDays(10), 18, Cny(3600)), Cny(5600),
            Start.AddDays(10.6)));
        Given(Started(), asked).When(new ChangePlan(Third, Pro with { PlanId = Third }, Start.AddDays(11))).Then(
            new PlanChangeAsked(Id, Ann, Pro with { PlanId = Third }, Third, Cny(1700), Cny(0), "sandbox", Second, Start.AddDays(11)));
    }

    [Fact]
    public void A_cheaper_plan_begins_at_once_and_what_it_leaves_over_pays_for_renewals()
    {
        var started = Started(Begin with { Terms = Pro, Paid = Cny(5600) });
        var changed = new SubscriptionChanged(
            Id, Ann, Pro, Basic, null, Cny(0), Cny(0), Cny(2000), new Period(Start, February), new Earning(Start.AddDays(8), 20, Cny(2000)), Cny(2800), Start.AddDays(8));
        Given(started).When(new ChangePlan(Second, Basic, Start.AddDays(8))).Then(changed);
        var due = new RenewalDue(Id, Ann, Basic, Second, Cny(800), Cny(2000), new Period(February, March), "sandbox", February.AddDays(1), null, February);
        Given(started, changed).When(new AdvanceSubscription(Second, February)).Then(due);
        Given(started, changed, due).When(new RecordPayment(Second, Cny(800), "sandbox", February)).Then(
            Renewed(February) with { Paid = Cny(800), CreditUsed = Cny(2000) });
    }

    [Fact]
    public void A_year_instead_of_a_month_begins_now_with_the_rest_of_the_month_paid_in()
    {
        var at = Start.AddDays(14);
        var asked = new PlanChangeAsked(Id, Ann, Yearly, Second, Cny(56_001 - 1400), Cny(0), "sandbox", null, at);
        Given(Started()).When(new ChangePlan(Second, Yearly, at)).Then(asked);
        Given(Started(), asked).When(new RecordPayment(Second, asked.Charge, "sandbox", at)).Then(new SubscriptionChanged(
            Id, Ann, Basic, Yearly, Second, asked.Charge, Cny(0), Cny(0), new Period(at, at.AddYears(1)), new Earning(at, 365, Cny(56_001)), Cny(4667), at));
    }

    [Fact]
    public void Paused_days_are_kept()
    {
        var paused = new SubscriptionPaused(Id, Ann, Basic, null, Start.AddDays(8.25));
        Given(Started()).When(new PauseSubscription(Start.AddDays(8.25))).Then(paused);
        Given(Started(), paused).When(new AdvanceSubscription(Second, March)).ThenNothing();
        Given(Started(), paused).When(new ContinueSubscription(Start.AddDays(18.25))).Then(new SubscriptionResumed(
            Id, Ann, Basic, new Period(Start.AddDays(10), February.AddDays(10)), new Earning(Start.AddDays(18), 20, Cny(2000)), Cny(2800), Start.AddDays(18.25)));
    }

    [Fact]
    public void A_change_whose_order_is_refunded_whole_is_undone()
    {
        // Pro for 18 days, of which 3 are over: 3 * 200 of the 3600 are earned, and 1800 go back.
        var changed = Changed(Pro, Second, 1800, new Period(Start, February), new Earning(Start.AddDays(10), 18, Cny(3600)), 5600, Start.AddDays(10.6));
        var undone = new PlanChangeUndone(
            Id, Ann, Pro, Basic, Second, Cny(1800), null, new Period(Start, February), new Earning(Start.AddDays(13), 15, Cny(1200)), Cny(2800), false, Start.AddDays(13.5));
        Given(Started(), changed).When(new RecordRefund(Second, Cny(1800), Start.AddDays(13.5))).Then(undone);
        Given(Started(), changed, undone).When(new RecordRefund(Second, Cny(1800), Start.AddDays(14))).ThenNothing();
        Given(Started(), changed, undone).When(new AdvanceSubscription(Third, February)).Then(
            new RenewalDue(Id, Ann, Basic, Third, Cny(2800), Cny(0), new Period(February, March), "sandbox", February.AddDays(1), null, February));

        // What is asked for on top of it lapses; what was reckoned from it ends with it; once the next period is paid for it has had its effect.
        var asked = new PlanChangeAsked(Id, Ann, Yearly, Third, Cny(50_000), Cny(0), "sandbox", null, Start.AddDays(11));
        Given(Started(), changed, asked).When(new RecordRefund(Second, Cny(1800), Start.AddDays(13.5))).Then(undone with { LapsedOrderId = Third });
        var again = Changed(Yearly, Third, 50_000, new Period(Start.AddDays(11), Start.AddDays(11).AddYears(1)), new Earning(Start.AddDays(11), 365, Cny(53_400)), 4667, Start.AddDays(11)) with { From = Pro };
        Given(Started(), changed, again).When(new RecordRefund(Second, Cny(1800), Start.AddDays(11))).Then(
            new SubscriptionEnded(Id, Ann, Yearly, EndedBecause.Refunded, [], Cny(1800), Cny(51_600), Cny(0), Start.AddDays(11)));
        var due = new RenewalDue(Id, Ann, Pro, Third, Cny(5600), Cny(0), new Period(February, March), "sandbox", February.AddDays(1), null, February);
        Given(Started(), changed, due).When(new RecordRefund(Second, Cny(1800), February)).Then(
            new SubscriptionEnded(Id, Ann, Pro, EndedBecause.Refunded, [Third], Cny(0), Cny(0), Cny(0), February));
        var renewed = new SubscriptionRenewed(
            Id, Ann, Pro, null, Third, "sandbox", Cny(5600), Cny(0), new Period(February, March), new Earning(February, 31, Cny(5600)), Cny(5600), February);
        Given(Started(), changed, due, renewed).When(new RecordRefund(Second, Cny(1800), February)).ThenNothing();

        // Paused, nothing is earned until it goes on, and then by the days that were left.
        var paused = new SubscriptionPaused(Id, Ann, Pro, null, Start.AddDays(13.5));
        var held = undone with { Paused = true, At = Start.AddDays(15) };
        Given(Started(), changed, paused).When(new RecordRefund(Second, Cny(1800), Start.AddDays(15))).Then(held);
        Assert.Equal((null, undone.Earning), (Movements.EarningOf(held), Movements.EarningOf(undone)));
        Given(Started(), changed, paused, held).When(new ContinueSubscription(Start.AddDays(23.5))).Then(new SubscriptionResumed(
            Id, Ann, Basic, new Period(Start.AddDays(10), February.AddDays(10)), new Earning(Start.AddDays(23), 15, Cny(1200)), Cny(2800), Start.AddDays(23.5)));
    }

    [Fact]
    public void A_year_that_is_refunded_leaves_what_is_left_of_the_month_before_it()
    {
        var at = Start.AddDays(14);
        var changed = Changed(Yearly, Second, 54_601, new Period(at, at.AddYears(1)), new Earning(at, 365, Cny(56_001)), 4667, at);
        var later = at.AddDays(3.5);

        // Of 56,001 the three days have earned 154 each; 14 days of the month are left, of which ten whole ones and a half to come.
        Given(Started(), changed).When(new RecordRefund(Second, Cny(54_601), later)).Then(new PlanChangeUndone(
            Id, Ann, Yearly, Basic, Second, Cny(54_601), null, new Period(Start, February), new Earning(February.AddDays(-11), 11, Cny(938)), Cny(2800), false, later));
        Given(Started(), changed).When(new RecordRefund(Second, Cny(54_601), February)).Then(
            new SubscriptionEnded(Id, Ann, Yearly, EndedBecause.Refunded, [], Cny(53_845), Cny(0), Cny(0), February));
    }

    private static SubscriptionChanged Changed(Terms to, Guid order, long paid, Period period, Earning earning, long monthly, DateTimeOffset at) =>
        new(Id, Ann, Basic, to, order, Cny(paid), Cny(0), Cny(0), period, earning, Cny(monthly), at);

    [Fact]
    public void Refunded_whole_it_ends_and_what_was_not_earned_went_back()
    {
        Given(Started()).When(new RecordRefund(First, Cny(2800), Start.AddDays(7))).Then(
            new SubscriptionEnded(Id, Ann, Basic, EndedBecause.Refunded, [], Cny(2100), Cny(0), Cny(0), Start.AddDays(7)));
        Given(Started(), DueIn(Started(), "sandbox"), Renewed(February)).When(new RecordRefund(First, Cny(2800), March)).ThenNothing();
    }

    [Fact]
    public void What_is_given_or_paid_once_does_not_renew()
    {
        var gift = Started(Begin with { Source = SubscriptionSource.Gift });
        Given(gift).When(new AdvanceSubscription(Second, February)).Then(
            new SubscriptionEnded(Id, Ann, Basic, EndedBecause.Expired, [], Cny(0), Cny(0), Cny(0), February));
        Assert.Equal(Cny(0), gift.Monthly);
        var forGood = Started(Begin with { Terms = Basic with { Interval = PlanInterval.Once } });
        Assert.Equal((new Period(Start, null), null, Cny(0)), (forGood.Period, forGood.Earning, forGood.Monthly));
        Given(forGood).When(new AdvanceSubscription(Second, Start.AddYears(100))).ThenNothing();
        Given(forGood).When(new CancelSubscription(Start)).ThenRejected("subscription-does-not-renew");
    }

    [Fact]
    public void A_discount_for_two_months_ends_with_them_and_one_for_ever_counts_in_what_recurs()
    {
        var twice = new Discount("TWO", 25, null, 1);
        var started = Started(Begin with { Discount = twice, Paid = Cny(2100) });
        Assert.Equal(Cny(2800), started.Monthly);
        var due = DueIn(started, "sandbox") with { Charge = Cny(2100) };
        Given(started).When(new AdvanceSubscription(Second, February)).Then(due);
        Given(started, due).When(new RecordPayment(Second, Cny(2100), "sandbox", February)).Then(
            Renewed(February) with { Paid = Cny(2100), Earning = new Earning(February, 31, Cny(2100)) });
        Assert.Equal(Cny(2100), Started(Begin with { Discount = twice with { PeriodsLeft = null } }).Monthly);
    }

    [Fact]
    public void Earning_gives_what_does_not_divide_to_the_first_days()
    {
        var earning = new Earning(Start, 31, Cny(100));
        Assert.Equal([4, 8, 12, 16, 20, 24, 28, 31, 34], Enumerable.Range(1, 9).Select(day => (int)earning.EarnedBy(Start.AddDays(day)).Amount));
        Assert.Equal((0, 0, 100, 100), (
            earning.EarnedBy(Start.AddDays(-5)).Amount, earning.EarnedBy(Start.AddDays(1).AddTicks(-1)).Amount,
            earning.EarnedBy(Start.AddDays(31)).Amount, earning.EarnedBy(Start.AddYears(1)).Amount));
    }

    private static SubscriptionStarted Started(StartSubscription? start = null) =>
        (SubscriptionStarted)Subscription.Decider.Decide(Subscription.Decider.Initial, start ?? Begin).Events.Single();

    private static RenewalDue DueIn(SubscriptionStarted started, string? mandate) => new(
        Id, Ann, started.Terms, Second, Cny(2800), Cny(0), new Period(February, March), mandate, February.AddDays(1), null, February);

    private static SubscriptionRenewed Renewed(DateTimeOffset at) => new(
        Id, Ann, Basic, null, Second, "sandbox", Cny(2800), Cny(0), new Period(February, March), new Earning(February, 31, Cny(2800)), Cny(2800), at);

    private static Spec.Scenario<Subscription, SubscriptionCommand, SubscriptionEvent> Given(params SubscriptionEvent[] events) =>
        Spec.For(Subscription.Decider).Given(events);

    private static Money Cny(long amount) => new(amount, "CNY");
}
