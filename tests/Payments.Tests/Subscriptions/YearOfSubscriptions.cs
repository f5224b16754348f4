using Community.Payments.Catalogue;
using Community.Payments.Ledger;
using Community.Payments.Subscriptions;
using Community.Testing;

namespace Community.Payments.Tests.Subscriptions;

/// <summary>
/// A thousand subscriptions through a year, day by day, beside a model that knows no formula: it lays the coins out on days
/// one by one and counts those of the days that are over.
/// </summary>
public sealed class YearOfSubscriptions
{
    private static readonly DateTimeOffset NewYear = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Terms[] Plans =
    [
        Plan("Basic", 2900, PlanInterval.Month), Plan("Pro", 9901, PlanInterval.Month), Plan("Basic, a year", 29_000, PlanInterval.Year),
        Plan("Pro, a year", 99_017, PlanInterval.Year)
    ];

    [Fact]
    public void Recognised_revenue_and_the_movements_of_recurring_revenue_are_those_of_an_independent_computation()
    {
        var seed = RandomInput.Seed();
        var random = new Random(seed);
        var lives = Enumerable.Range(0, 1000).Select(_ => new Life(random)).ToList();
        lives.ForEach(life => life.Run());
        var events = lives.SelectMany(life => life.Events).ToList();

        foreach (var kind in new[] { typeof(SubscriptionRenewed), typeof(SubscriptionChanged), typeof(PlanChangeUndone), typeof(SubscriptionPastDue), typeof(SubscriptionPaused), typeof(SubscriptionEnded) })
        {
            Assert.Contains(events, e => e.GetType() == kind); // else nothing was tried
        }

        Assert.Contains(events, e => e is PlanChangeUndone { Paused: true });

        for (var month = 1; month <= 13; month++)
        {
            var asOf = NewYear.AddMonths(month);
            Assert.Equal(lives.Sum(life => life.RecognisedBy(asOf)), lives.Sum(life => life.EarnedInLedgerBy(asOf)));
            Assert.Equal(lives.Sum(life => life.HeldBy(asOf)), lives.Sum(life => life.DeferredInLedgerBy(asOf)));
        }

        var (model, told) = (lives.SelectMany(life => life.Moves).ToList(), lives.SelectMany(life => life.MovesTold()).ToList());

        foreach (var kind in new[] { "new", "expansion", "contraction", "churn", "reactivation" })
        {
            var byMonth = Sums(model.Where(m => m.Kind == kind));
            Assert.NotEmpty(byMonth);
            Assert.Equal(byMonth, Sums(told.Where(m => m.Kind == kind)));
        }
    }

    private static SortedDictionary<int, long> Sums(IEnumerable<Move> moves) =>
        new(moves.GroupBy(m => (m.At.Year * 12) + m.At.Month).ToDictionary(g => g.Key, g => g.Sum(m => m.Amount)));

    private static Terms Plan(string name, long price, PlanInterval interval) =>
        new(PaymentsService.New(), name, name, new Money(price, "CNY"), interval);

    private sealed record Move(DateTimeOffset At, string Kind, long Amount);

    private sealed class Life
    {
        private readonly Random _random;
        private readonly DateTimeOffset _start;
        private readonly Guid _id = PaymentsService.New();
        private readonly List<(DateTimeOffset At, long Amount)> _recognised = [];
        private readonly List<(DateTimeOffset At, long Amount)> _held = [];
        private Subscription _subscription = Subscription.Decider.Initial;

        // The model.
        private Terms _terms;
        private bool _trial;
        private bool _paused;
        private bool _cancelled;
        private bool _over;
        private Queue<long> _coins = new();
        private long _credit;
        private long _lastOrder;
        private int _periodDays;
        private long _recurring;
        private bool _recurred;
        private DateTimeOffset _end;
        private DateTimeOffset _anchor;
        private int _months;
        private Stack<Before> _changes = new();

        private sealed record Before(Guid? Order, long Paid, Terms Terms, DateTimeOffset End, DateTimeOffset Anchor, int Months, int PeriodDays);

        public Life(Random random)
        {
            _random = random;
            _start = NewYear.AddDays(random.Next(300)).AddHours(random.Next(24));
            _terms = Plans[random.Next(Plans.Length)];
            _trial = random.Next(10) < 3;
            _anchor = _start;
        }

        public List<SubscriptionEvent> Events { get; } = [];

        public List<Move> Moves { get; } = [];

        public long RecognisedBy(DateTimeOffset at) => _recognised.Where(r => r.At <= at).Sum(r => r.Amount);

        public long HeldBy(DateTimeOffset at) => _held.Where(r => r.At <= at).Sum(r => r.Amount) - RecognisedBy(at);

        public void Run()
        {
            Send(new StartSubscription(
                _id, _id, _terms, _trial ? SubscriptionSource.Trial : SubscriptionSource.Paid, null, _trial ? null : _id, "sandbox",
                _trial ? _terms.Price with { Amount = 0 } : _terms.Price, _trial ? _start.AddDays(14) : null, _start));

            if (_trial)
            {
                (_end, _anchor) = (_start.AddDays(14), _start.AddDays(14));
            }
            else
            {
                Pay(_start, _terms.Price.Amount, 0);
            }

            for (var now = _start.AddDays(1); now <= NewYear.AddMonths(13) && !_over; now = now.AddDays(1))
            {
                if (!_paused && _coins.TryDequeue(out var coin))
                {
                    Recognise(now, coin);
                }

                Day(now);
            }
        }

        private void Day(DateTimeOffset now)
        {
            if (_paused)
            {
                _end = _end.AddDays(1);
                _anchor = _anchor.AddDays(1);
                _changes = new(_changes.Reverse().Select(change => change with { End = change.End.AddDays(1) }));

                if (_changes.TryPeek(out var changed) && changed.Order is { } paidBy && _random.Next(10) == 0)
                {
                    Send(new RecordRefund(paidBy, _terms.Price with { Amount = changed.Paid }, now));
                    Undo(now, _changes.Pop());
                }
                else if (_random.Next(10) == 0)
                {
                    // The days of the pause are no part of any month: periods end from here on by the new day.
                    Send(new ContinueSubscription(now));
                    (_paused, _anchor, _months) = (false, _end, 0);
                    Recur(now);
                    _changes = new(_changes.Reverse().Select(change => change with { Anchor = change.End, Months = 0 }));
                }

                return;
            }

            var events = Send(new AdvanceSubscription(PaymentsService.New(), now));

            if (events is [SubscriptionEnded])
            {
                Over(now, 0);

                return;
            }

            if (events is [SubscriptionRenewed free])
            {
                Assert.Equal(0, free.Paid.Amount);
                Pay(now, 0, _terms.Price.Amount);

                return;
            }

            if (_subscription is Live { Due: { } due })
            {
                if (events is [RenewalDue])
                {
                    Assert.Equal(_end, now);

                    if (_random.Next(100) >= 85)
                    {
                        Send(new RecordFailedPayment(due.OrderId, now));

                        return;
                    }
                }
                else if (_random.Next(100) >= (events is [SubscriptionPastDue] ? 40 : 3))
                {
                    return;
                }

                var used = Math.Min(_credit, _terms.Price.Amount);
                Assert.Equal(_terms.Price.Amount - used, due.Charge.Amount);
                Send(new RecordPayment(due.OrderId, due.Charge, "sandbox", now));
                Send(new RecordPayment(due.OrderId, due.Charge, "sandbox", now)); // gateways repeat themselves
                Pay(now, due.Charge.Amount, used);

                return;
            }

            switch (_random.Next(400))
            {
                case < 6:
                    Change(now, Plans[_random.Next(Plans.Length)]);
                    break;
                case < 8 when !_cancelled:
                    Send(new CancelSubscription(now));
                    _cancelled = true;
                    break;
                case < 10 when _subscription is Live { PaidBy: { } order }:
                    Send(new RecordRefund(order, _terms.Price with { Amount = _lastOrder }, now));
                    Over(now, _lastOrder);
                    break;
                case < 12 when !_trial && !_cancelled:
                    Send(new PauseSubscription(now));
                    _paused = true;
                    Recur(now);
                    break;
                case < 18 when _changes.TryPeek(out var last) && last.Order is { } order:
                    Send(new RecordRefund(order, _terms.Price with { Amount = last.Paid }, now));
                    Undo(now, _changes.Pop());
                    break;
            }
        }

        private void Undo(DateTimeOffset now, Before before)
        {
            if (before.End <= now)
            {
                Over(now, before.Paid);

                return;
            }

            var left = _coins.Sum();
            var returned = Math.Min(left, before.Paid);
            Hold(now, -returned);
            var days = before.End == _end ? _coins.Count : Math.Max(1, (int)(before.End - now).TotalDays);
            (_terms, _end, _anchor, _months, _periodDays) = (before.Terms, before.End, before.Anchor, before.Months, before.PeriodDays);
            _coins = new Queue<long>(Coins(left - returned, days));
            Recur(now);
        }

        private void Change(DateTimeOffset now, Terms to)
        {
            if (_cancelled || to == _terms)
            {
                return;
            }

            if (_trial)
            {
                Send(new ChangePlan(PaymentsService.New(), to, now));
                _terms = to;

                return;
            }

            var (keeps, unused) = (to.Interval == _terms.Interval, _coins.Sum());
            var share = keeps ? Coins(to.Price.Amount, _periodDays).TakeLast(_coins.Count).Sum() : to.Price.Amount;
            var (more, credited) = (Math.Max(0, share - unused), Math.Max(0, unused - share));
            var used = Math.Min(more, _credit);
            var order = PaymentsService.New();
            var before = new Before(null, 0, _terms, _end, _anchor, _months, _periodDays);

            switch (Send(new ChangePlan(order, to, now)))
            {
                case [PlanChangeAsked asked]:
                    Assert.Equal((more - used, used), (asked.Charge.Amount, asked.CreditUsed.Amount));

                    if (_random.Next(5) == 0)
                    {
                        return; // never paid
                    }

                    Send(new RecordPayment(order, asked.Charge, null, now));
                    Hold(now, asked.Charge.Amount);
                    before = before with { Order = order, Paid = asked.Charge.Amount };
                    break;
                case [SubscriptionChanged changed]:
                    Assert.Equal((0, used, credited), (changed.Paid.Amount, changed.CreditUsed.Amount, changed.Credited.Amount));
                    more = used;
                    break;
                default:
                    throw new InvalidOperationException("A running subscription changes its plan.");
            }

            _changes.Push(before);
            Hold(now, used - credited);
            _credit += credited - used;
            _terms = to;

            if (!keeps)
            {
                (_anchor, _months, _end) = (now, Months, Ahead(now, Months));
                _periodDays = (int)(_end - now).TotalDays;
            }

            _coins = new Queue<long>(Coins(unused + more - credited, keeps ? _coins.Count : _periodDays));
            Recur(now);
        }

        private int Months => _terms.Interval == PlanInterval.Year ? 12 : 1;

        private void Pay(DateTimeOffset now, long paid, long creditUsed)
        {
            var begin = _end == default ? now : _end;
            _months += Months;
            _end = Ahead(_anchor, _months);
            _periodDays = (int)(_end - begin).TotalDays;
            _credit -= creditUsed;
            (_lastOrder, _trial) = (paid, false);
            _changes.Clear();
            Hold(now, paid + creditUsed);
            _coins = new Queue<long>(Coins(paid + creditUsed, _periodDays));

            // Paid late: days that are over already.
            for (var day = begin.AddDays(1); day <= now; day = day.AddDays(1))
            {
                Recognise(now, _coins.Dequeue());
            }

            Recur(now);
        }

        private void Over(DateTimeOffset now, long refunded)
        {
            var left = _coins.Sum();
            var returned = Math.Min(left, refunded);
            Hold(now, -returned);
            Recognise(now, left - returned);
            _coins.Clear();
            _over = true;
            Recur(now);
        }

        private void Recur(DateTimeOffset now)
        {
            var recurring = _over || _paused ? 0 : _terms.Interval == PlanInterval.Year
                ? (long)Math.Round(_terms.Price.Amount / 12m, MidpointRounding.ToEven) : _terms.Price.Amount;
            Moves.AddRange(Moved(now, _recurring, recurring, _recurred));
            (_recurring, _recurred) = (recurring, _recurred || recurring > 0);
        }

        private void Hold(DateTimeOffset now, long amount) => _held.Add((now, amount));

        private void Recognise(DateTimeOffset now, long amount) => _recognised.Add((now, amount));

        // A coin to each day in turn until there are none left.
        private static long[] Coins(long amount, int days)
        {
            var coins = new long[days];
            Array.Fill(coins, amount / days);

            for (var day = 0; coins.Sum() < amount; day++)
            {
                coins[day]++;
            }

            return coins;
        }

        private static DateTimeOffset Ahead(DateTimeOffset from, int months)
        {
            var (year, month) = (from.Year + ((from.Month - 1 + months) / 12), ((from.Month - 1 + months) % 12) + 1);

            return new DateTimeOffset(year, month, Math.Min(from.Day, DateTime.DaysInMonth(year, month)), 0, 0, 0, TimeSpan.Zero) + from.TimeOfDay;
        }

        private SubscriptionEvent[] Send(SubscriptionCommand command)
        {
            var decision = Subscription.Decider.Decide(_subscription, command);
            Assert.True(decision.Rejection is null, $"{command}: {decision.Rejection}");
            Events.AddRange(decision.Events);
            _subscription = decision.Events.Aggregate(_subscription, Subscription.Decider.Evolve);

            return [.. decision.Events];
        }

        public long EarnedInLedgerBy(DateTimeOffset asOf)
        {
            long sum = 0;
            Earning? running = null;

            foreach (var e in Events.Where(e => At(e) <= asOf))
            {
                if (Movements.StopsAt(e) is { } stop)
                {
                    sum += running?.EarnedBy(stop).Amount ?? 0;
                    running = null;
                }

                running = Movements.EarningOf(e) ?? running;
                sum += Movements.Of(e).Where(p => p.Account == Movements.SubscriptionRevenue).Sum(p => p.Credit - p.Debit);
            }

            return sum + (running?.EarnedBy(asOf).Amount ?? 0);
        }

        public long DeferredInLedgerBy(DateTimeOffset asOf) => Events.Where(e => At(e) <= asOf).Sum(e =>
            (e switch
            {
                SubscriptionStarted s => s.Paid.Amount,
                SubscriptionRenewed s => s.Paid.Amount,
                SubscriptionChanged s => s.Paid.Amount,
                _ => 0
            })
            + Movements.Of(e).Sum(p => p.Account is Movements.DeferredRevenue or Movements.SubscriptionRevenue ? p.Credit - p.Debit : 0)) - EarnedInLedgerBy(asOf);

        /// <summary>As others hear it: by contracts alone.</summary>
        public IEnumerable<Move> MovesTold()
        {
            var (before, had) = (0L, false);

            foreach (var fact in Told.By(Publications.All, Subscription.Stream(_id), Events))
            {
                var (at, after) = fact switch
                {
                    Contracts.SubscriptionStarted s => (s.At, s.MonthlyAmount),
                    Contracts.SubscriptionRenewed s => (s.At, s.MonthlyAmount),
                    Contracts.SubscriptionChanged s => (s.At, s.MonthlyAmount),
                    Contracts.SubscriptionPastDue s => (s.At, s.MonthlyAmount),
                    Contracts.SubscriptionResumed s => (s.At, s.MonthlyAmount),
                    Contracts.SubscriptionPaused s => (s.At, 0),
                    Contracts.SubscriptionEnded s => (s.At, 0),
                    _ => throw new InvalidOperationException(fact.ToString())
                };

                foreach (var move in Moved(at, before, after, had))
                {
                    yield return move;
                }

                (before, had) = (after, had || after > 0);
            }
        }

        private static IEnumerable<Move> Moved(DateTimeOffset at, long before, long after, bool had) => after == before ? []
            : [new Move(at, before == 0 ? had ? "reactivation" : "new" : after == 0 ? "churn" : after > before ? "expansion" : "contraction", after - before)];

        private static DateTimeOffset At(SubscriptionEvent e) => (DateTimeOffset)e.GetType().GetProperty("At")!.GetValue(e)!;
    }
}
