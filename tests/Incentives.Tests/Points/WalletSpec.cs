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
    public void An_operator_takes_no_more_than_there_is() => Spec.For(Wallet.Decider).Given(Spent).When(Adjust(-11, earned: 40)).ThenRejected("too-few-points");

    [Fact]
    public void An_operator_gives_to_whom_a_reversal_has_left_below_zero() =>
        Spec.For(Wallet.Decider).Given(Spent).When(Adjust(5, earned: 0)).Then(new PointsAdjusted(Member, Member, 5, "thanks", Noon));

    private static SpendPoints Spend(Guid id, int points, long earned) => new(id, Member, points, Noon, earned);

    private static AdjustPoints Adjust(int points, long earned) => new(Member, Member, points, "thanks", Noon, earned);
}
