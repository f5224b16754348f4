using Community.Payments.Catalogue;
using Community.Payments.Ledger;
using Community.Payments.Subscriptions;
using Community.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Community.Payments.Tests.Subscriptions;

/// <summary>Any sequence of commands and notifications, at any times that do not go back, repeated.</summary>
public sealed class SubscriptionProperties
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 0, 0, 0, TimeSpan.Zero);
    private static readonly Terms[] Plans =
    [
        Plan(1, 3000, PlanInterval.Month), Plan(2, 9901, PlanInterval.Month), Plan(3, 50_003, PlanInterval.Year), Plan(4, 700, PlanInterval.Year)
    ];

    private static readonly Arbitrary<(int Hours, int Kind, int Choice)[]> Stories = (
        from hours in Gen.Frequency((4, Gen.Choose(0, 48)), (1, Gen.Choose(100, 1500)))
        from kind in Gen.Choose(0, 13)
        from choice in Gen.Choose(0, 7)
        select (hours, kind, choice)).ArrayOf().ToArbitrary();

    [Fact]
    public void Money_that_came_is_earned_or_held_or_owed_or_went_back_and_the_ledger_balances() => Prop.ForAll(Stories, story =>
    {
        var (subscription, now) = (Subscription.Decider.Initial, Start);
        var (events, came) = (new List<SubscriptionEvent>(), new Dictionary<Guid, long>());

        // Bought, tried, or given by somebody else.
        var source = (story.FirstOrDefault().Choice % 4) switch { 0 => SubscriptionSource.Trial, 1 => SubscriptionSource.Gift, _ => SubscriptionSource.Paid };

        if (source == SubscriptionSource.Trial)
        {
            Send(new StartSubscription(Id(50), Id(60), Plans[0], source, null, null, null, Cny(0), now.AddDays(14), now));
        }
        else
        {
            Send(new StartSubscription(Id(50), Id(60), Plans[0], source, null, Id(50), "sandbox", Plans[0].Price, null, now));
            came[Id(50)] = Plans[0].Price.Amount;
        }

        foreach (var (hours, kind, choice) in story)
        {
            now = now.AddHours(hours);
            var order = Id(100 + events.Count);
            SubscriptionCommand command = kind switch
            {
                0 or 1 or 2 => new AdvanceSubscription(order, now),
                3 or 4 when (subscription as Live)?.Due is { } due => new RecordPayment(due.OrderId, due.Charge, choice < 4 ? "sandbox" : null, now),
                3 or 5 when events.OfType<PlanChangeAsked>().LastOrDefault() is { } asked => new RecordPayment(asked.OrderId, asked.Charge, null, now),
                4 when events.OfType<RenewalDue>().FirstOrDefault() is { } old => new RecordPayment(old.OrderId, old.Charge, null, now),
                6 when (subscription as Live)?.Due is { } due => new RecordFailedPayment(due.OrderId, now),
                7 => new ChangePlan(order, Plans[choice % Plans.Length], now),
                8 => new PauseSubscription(now),
                9 => choice == 0 ? new CancelSubscription(now) : new ContinueSubscription(now),
                10 when choice == 0 && (subscription as Live)?.PaidBy is { } paid => new RecordRefund(paid, Cny(came[paid]), now),
                10 when choice < 4 && (subscription as Live)?.Changes is { IsEmpty: false } changes && changes.Peek().OrderId is { } last => new RecordRefund(last, Cny(came[last]), now),
                10 when choice == 4 && came.Count > 0 => new RecordRefund(came.Keys.Order().ElementAt(hours % came.Count), Cny(came.Values.First()), now),
                11 when choice == 0 => new RevokeSubscription(now),
                12 => new ConvertTrial(order, Plans[choice % Plans.Length], Plans[choice % Plans.Length].Price, null, "sandbox", now),
                13 when choice < 2 => new DeclineSubscription(now),
                _ => new ContinueSubscription(now)
            };

            for (var times = 0; times < 2; times++)
            {
                var moved = Send(command);
                Assert.False(moved && times == 1 && command is (RecordPayment or RecordFailedPayment or RecordRefund or ConvertTrial), "Told again, nothing moves.");

                if (moved && command is RecordPayment p)
                {
                    came[p.OrderId] = p.Amount.Amount;
                }

                if (moved && command is ConvertTrial t)
                {
                    came[t.OrderId] = t.Amount.Amount;
                    Assert.True(subscription is Live { IsTrial: false, Due: null, Cancelled: false } paid && paid.PaidBy == t.OrderId, "What is paid for is no trial any more.");
                }
            }
        }

        var postings = events.SelectMany(Movements.Of).ToList();
        var balance = postings.GroupBy(p => p.Account).ToDictionary(g => g.Key, g => g.Sum(p => p.Credit - p.Debit));
        var earned = Earned(events, now);
        Assert.Equal(postings.Sum(p => p.Debit), postings.Sum(p => p.Credit));
        Assert.All(postings, p => Assert.True(p is { Debit: >= 0, Credit: >= 0 }));
        Assert.All(balance.Where(b => b.Key != Movements.DeferredRevenue), b => Assert.True(b.Value >= 0, $"{b.Key} is {b.Value}"));

        // What is held is what is not yet earned of a running subscription; what is credited is what it remembers.
        var held = came.Values.Sum() + balance.GetValueOrDefault(Movements.DeferredRevenue) - earned;
        var live = subscription as Live;
        Assert.Equal(live?.Earning?.Unearned(live.PausedAt ?? now).Amount ?? 0, held);
        Assert.Equal(live?.Credit.Amount ?? 0, balance.GetValueOrDefault(Movements.MemberCredit));

        // Each period is paid for once, and begins where the one before ended.
        var periods = events.OfType<SubscriptionRenewed>().Select(e => e.Period).ToList();
        Assert.Equal(periods.Count, periods.Select(p => p.Start).Distinct().Count());
        Assert.Equal(events.OfType<SubscriptionRenewed>().Count(e => e.OrderId is not null), events.OfType<SubscriptionRenewed>().Select(e => e.OrderId).OfType<Guid>().Distinct().Count());
        Assert.True(events.OfType<SubscriptionEnded>().Count() <= 1);

        bool Send(SubscriptionCommand command)
        {
            var decision = Subscription.Decider.Decide(subscription, command);
            events.AddRange(decision.Events);
            subscription = decision.Events.Aggregate(subscription, Subscription.Decider.Evolve);

            return decision is { Rejection: null, Events.Length: > 0 };
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(60).Seeded());

    private static long Earned(List<SubscriptionEvent> events, DateTimeOffset now)
    {
        long sum = 0;
        Earning? running = null;

        foreach (var e in events)
        {
            if (Movements.StopsAt(e) is { } stop)
            {
                sum += running?.EarnedBy(stop).Amount ?? 0;
                running = null;
            }

            running = Movements.EarningOf(e) ?? running;
        }

        return sum + (running?.EarnedBy(now).Amount ?? 0);
    }

    private static Terms Plan(int n, long price, PlanInterval interval) => new(Id(n), $"Plan {n}", "member", Cny(price), interval);

    private static Money Cny(long amount) => new(amount, "CNY");

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);
}
