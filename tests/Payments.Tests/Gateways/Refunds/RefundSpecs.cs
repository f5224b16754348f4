using Community.Payments.Refunds;
using Community.Testing;

namespace Community.Payments.Tests.Gateways.Refunds;

public sealed class RefundSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = Guid.CreateVersion7(Noon);
    private static readonly RefundTried Tried = new(Id, 1, Noon.AddMinutes(5), Noon);
    private static readonly RefundSent Sent = new(Id, "re_1", Noon);
    private static readonly RefundFailed Refused = new(Id, null, "closed", true, Noon);
    private static readonly RefundFailed Bounced = new(Id, "re_1", "lost card", true, Noon);

    [Fact]
    public void Who_tries_has_it_until_the_lease_ends()
    {
        Given().When(new TryRefund(Id, Noon)).Then(Tried);
        Given(Tried).When(new TryRefund(Id, Noon.AddMinutes(4))).ThenRejected("refund-not-due");
        Given(Tried).When(new TryRefund(Id, Noon.AddMinutes(5))).Then(new RefundTried(Id, 2, Noon.AddMinutes(10), Noon.AddMinutes(5)));
    }

    [Fact]
    public void What_is_disputed_is_held_without_a_try_and_what_the_bank_has_taken_fails()
    {
        var held = new RefundPutOff(Id, "disputed", Noon.AddHours(1), Noon);
        Given().When(new HoldRefund(Id, "disputed", ForGood: false, Noon)).Then(held);
        Given(held).When(new HoldRefund(Id, "disputed", ForGood: false, Noon.AddMinutes(59))).ThenNothing();
        Given(held).When(new TryRefund(Id, Noon.AddHours(1))).Then(new RefundTried(Id, 1, Noon.AddHours(1).AddMinutes(5), Noon.AddHours(1)));
        Given(held).When(new HoldRefund(Id, "taken", ForGood: true, Noon.AddHours(1))).Then(new RefundFailed(Id, null, "taken", false, Noon.AddHours(1)));
        Given(Tried).When(new HoldRefund(Id, "disputed", ForGood: false, Noon.AddMinutes(4))).ThenNothing();
        Given(Tried, Sent).When(new HoldRefund(Id, "disputed", ForGood: false, Noon.AddDays(1))).ThenNothing();
    }

    [Fact]
    public void What_is_sent_is_not_tried_again_and_is_sent_once()
    {
        Given(Tried).When(new ConfirmRefund(Id, "re_1", Noon)).Then(Sent);
        Given(Tried, Sent).When(new ConfirmRefund(Id, "re_1", Noon)).ThenNothing();
        Given(Tried, Sent).When(new TryRefund(Id, Noon.AddDays(1))).ThenRejected("refund-not-due");
        Given(Tried, Sent).When(new WantRefundAgain(Id, Noon)).ThenRejected("refund-sent");
        Given(Tried, Sent).When(new PutRefundOff(Id, 1, "late", Noon)).ThenNothing();
        Given(Tried, Sent).When(new FailRefund(Id, 1, "late", true, Noon)).ThenNothing();
    }

    [Fact]
    public void Where_the_gateway_is_away_it_is_tried_again_ever_more_seldom()
    {
        Given(Tried).When(new PutRefundOff(Id, 1, "away", Noon)).Then(new RefundPutOff(Id, "away", Noon.AddMinutes(1), Noon));
        Given(Tried, new RefundPutOff(Id, "away", Noon.AddMinutes(1), Noon)).When(new TryRefund(Id, Noon.AddSeconds(59))).ThenRejected("refund-not-due");
        Assert.Equal(
            [1, 2, 4, 8, 256, 360, 360], new[] { 1, 2, 3, 4, 9, 10, 29 }.Select(tries => (int)Refund.BackOff.After(tries).TotalMinutes));
    }

    [Fact]
    public void After_the_last_try_an_operator_looks_at_it()
    {
        var tries = Enumerable.Range(1, Refund.MostTries).Select(RefundEvent (n) => new RefundTried(Id, n, Noon, Noon)).ToArray();
        Given(tries).When(new PutRefundOff(Id, Refund.MostTries, "away", Noon)).Then(new RefundFailed(Id, null, "away", false, Noon));
        var again = Given([.. tries, new RefundFailed(Id, null, "away", false, Noon), new RefundWantedAgain(Id, Noon)]).State;
        Assert.Equal((RefundStatus.Requested, 0, 0, Refund.MostTries), (again.Status, again.Round, again.Tries, again.TriesInRound));
    }

    [Fact]
    public void Who_had_the_lease_before_has_nothing_to_put_off_or_to_fail() => Given(Tried, Tried with { Attempt = 2 })
        .When(new FailRefund(Id, 1, "late", true, Noon)).ThenNothing();

    [Fact]
    public void What_was_refused_for_certain_is_another_request_the_next_time()
    {
        Given(Tried).When(new FailRefund(Id, 1, "closed", true, Noon)).Then(Refused);
        Given(Tried, Refused).When(new TryRefund(Id, Noon.AddDays(1))).ThenRejected("refund-not-due");
        Given(Tried, Refused).When(new WantRefundAgain(Id, Noon)).Then(new RefundWantedAgain(Id, Noon));
        var again = Given(Tried, Refused, new RefundWantedAgain(Id, Noon), Tried with { Attempt = 2 }).State;
        Assert.Equal((1, false), (again.Round, again.IsRepeat));
    }

    [Fact]
    public void What_may_have_been_sent_is_the_same_request_the_next_time()
    {
        Assert.True(Given(Tried, Tried with { Attempt = 2 }).State is { Round: 0, IsRepeat: true });
        Assert.True(Given(Tried, Refused with { Certain = false }, new RefundWantedAgain(Id, Noon), Tried with { Attempt = 2 }).State is { Round: 0, IsRepeat: true });
    }

    [Fact]
    public void Money_that_came_back_has_failed_once_in_whatever_order_it_is_told()
    {
        Given(Tried, Sent).When(new BounceRefund(Id, "re_1", "lost card", Noon)).Then(Bounced);
        Given(Tried, Sent, Bounced).When(new BounceRefund(Id, "re_1", "lost card", Noon)).ThenNothing();
        Given(Tried).When(new BounceRefund(Id, "re_1", "lost card", Noon)).Then(Bounced);
        Given(Tried, Bounced).When(new ConfirmRefund(Id, "re_1", Noon)).ThenNothing();
        var second = Given(Tried, Sent, Bounced, new RefundWantedAgain(Id, Noon), Tried with { Attempt = 2 }, Sent with { Number = "re_2" });
        second.When(new BounceRefund(Id, "re_1", "lost card", Noon)).ThenNothing();
        second.When(new BounceRefund(Id, "re_2", "lost card", Noon)).Then(Bounced with { Number = "re_2" });
        Given().When(new BounceRefund(Id, "re_1", "never asked for", Noon)).ThenNothing();
    }

    [Fact]
    public void Wanting_again_what_is_under_way_does_nothing() => Given(Tried).When(new WantRefundAgain(Id, Noon)).ThenNothing();

    private static Spec.Scenario<Refund, RefundCommand, RefundEvent> Given(params RefundEvent[] events) => Spec.For(Refund.Decider).Given(events);
}
