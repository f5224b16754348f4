using Community.Payments.Gateways;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Testing;

namespace Community.Payments.Tests.Orders;

public sealed class OwedMoneySpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = Guid.CreateVersion7(Noon);
    private static readonly Money Price = new(9900, "CNY");
    private static readonly Receipt Slip = new("stripe", "pi_1");
    private static readonly RefundOwed Owed = new(Id, Slip, Price, OwedBecause.OrderUnknown, Noon);
    private static readonly OwedMoneyReturned Returned = new(Id, Slip, Price, Noon);

    [Fact]
    public void What_is_owed_goes_back_once_also_where_there_is_no_order()
    {
        Given(Owed).When(new ReturnOwedMoney(Id, Slip, Noon)).Then(Returned);
        Given(Owed, Returned).When(new ReturnOwedMoney(Id, Slip, Noon)).ThenRejected("refund-not-owed");
        Given().When(new ReturnOwedMoney(Id, Slip, Noon)).ThenRejected("refund-not-owed");
        Given(Owed, Returned).When(new ConfirmPayment(Id, Slip, Price, Noon)).ThenNothing();
    }

    [Fact]
    public void It_is_still_owed_when_an_order_comes_for_it() =>
        Given(Owed, new OrderPlaced(Id, [], Price, Noon), new OrderCancelled(Noon)).When(new ReturnOwedMoney(Id, Slip, Noon)).Then(Returned);

    [Fact]
    public void In_the_ledger_nothing_is_owed_any_more()
    {
        var postings = Movements.Of(Owed).Concat(Movements.Of(Returned)).ToList();
        Assert.All(postings.GroupBy(p => p.Account), account => Assert.Equal(account.Sum(p => p.Debit), account.Sum(p => p.Credit)));
    }

    private static Spec.Scenario<Order, OrderCommand, OrderEvent> Given(params OrderEvent[] events) => Spec.For(Order.Decider).Given(events);
}
