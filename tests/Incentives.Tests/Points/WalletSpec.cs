using Community.EventStore;
using Community.Incentives.Points;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class WalletSpec
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Member = Guid.CreateVersion7(Noon);
    private static readonly Guid Redemption = Guid.CreateVersion7(Noon.AddDays(1));
    private static readonly PointsSpent Spent = new(Redemption, Member, 30, Noon);

    [Fact]
    public void What_is_there_can_be_spent() => Spec.For(Wallet.Decider).When(Spend(Redemption, 30, earned: 30)).Then(Spent);

    [Fact]
    public void What_was_spent_before_is_gone() => Spec.For(Wallet.Decider).Given(Spent).When(Spend(Member, 10, earned: 39)).ThenRejected("too-few-points");

    [Fact]
    public void The_same_redemption_is_paid_once() => Spec.For(Wallet.Decider).Given(Spent).When(Spend(Redemption, 30, earned: 100)).ThenNothing();

    [Fact]
    public void A_redemption_is_refunded_once() => Spec.For(Wallet.Decider).Given(Spent).When(new RefundPoints(Redemption, Member, Noon)).Then(new PointsRefunded(Redemption, Member, 30, Noon));

    [Fact]
    public void What_was_refunded_is_there_again() => Spec.For(Wallet.Decider)
        .Given(Spent, new PointsRefunded(Redemption, Member, 30, Noon))
        .When(new RefundPoints(Redemption, Member, Noon)).ThenNothing();

    [Fact]
    public void What_was_refunded_pays_for_nothing_more() => Spec.For(Wallet.Decider)
        .Given(Spent, new PointsRefunded(Redemption, Member, 30, Noon))
        .When(Spend(Redemption, 30, earned: 100)).ThenRejected("redemption-cancelled");

    [Fact]
    public void An_operator_takes_no_more_than_there_is() => Spec.For(Wallet.Decider).Given(Spent).When(Adjust(-11, earned: 40)).ThenRejected("too-few-points");

    [Fact]
    public void An_operator_gives_to_whom_a_reversal_has_left_below_zero() =>
        Spec.For(Wallet.Decider).Given(Spent).When(Adjust(5, earned: 0)).Then(new PointsAdjusted(Member, Member, 5, "", Noon) { Words = Thanks });

    [Fact]
    public void Points_that_nobody_has_spent_in_time_expire_and_what_is_spent_goes_first_to_what_ends_first()
    {
        Spec.For(Wallet.Decider).When(Expire(50)).Then(new PointsExpired(Member, -50, 50, 0, Noon));
        Spec.For(Wallet.Decider).Given(Spent).When(Expire(50)).Then(new PointsExpired(Member, -20, 50, 30, Noon));
        Spec.For(Wallet.Decider).Given(Spent).When(Expire(20)).Then(new PointsExpired(Member, 0, 20, 20, Noon));
        Spec.For(Wallet.Decider).Given(Spent, new PointsExpired(Member, 0, 20, 20, Noon)).When(Expire(50)).Then(new PointsExpired(Member, -20, 50, 30, Noon));
        Spec.For(Wallet.Decider).Given(new PointsExpired(Member, -50, 50, 0, Noon), Spent).When(Expire(60)).Then(new PointsExpired(Member, 0, 60, 10, Noon));
        Spec.For(Wallet.Decider).Given(new PointsExpired(Member, -50, 50, 0, Noon)).When(Expire(50)).ThenNothing();
    }

    [Fact]
    public void What_has_expired_comes_back_where_its_cause_is_taken_back() => Spec.For(Wallet.Decider)
        .Given(new PointsExpired(Member, -50, 50, 0, Noon))
        .When(Expire(40))
        .Then(new PointsExpired(Member, 10, 40, 0, Noon));

    [Fact]
    public void What_was_spent_in_time_and_comes_back_too_late_expires() => Spec.For(Wallet.Decider)
        .Given(Spent, new PointsExpired(Member, -20, 50, 30, Noon))
        .When(new RefundPoints(Redemption, Member, Noon))
        .Then(new PointsRefunded(Redemption, Member, 30, Noon), new PointsExpired(Member, -30, 50, 0, Noon));

    [Fact]
    public void More_points_than_an_entry_holds_expire_as_several() => Spec.For(Wallet.Decider)
        .Given()
        .When(Expire(5_000_000_000))
        .Then(
            new PointsExpired(Member, -int.MaxValue, int.MaxValue, 0, Noon), new PointsExpired(Member, -int.MaxValue, 2L * int.MaxValue, 0, Noon),
            new PointsExpired(Member, -705_032_706, 5_000_000_000, 0, Noon));

    /// <summary>Whatever is earned, spent, taken back and looked at when: of what is due, what was not used has expired, and never more.</summary>
    [SeededProperty]
    public void What_has_expired_is_what_was_due_and_not_used(byte[] steps)
    {
        var (wallet, due, expired) = (Wallet.Decider.Initial, 0L, 0L);

        foreach (var (n, step) in steps.Index())
        {
            due = Math.Max(0, due + (step % 4 == 1 ? step : step % 4 == 2 ? -step / 2 : 0));
            WalletCommand command = (step % 4) switch
            {
                0 => new SpendPoints(new Guid(n, 0, 0, new byte[8]), Member, step + 1, Noon, 1_000_000),
                3 => new RefundPoints(new Guid(step % (n + 1), 0, 0, new byte[8]), Member, Noon),
                _ => Expire(due)
            };

            foreach (var e in Wallet.Decider.Decide(wallet, command))
            {
                expired += e is PointsExpired { Points: var points } ? -points : 0;
                wallet = Wallet.Decider.Evolve(wallet, e);
            }

            Assert.Equal(wallet.Due - wallet.Used, expired);
            Assert.InRange(expired, 0, wallet.Due);
            Assert.InRange(wallet.Used, 0, wallet.Spent);
        }
    }

    private static ExpirePoints Expire(long due) => new(Member, due, Noon);

    private static SpendPoints Spend(Guid id, int points, long earned) => new(id, Member, points, Noon, earned);

    private static readonly Sealed Thanks = new(Member, "sealed");

    private static AdjustPoints Adjust(int points, long earned) => new(Member, Member, points, Thanks, Noon, earned);
}
