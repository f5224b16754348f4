using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Community.Payments.Tests.Products;

public sealed class ProductSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Article = Guid.CreateVersion7(Noon);
    private static readonly Money Price = new(9900, "CNY");

    [Fact]
    public void What_has_a_price_is_offered() => Given().When(Offer(1)).Then(Offered(1));

    [Fact]
    public void The_same_offer_again_does_nothing() => Given(Offered(1)).When(Offer(1)).ThenNothing();

    [Fact]
    public void A_later_offer_replaces_the_earlier() =>
        Given(Offered(1)).When(Offer(2) with { Price = new Money(1, "USD") }).Then(Offered(2) with { Price = new Money(1, "USD") });

    [Fact]
    public void An_earlier_offer_that_comes_late_does_nothing() => Given(Offered(2)).When(Offer(1)).ThenNothing();

    [Fact]
    public void It_is_withdrawn_once()
    {
        Given(Offered(1)).When(Withdraw(2)).Then(Withdrawn(2));
        Given(Offered(1), Withdrawn(2)).When(Withdraw(2)).ThenNothing();
    }

    [Fact]
    public void A_withdrawal_that_came_before_its_offer_holds()
    {
        Given().When(Withdraw(2)).Then(Withdrawn(2));
        Given(Withdrawn(2)).When(Offer(1)).ThenNothing();
    }

    [Fact]
    public void A_withdrawal_before_the_latest_offer_does_nothing() => Given(Offered(3)).When(Withdraw(2)).ThenNothing();

    [Fact]
    public void It_is_offered_again_later() => Given(Offered(1), Withdrawn(2)).When(Offer(3)).Then(Offered(3));

    [Theory]
    [InlineData(0, "CNY")]
    [InlineData(-1, "CNY")]
    [InlineData(long.MinValue, "CNY")]
    [InlineData(long.MaxValue, "CNY")]
    [InlineData(1, "XYZ")]
    [InlineData(1, "cny")]
    [InlineData(1, "")]
    public void What_is_no_money_is_no_price(long amount, string currency) =>
        Given().When(Offer(1) with { Price = new Money(amount, currency) }).ThenRejected("price-not-possible");

    [Fact]
    public void In_whatever_order_and_how_often_words_come_the_latest_holds()
    {
        var words = Gen.Choose(0, 6).SelectMany(
            hour => Gen.Elements<ProductCommand>(Offer(hour) with { Price = new Money(100 + hour, "CNY") }, Withdraw(hour))).ListOf().Where(w => w.Count > 0);

        Prop.ForAll(words.SelectMany(w => Gen.Shuffle(w.Concat(w)).Select(shuffled => (InOrder: w, Shuffled: shuffled))).ToArbitrary(), words =>
        {
            var last = words.InOrder.GroupBy(At).MaxBy(group => group.Key)!;
            ProductEvent? expected = last.Any(word => word is WithdrawProduct)
                ? new ProductWithdrawn(last.Key)
                : last.OfType<OfferProduct>().Select(o => new ProductOffered(o.Kind, o.SubjectId, o.Name, o.Price, o.At)).First();

            return Run(words.InOrder).Equals(expected) && Run(words.Shuffled).Equals(expected);
        }).Check(Config.QuickThrowOnFailure.Seeded());
    }

    // The last event is what holds: each replaces what was before.
    private static ProductEvent Run(IEnumerable<ProductCommand> words)
    {
        var (state, events) = (Product.Decider.Initial, new List<ProductEvent>());

        foreach (var word in words)
        {
            var decision = Product.Decider.Decide(state, word);
            events.AddRange(decision.Events);
            state = decision.Events.Aggregate(state, Product.Decider.Evolve);
        }

        return events[^1];
    }

    private static DateTimeOffset At(ProductCommand word) => word switch
    {
        OfferProduct o => o.At,
        WithdrawProduct w => w.At,
        _ => throw new InvalidOperationException()
    };

    private static Spec.Scenario<Product, ProductCommand, ProductEvent> Given(params ProductEvent[] events) =>
        Spec.For(Product.Decider).Given(events);

    private static OfferProduct Offer(int hour) => new("content", Article, "How to order", Price, Noon.AddHours(hour));

    private static WithdrawProduct Withdraw(int hour) => new(Noon.AddHours(hour));

    private static ProductOffered Offered(int hour) => new("content", Article, "How to order", Price, Noon.AddHours(hour));

    private static ProductWithdrawn Withdrawn(int hour) => new(Noon.AddHours(hour));
}
