using Community.Incentives.Badges;
using Community.Testing;

namespace Community.Incentives.Tests.Badges;

public sealed class BadgeTests
{
    private static readonly DateTimeOffset Noon = new(2017, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BadgeAwarded Teacher = new(Guid.CreateVersion7(Noon), Guid.CreateVersion7(Noon), "Teacher", "bronze", Noon, Imported: true);

    [Fact]
    public void An_award_is_kept() => Spec.For(Badge.Decider).When(new AwardBadge(Teacher)).Then(Teacher);

    [Fact]
    public void The_same_award_again_is_nothing_new() => Spec.For(Badge.Decider).Given(Teacher).When(new AwardBadge(Teacher)).ThenNothing();

    [Fact]
    public void Another_award_under_the_same_id_is_refused() => Spec.For(Badge.Decider)
        .Given(Teacher)
        .When(new AwardBadge(Teacher with { Class = "gold" }))
        .ThenRejected("award-differs");
}
