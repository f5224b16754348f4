using Community.Incentives.Rules;
using Community.Testing;

namespace Community.Incentives.Tests.Rules;

public sealed class RuleSetHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EarningRule Comments = new("comment-posted", Activities.Comment, 3, DailyCap: 9);

    [Fact]
    public void A_new_rule_set_is_the_next_version() => Spec.For(RuleSetHistory.Decider)
        .When(new AdoptRuleSet([Comments], null, Noon))
        .Then(new RuleSetAdopted(2, [Comments], Noon, Noon));

    [Fact]
    public void The_rules_in_force_adopted_again_change_nothing() => Spec.For(RuleSetHistory.Decider)
        .Given(new RuleSetAdopted(2, [Comments], Noon, Noon))
        .When(new AdoptRuleSet([Comments], null, Noon.AddHours(1)))
        .ThenNothing();

    [Fact]
    public void The_rules_in_force_adopted_again_before_others_begin_call_the_others_off() => Spec.For(RuleSetHistory.Decider)
        .Given(new RuleSetAdopted(2, [Comments], Noon, Noon), new RuleSetAdopted(3, [], Noon.AddDays(2), Noon))
        .When(new AdoptRuleSet([Comments], Noon.AddDays(2), Noon.AddHours(1)))
        .Then(new RuleSetAdopted(4, [Comments], Noon.AddDays(2), Noon.AddHours(1)));

    [Fact]
    public void A_clock_that_lags_makes_no_version_begin_before_the_last() => Spec.For(RuleSetHistory.Decider)
        .Given(new RuleSetAdopted(2, [Comments], Noon, Noon))
        .When(new AdoptRuleSet([], null, Noon.AddSeconds(-1)))
        .Then(new RuleSetAdopted(3, [], Noon, Noon.AddSeconds(-1)));

    [Fact]
    public void What_is_adopted_from_now_on_holds_from_now_on_though_others_are_to_begin_later()
    {
        var history = Spec.For(RuleSetHistory.Decider).Given(new RuleSetAdopted(2, [], Noon.AddYears(100), Noon));

        history.When(new AdoptRuleSet([Comments], null, Noon.AddHours(1))).Then(new RuleSetAdopted(3, [Comments], Noon.AddHours(1), Noon.AddHours(1)));
    }

    [Fact]
    public void A_fact_goes_by_the_rules_of_its_own_instant()
    {
        var history = Spec.For(RuleSetHistory.Decider)
            .Given(new RuleSetAdopted(2, [Comments], Noon, Noon), new RuleSetAdopted(3, [], Noon.AddDays(1), Noon)).State;

        Assert.Equal(1, history.InForce(DateTimeOffset.MinValue).Version);
        Assert.Equal(1, history.InForce(Noon.AddTicks(-1)).Version);
        Assert.Equal(2, history.InForce(Noon).Version);
        Assert.Equal(3, history.InForce(Noon.AddDays(1)).Version);
        Assert.Equal([Comments], history.InForce(Noon).For(Activities.Comment));
        Assert.Empty(history.InForce(Noon).For(Activities.View));
    }

    [Fact]
    public void Points_are_given_until_the_settings_say_otherwise()
    {
        var history = Spec.For(RuleSetHistory.Decider).Given(new PointsSwitched(false, 2, Noon), new PointsSwitched(true, 3, Noon.AddDays(1))).State;

        Assert.NotNull(history.Paying(Noon.AddTicks(-1)));
        Assert.Null(history.Paying(Noon));
        Assert.NotNull(history.Paying(Noon.AddDays(1)));
        // Heard late, an older word does not undo a newer one.
        var late = Spec.For(RuleSetHistory.Decider).Given(new PointsSwitched(true, 3, Noon.AddDays(1)), new PointsSwitched(false, 2, Noon)).State;
        Assert.NotNull(late.Paying(Noon.AddDays(1)));
        Assert.Null(late.Paying(Noon));
        Spec.For(RuleSetHistory.Decider).Given(new PointsSwitched(false, 2, Noon)).When(new SwitchPoints(false, 2, Noon)).ThenNothing();
    }

    [Fact]
    public void A_set_of_the_first_release_is_read_as_one_that_holds_from_its_adoption_on() => Assert.Equivalent(
        new RuleSetAdopted(2, [Comments], Noon, Noon),
        new RuleSetAdoptedV1(2, [new("comment-posted", Activities.Comment, 3, DailyCap: 9)], Noon).Upcast());
}
