using Community.EventStore;
using Community.Payments.Charging;
using Community.Payments.Gateways;
using Community.Payments.Orders;
using Community.Testing;

namespace Community.Payments.Tests.Orders;

public sealed class OrderSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.CreateVersion7(Noon);
    private static readonly Guid Book = Guid.CreateVersion7(Noon);
    private static readonly Guid First = Guid.CreateVersion7(Noon);
    private static readonly Guid Second = Guid.CreateVersion7(Noon);
    private static readonly Guid Back = Guid.CreateVersion7(Noon);
    private static readonly Guid BackAgain = Guid.CreateVersion7(Noon);
    private static readonly Money Price = new(9900, "CNY");
    private static readonly Receipt Slip = new("sandbox", "rcpt-1");
    private static readonly Receipt OtherSlip = new("sandbox", "rcpt-2");
    private static readonly OrderLine[] Lines = [Line(Book, 1, Price)];
    private static readonly OrderPlaced Placed = new(Ann, Lines, Price, Noon);
    private static readonly PaymentStarted Started = new(First, "sandbox", Price, Noon);
    private static readonly PaymentStarted Charged = Started with { ByMandate = true };
    private static readonly OrderPaid Paid = new(Ann, Lines, First, Slip, Price, Noon);
    private static readonly OrderCancelled Cancelled = new(Noon);

    [Fact]
    public void An_order_costs_the_sum_of_its_lines() => Given()
        .When(new PlaceOrder(Ann, [Line(Book, 3, Price), Line(First, 2, new Money(50, "CNY"))], Noon))
        .Then(new OrderPlaced(Ann, [Line(Book, 3, Price), Line(First, 2, new Money(50, "CNY"))], new Money(29_800, "CNY"), Noon));

    [Fact]
    public void Placing_it_again_does_nothing_also_at_another_price() => Given(Placed)
        .When(new PlaceOrder(Ann, [Line(Book, 1, new Money(1, "CNY"))], Noon.AddHours(1)))
        .ThenNothing();

    [Fact]
    public void Another_order_under_the_same_id_is_refused() => Given(Placed)
        .When(new PlaceOrder(Ann, [Line(Book, 2, Price)], Noon))
        .ThenRejected("order-id-taken");

    [Fact]
    public void Currencies_are_not_mixed() => Given()
        .When(new PlaceOrder(Ann, [Line(Book, 1, Price), Line(First, 1, new Money(1, "USD"))], Noon))
        .ThenRejected("currencies-mixed");

    [Theory]
    [InlineData(Money.Most, 2)]
    [InlineData(Money.Most, 1000)]
    [InlineData(long.MaxValue, 1000)]
    public void A_line_that_overflows_is_refused(long amount, int quantity) => Given()
        .When(new PlaceOrder(Ann, [Line(Book, quantity, new Money(amount, "CNY"))], Noon))
        .ThenRejected("total-too-large");

    [Fact]
    public void A_sum_that_overflows_is_refused() => Given()
        .When(new PlaceOrder(Ann, [Line(Book, 1, new Money(Money.Most, "CNY")), Line(First, 1, new Money(1, "CNY"))], Noon))
        .ThenRejected("total-too-large");

    [Fact]
    public void One_charge_by_a_mandate_is_under_way_at_a_time() => Given(Placed, Charged)
        .When(new StartPayment(Second, "sandbox", Noon) { ByMandate = true }).ThenRejected("charge-under-way");

    [Fact]
    public void The_payer_may_pay_meanwhile() => Given(Placed, Charged)
        .When(new StartPayment(Second, "sandbox", Noon)).Then(Started with { PaymentId = Second });

    [Fact]
    public void After_it_failed_another_begins() => Given(Placed, Charged, new PaymentFailed(First, Noon))
        .When(new StartPayment(Second, "sandbox", Noon) { ByMandate = true }).Then(Charged with { PaymentId = Second });

    [Fact]
    public void A_charge_is_tried_and_again_ever_later() => Given(Placed, Charged, Tried(1, 5), Tried(2, 10, 5))
        .When(new TryCharge(First, Noon.AddMinutes(15))).Then(Tried(3, 20, 15));

    [Fact]
    public void Six_hours_are_the_longest_wait() => Given(Placed, Charged, Tried(40, 360))
        .When(new TryCharge(First, Noon.AddHours(6))).Then(Tried(41, 360, 360));

    [Fact]
    public void Nobody_tries_a_charge_that_somebody_tries() => Given(Placed, Charged, Tried(1, 5))
        .When(new TryCharge(First, Noon.AddMinutes(5).AddTicks(-1))).ThenRejected("charge-not-due");

    [Fact]
    public void Nobody_tries_what_has_its_outcome_or_is_the_payers()
    {
        Given(Placed, Charged, new PaymentFailed(First, Noon)).When(new TryCharge(First, Noon)).ThenRejected("charge-not-due");
        Given(Placed, Charged, Paid).When(new TryCharge(First, Noon)).ThenRejected("charge-not-due");
        Given(Placed, Charged, Cancelled).When(new TryCharge(First, Noon)).ThenRejected("charge-not-due");
        Given(Placed, Started).When(new TryCharge(First, Noon)).ThenRejected("charge-not-due");
        Given(Placed, Charged).When(new TryCharge(Second, Noon)).ThenRejected("charge-not-due");
        Given().When(new TryCharge(First, Noon)).ThenRejected("not-found");
    }

    [Fact]
    public void A_payment_is_started_over_the_whole_sum() => Given(Placed)
        .When(new StartPayment(First, "sandbox", Noon)).Then(Started);

    [Fact]
    public void Starting_the_same_payment_again_does_nothing() => Given(Placed, Started)
        .When(new StartPayment(First, "sandbox", Noon)).ThenNothing();

    [Fact]
    public void A_second_payment_may_be_tried() => Given(Placed, Started)
        .When(new StartPayment(Second, "sandbox", Noon)).Then(Started with { PaymentId = Second });

    [Fact]
    public void A_payment_that_paid_already_is_found_again() => Given(Placed, Started, Paid)
        .When(new StartPayment(First, "sandbox", Noon)).ThenNothing();

    [Fact]
    public void A_cancelled_order_is_not_paid() => Given(Placed, Cancelled)
        .When(new StartPayment(First, "sandbox", Noon)).ThenRejected("order-cancelled");

    [Fact]
    public void A_paid_order_is_not_paid_again() => Given(Placed, Started, Paid)
        .When(new StartPayment(Second, "sandbox", Noon)).ThenRejected("order-already-paid");

    [Fact]
    public void The_whole_sum_pays_the_order() => Given(Placed, Started)
        .When(new ConfirmPayment(First, Slip, Price, Noon)).Then(Paid);

    [Fact]
    public void Money_pays_an_order_also_where_no_payment_is_known() => Given(Placed)
        .When(new ConfirmPayment(First, Slip, Price, Noon)).Then(Paid);

    [Fact]
    public void A_failed_payment_may_still_succeed() => Given(Placed, Started, new PaymentFailed(First, Noon))
        .When(new ConfirmPayment(First, Slip, Price, Noon)).Then(Paid);

    [Fact]
    public void The_same_receipt_again_changes_nothing() => Given(Placed, Started, Paid)
        .When(new ConfirmPayment(First, Slip, Price, Noon.AddDays(1))).ThenNothing();

    [Fact]
    public void Money_for_a_paid_order_is_owed_back() => Given(Placed, Started, Paid)
        .When(new ConfirmPayment(First, OtherSlip, Price, Noon))
        .Then(new RefundOwed(First, OtherSlip, Price, OwedBecause.OrderAlreadyPaid, Noon));

    [Fact]
    public void Money_for_a_cancelled_order_is_owed_back() => Given(Placed, Started, Cancelled)
        .When(new ConfirmPayment(First, Slip, Price, Noon))
        .Then(new RefundOwed(First, Slip, Price, OwedBecause.OrderCancelled, Noon));

    [Fact]
    public void Money_for_an_unknown_order_is_owed_back() => Given()
        .When(new ConfirmPayment(First, Slip, Price, Noon))
        .Then(new RefundOwed(First, Slip, Price, OwedBecause.OrderUnknown, Noon));

    [Theory]
    [InlineData(9899, "CNY")]
    [InlineData(9901, "CNY")]
    [InlineData(9900, "USD")]
    public void Another_sum_does_not_pay_the_order_and_is_owed_back(long amount, string currency) => Given(Placed, Started)
        .When(new ConfirmPayment(First, Slip, new Money(amount, currency), Noon))
        .Then(new RefundOwed(First, Slip, new Money(amount, currency), OwedBecause.AmountDiffers, Noon));

    [Fact]
    public void Money_that_is_owed_back_is_not_owed_twice() =>
        Given(Placed, Cancelled, new RefundOwed(First, Slip, Price, OwedBecause.OrderCancelled, Noon))
            .When(new ConfirmPayment(First, Slip, Price, Noon)).ThenNothing();

    [Fact]
    public void Money_that_came_before_its_order_stays_owed_back() =>
        Given(new RefundOwed(First, Slip, Price, OwedBecause.OrderUnknown, Noon), Placed)
            .When(new ConfirmPayment(First, Slip, Price, Noon)).ThenNothing();

    [Fact]
    public void After_a_wrong_sum_the_right_one_pays() =>
        Given(Placed, Started, new RefundOwed(First, OtherSlip, new Money(1, "CNY"), OwedBecause.AmountDiffers, Noon))
            .When(new ConfirmPayment(First, Slip, Price, Noon)).Then(Paid);

    [Fact]
    public void A_payment_fails_once()
    {
        Given(Placed, Started).When(new FailPayment(First, Noon)).Then(new PaymentFailed(First, Noon));
        Given(Placed, Started, new PaymentFailed(First, Noon)).When(new FailPayment(First, Noon)).ThenNothing();
    }

    [Fact]
    public void A_failure_of_what_was_never_begun_or_has_paid_changes_nothing()
    {
        Given().When(new FailPayment(First, Noon)).ThenNothing();
        Given(Placed).When(new FailPayment(First, Noon)).ThenNothing();
        Given(Placed, Started, Paid).When(new FailPayment(First, Noon)).ThenNothing();
    }

    [Fact]
    public void An_open_order_is_cancelled_once()
    {
        Given(Placed, Started).When(new CancelOrder(Noon)).Then(Cancelled);
        Given(Placed, Cancelled).When(new CancelOrder(Noon)).ThenNothing();
    }

    [Fact]
    public void A_paid_order_is_refunded_not_cancelled() => Given(Placed, Paid)
        .When(new CancelOrder(Noon)).ThenRejected("order-already-paid");

    [Fact]
    public void Without_an_amount_all_that_is_left_goes_back()
    {
        Given(Placed, Paid).When(new RefundOrder(Back, null, "Broken", Noon)).Then(Refunded(Back, 9900, whole: true));
        Given(Placed, Paid, Refunded(Back, 900, whole: false))
            .When(new RefundOrder(BackAgain, null, "Broken", Noon)).Then(Refunded(BackAgain, 9000, whole: true));
    }

    [Fact]
    public void A_part_goes_back_and_the_last_part_makes_it_whole()
    {
        Given(Placed, Paid).When(new RefundOrder(Back, new Money(900, "CNY"), "Broken", Noon)).Then(Refunded(Back, 900, whole: false));
        Given(Placed, Paid, Refunded(Back, 900, whole: false))
            .When(new RefundOrder(BackAgain, new Money(9000, "CNY"), "Broken", Noon)).Then(Refunded(BackAgain, 9000, whole: true));
    }

    [Fact]
    public void The_same_refund_again_does_nothing() => Given(Placed, Paid, Refunded(Back, 9900, whole: true))
        .When(new RefundOrder(Back, null, "Broken", Noon)).ThenNothing();

    [Theory]
    [InlineData(9901)]
    [InlineData(0)]
    [InlineData(-1)]
    public void More_than_is_left_or_nothing_is_no_refund(long amount) => Given(Placed, Paid)
        .When(new RefundOrder(Back, new Money(amount, "CNY"), "Broken", Noon)).ThenRejected("refund-exceeds-payment");

    [Fact]
    public void Of_an_order_refunded_whole_nothing_is_left() => Given(Placed, Paid, Refunded(Back, 9900, whole: true))
        .When(new RefundOrder(BackAgain, null, "Broken", Noon)).ThenRejected("refund-exceeds-payment");

    [Fact]
    public void Money_goes_back_in_the_currency_in_which_it_came() => Given(Placed, Paid)
        .When(new RefundOrder(Back, new Money(1, "USD"), "Broken", Noon)).ThenRejected("refund-in-other-currency");

    [Fact]
    public void Only_a_paid_order_is_refunded()
    {
        Given(Placed).When(new RefundOrder(Back, null, "Broken", Noon)).ThenRejected("order-not-paid");
        Given(Placed, Cancelled).When(new RefundOrder(Back, null, "Broken", Noon)).ThenRejected("order-not-paid");
    }

    [Fact]
    public void Of_an_order_that_does_not_exist_nothing_can_be_asked()
    {
        Given().When(new StartPayment(First, "sandbox", Noon)).ThenRejected("not-found");
        Given().When(new CancelOrder(Noon)).ThenRejected("not-found");
        Given().When(new RefundOrder(Back, null, "Broken", Noon)).ThenRejected("not-found");
    }

    [Fact]
    public void While_the_payment_is_disputed_nothing_goes_back_and_after_a_won_dispute_all_may()
    {
        var disputed = Given(Placed, Paid, new PaymentDisputed("dp", Slip, Price, Noon));
        Given(Placed, Paid).When(new DisputePayment("dp", Slip, Price, Noon)).Then(new PaymentDisputed("dp", Slip, Price, Noon));
        disputed.When(new DisputePayment("dp", Slip, Price, Noon)).ThenNothing();
        disputed.When(new RefundOrder(Back, new Money(1, "CNY"), "Broken", Noon)).ThenRejected("payment-disputed");
        var won = new DisputeClosed("dp", Slip, Price, true, Noon);
        disputed.When(new CloseDispute("dp", Slip, Price, true, Noon)).Then(won);
        disputed.Given(won).When(new CloseDispute("dp", Slip, Price, false, Noon)).ThenNothing();
        disputed.Given(won).When(new RefundOrder(Back, null, "Broken", Noon)).Then(Refunded(Back, 9900, whole: true));
    }

    [Fact]
    public void A_lost_dispute_is_a_refund_that_nobody_sends()
    {
        var taken = new OrderRefunded(Ann, Lines, StreamId.Of("dispute", "sandbox/dp"), "sandbox", Price, true, "The payer's bank has taken it back.", Noon) { Dispute = "dp" };
        var lost = new DisputeClosed("dp", Slip, Price, false, Noon);
        Given(Placed, Paid).When(new CloseDispute("dp", Slip, Price, false, Noon)).Then(lost, taken);
        Given(Placed, Paid, lost, taken).When(new RefundOrder(Back, null, "Broken", Noon)).ThenRejected("payment-charged-back");

        // Of a part it leaves the rest; of what went back before, it takes what is left.
        var part = new DisputeClosed("dp", Slip, new Money(400, "CNY"), false, Noon);
        Given(Placed, Paid).When(new CloseDispute("dp", Slip, part.Amount, false, Noon)).Then(part, taken with { Amount = part.Amount, Whole = false });
        Given(Placed, Paid, part, taken with { Amount = part.Amount, Whole = false })
            .When(new RefundOrder(Back, null, "Broken", Noon)).Then(Refunded(Back, 9500, whole: true));
        Given(Placed, Paid, Refunded(Back, 900, whole: false)).When(new CloseDispute("dp", Slip, Price, false, Noon)).Then(lost, taken with { Amount = new Money(9000, "CNY") });
    }

    [Fact]
    public void What_is_no_longer_needed_goes_back_when_the_dispute_is_over()
    {
        var disputed = new PaymentDisputed("dp", Slip, Price, Noon);
        var postponed = new RefundPostponed(Back, new Money(500, "CNY"), "No longer needed.", Noon);
        var refund = new RefundOrder(Back, postponed.Amount, postponed.Reason, Noon) { ByItself = true };
        Given(Placed, Paid, disputed).When(refund).Then(postponed);
        var waiting = Given(Placed, Paid, disputed, postponed);
        waiting.When(refund).ThenNothing();
        waiting.When(new CloseDispute("dp", Slip, Price, true, Noon)).Then(
            new DisputeClosed("dp", Slip, Price, true, Noon), Refunded(Back, 500, whole: false) with { Reason = postponed.Reason });
        waiting.When(new CloseDispute("dp", Slip, Price, false, Noon)).Then(
            new DisputeClosed("dp", Slip, Price, false, Noon),
            new OrderRefunded(Ann, Lines, StreamId.Of("dispute", "sandbox/dp"), "sandbox", Price, true, "The payer's bank has taken it back.", Noon) { Dispute = "dp" });

        // Also where less is left than it was to be.
        Given(Placed, Paid, Refunded(BackAgain, 9_600, whole: false)).When(refund).Then(Refunded(Back, 300, whole: true) with { Reason = postponed.Reason });
    }

    [Fact]
    public void Of_what_never_came_nothing_is_disputed()
    {
        Given().When(new DisputePayment("dp", Slip, Price, Noon)).ThenRejected("chargeback-of-unknown-payment");
        Given(Placed, Started).When(new DisputePayment("dp", Slip, Price, Noon)).ThenRejected("chargeback-of-unknown-payment");
        Given(Placed, Paid).When(new CloseDispute("dp", OtherSlip, Price, false, Noon)).ThenRejected("chargeback-of-unknown-payment");
    }

    [Fact]
    public void What_is_owed_and_taken_by_the_bank_is_owed_no_more()
    {
        var owed = new RefundOwed(First, OtherSlip, Price, OwedBecause.OrderAlreadyPaid, Noon);
        var disputed = Given(Placed, Paid, owed, new PaymentDisputed("dp", OtherSlip, Price, Noon));
        disputed.When(new ReturnOwedMoney(Back, OtherSlip, Noon)).ThenRejected("payment-disputed");
        disputed.When(new RefundOrder(Back, null, "Broken", Noon)).Then(Refunded(Back, 9900, whole: true)); // other money
        var lost = new DisputeClosed("dp", OtherSlip, Price, false, Noon);
        var taken = new OwedMoneyTakenBack(OtherSlip, Price, new Money(0, "CNY"), Noon);
        disputed.When(new CloseDispute("dp", OtherSlip, Price, false, Noon)).Then(lost, taken);
        disputed.Given(lost, taken).When(new ReturnOwedMoney(Back, OtherSlip, Noon)).ThenRejected("payment-charged-back");
        var part = new OwedMoneyTakenBack(OtherSlip, new Money(900, "CNY"), new Money(9_000, "CNY"), Noon);
        disputed.When(new CloseDispute("dp", OtherSlip, part.Amount, false, Noon)).Then(lost with { Amount = part.Amount }, part);
        disputed.Given(lost with { Amount = part.Amount }, part).When(new ReturnOwedMoney(Back, OtherSlip, Noon)).Then(new OwedMoneyReturned(Back, OtherSlip, part.Left, Noon));
    }

    [Fact]
    public void A_paid_payment_stays_paid_when_more_money_comes_under_it() => Assert.Equal(
        PaymentStatus.Paid,
        ((Placed)Given(Placed, Started, Paid, new RefundOwed(First, OtherSlip, Price, OwedBecause.OrderAlreadyPaid, Noon)).State).StatusOf(First));

    private static Spec.Scenario<Order, OrderCommand, OrderEvent> Given(params OrderEvent[] events) =>
        Spec.For(Order.Decider).Given(events);

    private static ChargeTried Tried(int attempt, int wait, int minute = 0) =>
        new(First, attempt, Noon.AddMinutes(minute + wait), Noon.AddMinutes(minute));

    private static OrderLine Line(Guid product, int quantity, Money price) => new(product, "content", product, "How to order", quantity, price);

    private static OrderRefunded Refunded(Guid id, long amount, bool whole) =>
        new(Ann, Lines, id, "sandbox", new Money(amount, "CNY"), whole, "Broken", Noon);
}
