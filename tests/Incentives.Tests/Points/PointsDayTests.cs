using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Testing;
using FsCheck.Xunit;

namespace Community.Incentives.Tests.Points;

public sealed class PointsDayTests
{
    private static readonly DateTimeOffset Morning = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Noon = Morning.AddHours(12);
    private static readonly Guid Member = Guid.CreateVersion7(Noon);
    private static readonly EarningRule Rule = new("comment-posted", Activities.Comment, 2, DailyCap: 5);

    [Fact]
    public void An_activity_earns_by_its_rule() => Spec.For(PointsDay.Decider)
        .When(Comment("comment/1"))
        .Then(Earned("comment/1", 2));

    [Fact]
    public void The_same_cause_earns_once() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2))
        .When(Comment("comment/1"))
        .ThenNothing();

    [Fact]
    public void A_cause_that_earned_on_another_day_earns_no_more() => Spec.For(PointsDay.Decider)
        .When(Comment("comment/1") with { Paid = true })
        .ThenNothing();

    [Fact]
    public void What_is_left_of_the_cap_is_paid() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2), Earned("comment/2", 2))
        .When(Comment("comment/3"))
        .Then(Earned("comment/3", 1));

    [Fact]
    public void Beyond_the_cap_the_fact_is_kept_without_points() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2), Earned("comment/2", 2), Earned("comment/3", 1))
        .When(Comment("comment/4"))
        .Then(Withheld("comment/4", "daily-cap"));

    [Fact]
    public void What_was_kept_without_points_stays_so() => Spec.For(PointsDay.Decider)
        .Given(Withheld("comment/4", "daily-cap"))
        .When(Comment("comment/4"))
        .ThenNothing();

    [Fact]
    public void Within_one_stretch_of_the_cool_down_one_earns() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2))
        .When(Comment("comment/2", Rule with { CoolDownSeconds = 60 }, Noon.AddSeconds(59)))
        .Then(Withheld("comment/2", "cool-down") with { At = Noon.AddSeconds(59) });

    [Fact]
    public void The_next_stretch_earns_again() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2))
        .When(Comment("comment/2", Rule with { CoolDownSeconds = 60 }, Noon.AddSeconds(60)))
        .Then(Earned("comment/2", 2) with { At = Noon.AddSeconds(60) });

    [Fact]
    public void Stretches_are_counted_from_the_midnight_of_the_day_and_what_is_stored_is_in_utc()
    {
        var there = TimeSpan.FromHours(8);
        var (evening, morning) = (new DateTimeOffset(2026, 5, 1, 23, 0, 0, there), new DateTimeOffset(2026, 5, 1, 1, 0, 0, there));
        var daily = Rule with { CoolDownSeconds = 86_400 };
        Spec.For(PointsDay.Decider)
            .Given(Earned("comment/1", 2) with { At = morning.ToUniversalTime() })
            .When(Comment("comment/2", daily, evening))
            .Then(Withheld("comment/2", "cool-down") with { At = evening.ToUniversalTime() });
        Assert.NotEqual(PointsDay.Stream(Member, morning), PointsDay.Stream(Member, morning.ToUniversalTime()));
        Assert.Equal(PointsDay.Stream(Member, morning), PointsDay.Stream(Member, evening));
    }

    [Fact]
    public void Each_version_of_the_rules_has_its_own_cap() => Spec.For(PointsDay.Decider)
        .Given(Earned("comment/1", 2), Earned("comment/2", 2), Earned("comment/3", 1))
        .When(Comment("comment/4") with { RuleVersion = 2 })
        .Then(Earned("comment/4", 2) with { RuleVersion = 2 });

    [Fact]
    public void Without_a_rule_the_fact_is_kept_without_points() => Spec.For(PointsDay.Decider)
        .When(Comment("comment/1") with { Rule = null })
        .Then(new PointsWithheld(Member, Activities.Comment, "comment/1", "no-rule", null, 1, Noon));

    [SeededProperty]
    public void What_a_day_earns_does_not_depend_on_order_or_repetition(byte[] causes, byte cap, byte coolDown, int seed)
    {
        var random = new Random(seed);
        var rules = new[]
        {
            Rule with { DailyCap = cap == 0 ? null : cap, CoolDownSeconds = coolDown == 0 ? null : coolDown * 100 },
            Rule with { Points = 3, DailyCap = null }
        };
        // A cause has one instant, and with it one version; many are told more than once.
        var facts = causes.Select(cause => Comment($"comment/{cause}", rules[cause % 2], Morning.AddSeconds(cause * 337)) with { RuleVersion = cause % 2 }).ToArray();
        var shuffled = facts.ToArray();
        random.Shuffle(shuffled);

        Assert.Equal(Expected(facts), Total(facts));
        Assert.Equal(Expected(facts), Total([.. shuffled, .. facts]));
    }

    [SeededProperty]
    public void No_cause_earns_twice(byte[] causes) => Assert.Distinct(
        Run(causes.Select(cause => Comment($"comment/{cause}", Rule with { DailyCap = null }))).OfType<PointsEarned>().Select(e => e.Cause));

    [Fact]
    public void Days_and_members_have_accounts_of_their_own()
    {
        Assert.Equal(PointsDay.Stream(Member, Noon), PointsDay.Stream(Member, Noon.ToOffset(TimeSpan.FromHours(8))));
        Assert.NotEqual(PointsDay.Stream(Member, Noon), PointsDay.Stream(Member, Noon.ToOffset(TimeSpan.FromHours(14)))); // there it is the next day
        Assert.NotEqual(PointsDay.Stream(Member, Noon), PointsDay.Stream(Member, Noon.AddDays(1)));
        Assert.NotEqual(PointsDay.Stream(Member, Noon), PointsDay.Stream(Guid.Empty, Noon));
    }

    // The formula, apart from any order: each version pays its points for every cause, or for every stretch that has one, up to its cap.
    private static int Expected(IEnumerable<RewardActivity> facts) => facts.DistinctBy(fact => fact.Cause).GroupBy(fact => fact.RuleVersion).Sum(version =>
    {
        var rule = version.First().Rule!;
        var paid = rule.CoolDownSeconds is { } seconds
            ? version.Select(fact => (int)((fact.At - Morning).TotalSeconds / seconds)).Distinct().Count()
            : version.Count();

        return Math.Min(rule.DailyCap ?? int.MaxValue, paid * rule.Points);
    });

    private static int Total(IEnumerable<RewardActivity> facts) => Run(facts).OfType<PointsEarned>().Sum(e => e.Points);

    private static List<PointsEvent> Run(IEnumerable<RewardActivity> facts)
    {
        var (day, all) = (PointsDay.Decider.Initial, new List<PointsEvent>());

        foreach (var fact in facts)
        {
            foreach (var e in PointsDay.Decider.Decide(day, fact))
            {
                all.Add(e);
                day = PointsDay.Decider.Evolve(day, e);
            }
        }

        return all;
    }

    private static RewardActivity Comment(string cause) => Comment(cause, Rule);

    private static RewardActivity Comment(string cause, EarningRule rule, DateTimeOffset? at = null) =>
        new(Member, Activities.Comment, cause, at ?? Noon, 1, rule, Paid: false);

    private static PointsEarned Earned(string cause, int points) =>
        new(Member, points, Activities.Comment, cause, "comment-posted", 1, Noon);

    private static PointsWithheld Withheld(string cause, string reason) =>
        new(Member, Activities.Comment, cause, reason, "comment-posted", 1, Noon);
}
