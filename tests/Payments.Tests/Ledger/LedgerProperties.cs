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
                .Select(OrderCommand (amount) => new RefundOrder(Id(200 + n), amount, "Broken", Noon)))))
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
        var kept = events.Select(e => e.Event).Select(e => e is OrderPaid p ? p.Amount : e is RefundOwed o ? o.Amount : null).OfType<Money>();
        var back = events.Select(e => e.Event).OfType<OrderRefunded>().Select(r => r.Amount);

        Assert.Equal(Sums(came), Sums(kept));
        Assert.Equal(Sums(postings.Select(p => new Money(p.Debit, p.Currency))), Sums(postings.Select(p => new Money(p.Credit, p.Currency))));
        Assert.Equal(
            Sums(came.Concat(back.Select(m => m with { Amount = -m.Amount }))),
            Sums(postings.Where(p => p.Account == Movements.HeldBy("sandbox")).Select(p => new Money(p.Debit - p.Credit, p.Currency))));
        Assert.All(events.Select(e => e.Event).SelectMany(e => Movements.Of(e)), p => Assert.True(p is { Debit: >= 0, Credit: >= 0 }));
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
    public void Told_all_over_again_nothing_moves() => Prop.ForAll(Stories, story =>
    {
        // A refund that was refused for now may be possible later; money that came is told once.
        var (states, _) = Run(story);
        var again = Run(story.Where(s => s.Command is ConfirmPayment or PlaceOrder or FailPayment), states).Events;

        Assert.DoesNotContain(again, e => Movements.Of(e.Event).Count > 0);
    }).Check(Config.QuickThrowOnFailure.Seeded());

    private static (Dictionary<Guid, Order> States, List<(Guid Order, OrderEvent Event)> Events) Run(
        IEnumerable<Step> story, Dictionary<Guid, Order>? before = null)
    {
        var states = before ?? [];
        var events = new List<(Guid, OrderEvent)>();

        foreach (var step in story)
        {
            var state = states.GetValueOrDefault(step.Order, Order.Decider.Initial);
            var decision = Order.Decider.Decide(state, step.Command);

            if (decision.Rejection is null)
            {
                events.AddRange(decision.Events.Select(e => (step.Order, e)));
                states[step.Order] = decision.Events.Aggregate(state, Order.Decider.Evolve);
            }
        }

        return (states, events);
    }

    // A receipt is one arrival of money: its number says how much it was and for which payment.
    private static ConfirmPayment Money(int n) => new(
        Id(100 + (n % 4) + 1), new Receipt("sandbox", $"r{n}"), (n % 3) switch { 0 => new(1000, "CNY"), 1 => new(1000 + n, "CNY"), _ => new(1000, "USD") }, Noon);

    private static SortedDictionary<string, Int128> Sums(IEnumerable<Money> money) => new(
        money.GroupBy(m => m.Currency).ToDictionary(g => g.Key, g => g.Aggregate(Int128.Zero, (sum, m) => sum + m.Amount)));

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);

    internal sealed record Step(Guid Order, OrderCommand Command);
}
