using Community.Payments.Chargebacks;
using Community.Payments.Gateways;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Community.Payments.Tests.Ledger;

/// <summary>Any sequence of commands and notifications, for orders that exist and one that does not, repeated and shuffled.</summary>
public sealed class LedgerProperties
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] Orders = [Id(1), Id(2), Id(3)];
    private static readonly Guid Unknown = Id(4);

    private static readonly Gen<Step> Steps =
        from order in Gen.Elements([.. Orders, Unknown])
        from step in Gen.Frequency(
            (3, Gen.Constant<OrderCommand>(new PlaceOrder(Id(9), [new OrderLine(Id(8), "content", Id(8), "Book", 2, new Money(500, "CNY"))], Noon))),
            (3, Gen.Choose(1, 4).Select(OrderCommand (n) => new StartPayment(Id(100 + n), "sandbox", Noon))),
            (5, Gen.Choose(1, 12).Select(OrderCommand (n) => Money(n))),
            (1, Gen.Choose(1, 4).Select(OrderCommand (n) => new FailPayment(Id(100 + n), Noon))),
            (1, Gen.Constant<OrderCommand>(new CancelOrder(Noon))),
            (4, Gen.Choose(1, 6).SelectMany(n => Gen.Elements<Money?>(null, new(1, "CNY"), new(400, "CNY"), new(600, "CNY"), new(1001, "CNY"), new(5, "USD"))
                .Select(OrderCommand (amount) => new RefundOrder(Id(200 + n), amount, "Broken", Noon) { ByItself = n > 4 }))),
            (2, Gen.Choose(1, 12).Select(OrderCommand (n) => new ReturnOwedMoney(Id(300 + n), Money(n).Receipt, Noon))),
            (2, Gen.Choose(1, 12).SelectMany(n => Gen.Choose(1, 2).Select(OrderCommand (d) => new DisputePayment($"d{n}/{d}", Money(n).Receipt, Asked(n, d), Noon)))),
            (2, Gen.Choose(1, 12).SelectMany(n => Gen.Choose(1, 2).SelectMany(d => Gen.Elements(true, false)
                .Select(OrderCommand (won) => new CloseDispute($"d{n}/{d}", Money(n).Receipt, Asked(n, d), won, Noon))))))
        where order != Unknown || step is not PlaceOrder
        select new Step(order, step);

    private static readonly Arbitrary<Step[]> Stories =
        (from steps in Steps.ArrayOf()
         from repeated in Gen.SubListOf(steps)
         from story in Gen.Shuffle(steps.Concat(repeated))
         select story).ToArbitrary();

    [Fact]
    public void The_ledger_balances_and_no_money_vanishes() => Prop.ForAll(Stories, story =>
    {
        var events = Run(story).Events;
        var postings = events.SelectMany(e => Movements.Of(e.Event)).ToList();

        // What the gateway received, by its own word: each receipt once, as first told.
        var came = story.Where(s => s.Command is ConfirmPayment).Select(s => (s.Order, Confirm: (ConfirmPayment)s.Command))
            .DistinctBy(c => (c.Order, c.Confirm.Receipt)).Select(c => c.Confirm.Amount);
        var kept = events.Select(e => e.Event).OfType<OrderEvent>().Select(e => e is OrderPaid p ? p.Amount : e is RefundOwed o ? o.Amount : null).OfType<Money>();
        var back = events.Select(e => e.Event).SelectMany(e => e switch
        {
            OrderRefunded { Dispute: null } r => new[] { r.Amount },
            OwedMoneyReturned r => new[] { r.Amount },
            ChargebackOpened c => new[] { c.Amount },
            ChargebackClosed { Won: true, Taken: { } taken } => new[] { taken with { Amount = -taken.Amount } },
            ChargebackClosed { Won: false, Taken: null } c => new[] { c.Amount },
            _ => []
        });

        Assert.Equal(Sums(came), Sums(kept));
        Assert.Equal(Sums(postings.Select(p => new Money(p.Debit, p.Currency))), Sums(postings.Select(p => new Money(p.Credit, p.Currency))));
        Assert.Equal(
            Sums(came.Concat(back.Select(m => m with { Amount = -m.Amount }))),
            Sums(postings.Where(p => p.Account == Movements.HeldBy("sandbox")).Select(p => new Money(p.Debit - p.Credit, p.Currency))));
        Assert.All(postings, p => Assert.True(p is { Debit: >= 0, Credit: >= 0 }));
    }).Check(Config.QuickThrowOnFailure.Seeded());

    [Fact]
    public void An_order_is_paid_at_most_once_and_never_refunded_beyond_what_was_paid() => Prop.ForAll(Stories, story =>
    {
        foreach (var order in Run(story).Events.GroupBy(e => e.Order))
        {
            var paid = order.Select(e => e.Event).OfType<OrderPaid>().ToList();
            var back = order.Select(e => e.Event).OfType<OrderRefunded>().ToList();
            Assert.True(paid.Count <= 1);
            Assert.True(back.Sum(r => r.Amount.Amount) <= paid.Sum(p => p.Amount.Amount));
            Assert.Equal(back.Count > 0 && back.Sum(r => r.Amount.Amount) == paid[0].Amount.Amount, back.Any(r => r.Whole));
            Assert.False(order.Any(e => e.Event is OrderCancelled) && paid.Count > 0);
        }
    }).Check(Config.QuickThrowOnFailure.Seeded());

    [Fact]
    public void What_is_disputed_is_not_sent_and_what_a_bank_has_taken_not_a_second_time() => Prop.ForAll(Stories, story =>
    {
        foreach (var order in Run(story).Events.GroupBy(e => e.Order))
        {
            var (came, gone, open) = (new Dictionary<Receipt, Money>(), new Dictionary<Receipt, long>(), new Dictionary<string, Receipt>());
            Receipt? paidBy = null;

            foreach (var (_, e) in order)
            {
                switch (e)
                {
                    case OrderPaid m:
                        (paidBy, came[m.Receipt]) = (m.Receipt, m.Amount);
                        break;
                    case RefundOwed m:
                        came[m.Receipt] = m.Amount;
                        break;
                    case PaymentDisputed d:
                        Assert.Contains(d.Receipt, came.Keys);
                        open.Add(d.Number, d.Receipt);
                        break;
                    case DisputeClosed d:
                        Assert.Contains(d.Receipt, came.Keys);
                        open.Remove(d.Number);
                        gone[d.Receipt] = gone.GetValueOrDefault(d.Receipt) + (d.Won ? 0 : d.Amount.Amount);
                        break;
                    case OrderRefunded { Dispute: null } r:
                        Sent(paidBy!, r.Amount);
                        break;
                    case OwedMoneyReturned r:
                        Sent(r.Receipt, r.Amount);
                        break;
                }
            }

            void Sent(Receipt receipt, Money amount)
            {
                Assert.DoesNotContain(receipt, open.Values);
                gone[receipt] = gone.GetValueOrDefault(receipt) + amount.Amount;
                Assert.True(gone[receipt] <= came[receipt].Amount, $"{gone[receipt]} of {came[receipt]} have gone back.");
            }
        }
    }).Check(Config.QuickThrowOnFailure.Seeded());

    [Fact]
    public void A_reference_pays_one_order() => Prop.ForAll(Gen.Choose(0, 30).ArrayOf().ToArbitrary(), story =>
    {
        var (references, orders) = (new Dictionary<Guid, OfflineReference>(), new Dictionary<Guid, HashSet<Guid>>());

        foreach (var n in story)
        {
            // Each time spelled as somebody else would.
            var (stream, order) = (OfflineReference.OfMoney((n % 2 == 0 ? " Transfer {0} " : "transfer {0}").Replace("{0}", $"{n % 5}", StringComparison.Ordinal)), Id(n / 5));
            var state = references.GetValueOrDefault(stream, OfflineReference.Decider.Initial);
            var decision = OfflineReference.Decider.Decide(state, new UseReference(order, Noon));

            if (decision.Rejection is null)
            {
                references[stream] = decision.Events.Aggregate(state, OfflineReference.Decider.Evolve);
                (orders.TryGetValue(stream, out var paid) ? paid : orders[stream] = []).Add(order);
            }
        }

        Assert.True(orders.Count <= 5);
        Assert.All(orders.Values, paid => Assert.Single(paid));
    }).Check(Config.QuickThrowOnFailure.Seeded());

    [Fact]
    public void Told_all_over_again_nothing_moves() => Prop.ForAll(Stories, story =>
    {
        // A refund that was refused for now may be possible later; money that came is told once.
        var (states, _) = Run(story);
        var again = Run(story.Where(s => s.Command is ConfirmPayment or PlaceOrder or FailPayment), states).Events;

        Assert.DoesNotContain(again, e => Movements.Of(e.Event).Count > 0);
    }).Check(Config.QuickThrowOnFailure.Seeded());

    private static (Dictionary<Guid, Order> States, List<(Guid Order, object Event)> Events) Run(
        IEnumerable<Step> story, Dictionary<Guid, Order>? before = null)
    {
        var states = before ?? [];
        var events = new List<(Guid, object)>();
        var chargebacks = new Dictionary<(Guid, string), Chargeback>();

        foreach (var step in story)
        {
            var state = states.GetValueOrDefault(step.Order, Order.Decider.Initial);
            var decision = Order.Decider.Decide(state, step.Command);

            if (decision.Rejection is null)
            {
                events.AddRange(decision.Events.Select(e => (step.Order, (object)e)));
                states[step.Order] = decision.Events.Aggregate(state, Order.Decider.Evolve);

                // As the receiver does: what the order has not refused.
                if (step.Command is OfDispute word)
                {
                    var chargeback = chargebacks.GetValueOrDefault((step.Order, word.Number), Chargeback.Decider.Initial);
                    var told = Chargeback.Decider.Decide(chargeback, word switch
                    {
                        DisputePayment d => new OpenChargeback(d.Number, d.Receipt, d.Amount, "fraudulent", Noon),
                        CloseDispute d => new CloseChargeback(d.Number, d.Receipt, d.Amount, "fraudulent", d.Won, Noon),
                        _ => throw new InvalidOperationException(word.ToString())
                    });
                    events.AddRange(told.Events.Select(e => (step.Order, (object)e)));
                    chargebacks[(step.Order, word.Number)] = told.Events.Aggregate(chargeback, Chargeback.Decider.Evolve);
                }
            }
        }

        return (states, events);
    }

    // A receipt is one arrival of money: its number says how much it was and for which payment.
    private static ConfirmPayment Money(int n) => new(
        Id(100 + (n % 4) + 1), new Receipt("sandbox", $"r{n}"), (n % 3) switch { 0 => new(1000, "CNY"), 1 => new(1000 + n, "CNY"), _ => new(1000, "USD") }, Noon);

    // All of it, or a part.
    private static Money Asked(int n, int dispute) => dispute == 1 ? Money(n).Amount : Money(n).Amount with { Amount = 300 };

    private static SortedDictionary<string, Int128> Sums(IEnumerable<Money> money) => new(
        money.GroupBy(m => m.Currency).ToDictionary(g => g.Key, g => g.Aggregate(Int128.Zero, (sum, m) => sum + m.Amount)));

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);

    internal sealed record Step(Guid Order, OrderCommand Command);
}
