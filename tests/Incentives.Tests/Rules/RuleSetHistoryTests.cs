using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Testing;

namespace Community.Incentives.Tests.Rules;

public sealed class RuleSetHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EarningRule Comments = new("comment-posted", Activities.Comment, 3, DailyCap: 9);

    [Fact]
    public void A_new_rule_set_is_the_next_version() => Spec.For(RuleSetHistory.Decider)
        .When(new AdoptRuleSet([Comments], Noon))
        .Then(new RuleSetAdopted(2, [Comments], Noon));

    [Fact]
    public void The_rules_in_force_adopted_again_change_nothing() => Spec.For(RuleSetHistory.Decider)
        .Given(new RuleSetAdopted(2, [Comments], Noon))
        .When(new AdoptRuleSet([Comments], Noon.AddHours(1)))
        .ThenNothing();

    [Fact]
    public void A_clock_that_lags_makes_no_version_begin_before_the_last() => Spec.For(RuleSetHistory.Decider)
        .Given(new RuleSetAdopted(2, [Comments], Noon))
        .When(new AdoptRuleSet([], Noon.AddSeconds(-1)))
        .Then(new RuleSetAdopted(3, [], Noon));

    [Fact]
    public void A_fact_goes_by_the_rules_of_its_own_instant()
    {
        var book = Spec.For(RuleSetHistory.Decider).Given(new RuleSetAdopted(2, [Comments], Noon), new RuleSetAdopted(3, [], Noon.AddDays(1))).State;

        Assert.Equal(1, book.InForce(DateTimeOffset.MinValue).Version);
        Assert.Equal(1, book.InForce(Noon.AddTicks(-1)).Version);
        Assert.Equal(2, book.InForce(Noon).Version);
        Assert.Equal(3, book.InForce(Noon.AddDays(1)).Version);
        Assert.Equal(Comments, book.InForce(Noon).For(Activities.Comment));
        Assert.Null(book.InForce(Noon).For(Activities.View));
    }
}
