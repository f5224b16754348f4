using Community.Payments.Creators;
using Community.Testing;

namespace Community.Payments.Tests.Creators;

public sealed class CreatorSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ShareEarned Earned = new(Id(1), Id(10), 0, Cny(700), Cny(1_000), Noon.AddDays(14), Noon);

    [Fact]
    public void A_share_is_earned_once_and_taken_back_no_further_than_it_was()
    {
        var earn = new EarnShare(Id(1), Id(10), 0, Cny(700), Cny(1_000), Noon.AddDays(14), Noon);
        Given().When(earn).Then(Earned);
        Given(Earned).When(earn).ThenNothing();
        var part = new ShareReversed(Id(1), Id(10), 0, Id(20), Cny(233), Noon);
        Given(Earned).When(new ReverseShare(Id(10), 0, Id(20), Cny(333), false, Noon)).Then(part);
        Given(Earned, part).When(new ReverseShare(Id(10), 0, Id(20), Cny(333), false, Noon)).ThenNothing();
        Given(Earned, part).When(new ReverseShare(Id(10), 0, Id(21), Cny(667), true, Noon)).Then(part with { RefundId = Id(21), Amount = Cny(467) });
        Given().When(new ReverseShare(Id(10), 0, Id(20), Cny(1), true, Noon)).ThenNothing();
    }

    [Fact]
    public void It_is_paid_out_when_its_hold_is_over_and_only_once()
    {
        Given(Earned).When(new PreparePayout(Id(30), "CNY", Noon.AddDays(14).AddTicks(-1))).ThenRejected("payout-nothing-due");
        var prepared = new PayoutPrepared(Id(1), Id(30), Cny(700), Noon.AddDays(14));
        Given(Earned).When(new PreparePayout(Id(30), "CNY", Noon.AddDays(14))).Then(prepared);
        Given(Earned, prepared).When(new PreparePayout(Id(31), "CNY", Noon.AddDays(15))).ThenRejected("payout-nothing-due");
        Given(Earned, prepared).When(new PreparePayout(Id(31), "USD", Noon.AddDays(15))).ThenRejected("payout-nothing-due");
        var paid = new PayoutPaid(Id(1), Id(30), Cny(700), "transfer 1", Noon.AddDays(15));
        Given(Earned, prepared).When(new MarkPaid(Id(30), "transfer 1", Noon.AddDays(15))).Then(paid);
        Given(Earned, prepared, paid).When(new MarkPaid(Id(30), "transfer 2", Noon.AddDays(15))).ThenNothing();
        Given(Earned).When(new MarkPaid(Id(31), "transfer 2", Noon.AddDays(15))).ThenRejected("not-found");
    }

    [Fact]
    public void While_its_payment_is_disputed_a_share_is_not_paid_out()
    {
        var (late, held) = (Noon.AddDays(15), new ShareHeld(Id(1), Id(10), 0, "stripe/dp", Noon));
        Given(Earned).When(new HoldShare(Id(10), 0, "stripe/dp", Noon)).Then(held);
        Given(Earned, held).When(new HoldShare(Id(10), 0, "stripe/dp", Noon)).ThenNothing();
        Given(Earned, held).When(new PreparePayout(Id(30), "CNY", late)).ThenRejected("payout-nothing-due");
        Assert.Equal((0, 700), (Given(Earned, held).State.Available("CNY", late), Given(Earned, held).State.Held("CNY", late)));
        var released = new ShareReleased(Id(1), Id(10), 0, "stripe/dp", Noon);
        Given(Earned, held).When(new ReleaseShare(Id(10), 0, "stripe/dp", Noon)).Then(released);
        Given(Earned, held, released).When(new PreparePayout(Id(30), "CNY", late)).Then(new PayoutPrepared(Id(1), Id(30), Cny(700), late));
        Given(Earned).When(new ReleaseShare(Id(10), 0, "stripe/dp", Noon)).ThenNothing();
        Given(Earned).When(new HoldShare(Id(11), 0, "stripe/dp", Noon)).ThenNothing();
    }

    [Fact]
    public void A_refund_after_the_payout_is_kept_from_the_next()
    {
        CreatorEvent[] past =
        [
            Earned, new PayoutPrepared(Id(1), Id(30), Cny(700), Noon.AddDays(14)), new ShareReversed(Id(1), Id(10), 0, Id(20), Cny(700), Noon.AddDays(15)),
            Earned with { OrderId = Id(11), Amount = Cny(1000) }
        ];
        Assert.Equal(300, Given(past).State.Available("CNY", Noon.AddDays(16)));
        Given(past).When(new PreparePayout(Id(31), "CNY", Noon.AddDays(16))).Then(new PayoutPrepared(Id(1), Id(31), Cny(300), Noon.AddDays(16)));
    }

    private static Spec.Scenario<CreatorAccount, CreatorCommand, CreatorEvent> Given(params CreatorEvent[] events) =>
        Spec.For(CreatorAccount.Decider).Given(events);

    private static Money Cny(long amount) => new(amount, "CNY");

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);
}
