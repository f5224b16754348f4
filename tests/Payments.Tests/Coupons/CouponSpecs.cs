using Community.Payments.Catalogue;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Community.Payments.Tests.Coupons;

public sealed class CouponSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] Members = [Id(1), Id(2), Id(3)];
    private static readonly CouponTerms Ten = new("TEN", 10, null, 3, 2, CouponDuration.Once, null, Noon.AddDays(1));

    [Fact]
    public void It_is_worth_a_percentage_rounded_for_the_payer_or_an_amount_up_to_the_price()
    {
        Assert.Equal(Cny(899), Ten.Price(Cny(999)));
        Assert.Equal(Cny(0), (Ten with { PercentOff = 100 }).Price(Cny(999)));
        Assert.Equal(Cny(0), (Ten with { PercentOff = null, AmountOff = Cny(5000) }).Price(Cny(999)));
        Given(Ten).When(new ReserveUse(Id(9), Id(1), Cny(999), Noon)).Then(new CouponUseReserved(Id(9), Id(1), Cny(100), Noon));
    }

    [Fact]
    public void It_is_refused_with_the_reason()
    {
        Spec.For(Coupon.Decider).When(Use(1, 1)).ThenRejected("coupon-unknown");
        Given(Ten).When(Use(1, 1) with { At = Noon.AddDays(1) }).ThenRejected("coupon-expired");
        Given(Ten, Used(1, 1), Used(2, 2), Used(3, 2)).When(Use(4, 3)).ThenRejected("coupon-used-up");
        Given(Ten, Used(1, 1), Used(2, 1)).When(Use(4, 1)).ThenRejected("coupon-used-up");
        Given(Ten with { PercentOff = null, AmountOff = new Money(5, "USD") }).When(Use(1, 1)).ThenRejected("coupon-in-other-currency");
        Spec.For(Coupon.Decider).When(new CreateCoupon(Ten with { AmountOff = Cny(1) }, Noon)).ThenRejected("coupon-not-possible");
        Spec.For(Coupon.Decider).When(new CreateCoupon(Ten with { Duration = CouponDuration.Months }, Noon)).ThenRejected("coupon-not-possible");
        Given(Ten).When(new CreateCoupon(Ten with { PercentOff = 11 }, Noon)).ThenRejected("coupon-code-taken");
    }

    [Fact]
    public void A_use_is_reserved_once_for_an_order_and_free_again_when_that_is_cancelled()
    {
        Given(Ten, Used(1, 1)).When(Use(1, 1)).ThenNothing();
        Given(Ten, Used(1, 1)).When(new ReleaseUse(Id(1), Noon)).Then(new CouponUseReleased(Id(1), Id(1), Noon));
        Given(Ten, Used(1, 1), new CouponUseReleased(Id(1), Id(1), Noon)).When(new ReleaseUse(Id(1), Noon)).ThenNothing();
    }

    [Fact]
    public void What_it_promises_for_renewals_goes_by_its_months()
    {
        Assert.Null(Ten.ForRenewals(1));
        Assert.Equal(new Discount("TEN", 10, null, null), (Ten with { Duration = CouponDuration.Forever }).ForRenewals(1));
        var three = Ten with { Duration = CouponDuration.Months, Months = 3 };
        Assert.Equal(2, three.ForRenewals(1)?.PeriodsLeft);
        Assert.Null(three.ForRenewals(12));
    }

    [Fact]
    public void Whatever_comes_it_is_never_over_its_limits() => Prop.ForAll(
        (from order in Gen.Choose(1, 12)
         from member in Gen.Elements(Members)
         from release in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
         select release ? (CouponCommand)new ReleaseUse(Id(order), Noon) : new ReserveUse(Id(order), member, Cny(1000), Noon)).ArrayOf().ToArbitrary(),
        commands =>
        {
            var coupon = Coupon.Decider.Evolve(Coupon.Decider.Initial, new CouponCreated(Ten, Noon));

            foreach (var command in commands)
            {
                coupon = Coupon.Decider.Decide(coupon, command) is { Rejection: null } decision ? decision.Events.Aggregate(coupon, Coupon.Decider.Evolve) : coupon;
                Assert.True(coupon.Uses.Count <= 3);
                Assert.All(coupon.Uses.Values.CountBy(member => member), uses => Assert.True(uses.Value <= 2));
            }
        }).Check(Config.QuickThrowOnFailure.Seeded());

    [Fact]
    public void An_order_that_a_coupon_makes_free_is_paid_when_it_is_placed()
    {
        var line = new OrderLine(Id(8), "content", Id(8), "Book", 1, Cny(500));
        var use = new CouponUse("ALL", Cny(500));
        Spec.For(Order.Decider).When(new PlaceOrder(Id(1), [line], Noon) { Coupon = use }).Then(
            new OrderPlaced(Id(1), [line], Cny(0), Noon), new CouponApplied("ALL", Cny(500), Noon), new OrderPaid(Id(1), [line], Guid.Empty, new Receipt("coupon", "ALL"), Cny(0), Noon));
    }

    [Fact]
    public void A_discount_is_spread_over_the_lines_by_their_prices_to_the_last_unit() => Assert.Equal(
        [Cny(334), Cny(333), Cny(333), Cny(0)],
        new OrderLine[] { Line(1), Line(1), Line(1), Line(0) }.Net(Cny(1000)));

    private static OrderLine Line(long price) => new(Id(8), "content", Id(8), "Book", 1, Cny(price));

    private static ReserveUse Use(int order, int member) => new(Id(order), Id(member), Cny(1000), Noon);

    private static CouponUseReserved Used(int order, int member) => new(Id(order), Id(member), Cny(100), Noon);

    private static Spec.Scenario<Coupon, CouponCommand, CouponEvent> Given(CouponTerms terms, params CouponEvent[] events) =>
        Spec.For(Coupon.Decider).Given([new CouponCreated(terms, Noon), .. events]);

    private static Money Cny(long amount) => new(amount, "CNY");

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);
}
