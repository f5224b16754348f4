using System.Collections.Immutable;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class EarningSpec
{
    private static readonly DateTimeOffset Monday = new(2026, 5, 4, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Member = Guid.CreateVersion7(Monday);
    private static readonly Guid Friend = Guid.CreateVersion7(Monday.AddDays(1));
    private static readonly EarningRule Comment = new("comment-posted", Activities.Comment, 2);

    [Fact]
    public void A_day_gives_no_more_than_its_cap_and_what_is_left_of_it_is_paid() =>
        Assert.Equal([2, 2, 1, 0, 2], Earn([Comment with { DailyCap = 5 }], At(0), At(1), At(2), At(3), At(24)));

    [Fact]
    public void A_week_begins_on_monday_and_gives_no_more_than_its_cap() =>
        Assert.Equal([2, 2, 1, 0, 2], Earn([Comment with { WeeklyCap = 5 }], At(0), At(24), At(48), At(6 * 24), At(7 * 24)));

    [Fact]
    public void A_life_gives_no_more_than_its_cap() =>
        Assert.Equal([2, 1, 0], Earn([Comment with { LifetimeCap = 3 }], At(0), At(24 * 40), At(24 * 400)));

    [Fact]
    public void One_other_member_brings_no_more_in_a_week_than_the_cap() => Assert.Equal(
        [2, 1, 0, 2, 2],
        Earn([Comment with { PerCounterpartCap = 3 }],
            At(0) with { Counterpart = Friend }, At(1) with { Counterpart = Friend }, At(2) with { Counterpart = Friend },
            At(3) with { Counterpart = Member }, At(7 * 24) with { Counterpart = Friend }));

    [Fact]
    public void Rules_of_a_group_fill_the_same_cap() => Assert.Equal(
        [2, 3, 0],
        Earn(
            [Comment with { DailyCap = 5, CapGroup = "all" }, new EarningRule("topic-opened", Activities.Topic, 4, DailyCap: 5) { CapGroup = "all" }],
            At(0), At(1) with { Activity = Activities.Topic }, At(2)));

    [Fact]
    public void One_activity_pays_in_each_stretch_of_the_cool_down() =>
        Assert.Equal([2, 0, 2], Earn([Comment with { CoolDownSeconds = 7200 }], At(0), At(1), At(2)));

    [Fact]
    public void Caps_do_not_bound_what_is_taken() => Assert.Equal(
        [-2, -2, -2], Earn([new EarningRule("post-downvoted", Activities.Downvote, -2) { To = Beneficiary.Actor }], Down(0), Down(1), Down(2)));

    [Fact]
    public void Only_the_first_activity_of_its_sort_pays_a_rule_for_first_times() =>
        Assert.Equal([2, 0], Earn([Comment with { When = new(FirstTime: true) }], At(0), At(2400)));

    [Fact]
    public void A_rule_asks_for_kind_area_and_quality() => Assert.Equal(
        [0, 0, 0, 2],
        Earn([Comment with { When = new("article", "dotnet"), MinQuality = 4 }],
            At(0), At(1) with { Kind = "article" }, At(2) with { Kind = "article", Area = "dotnet", Quality = 3 },
            At(3) with { Kind = "article", Area = "dotnet", Quality = 4 }));

    [Fact]
    public void A_campaign_multiplies_while_it_lasts_and_a_rule_with_dates_alone_pays_only_between_them()
    {
        var (from, until) = (Monday.AddHours(1), Monday.AddHours(2));
        Assert.Equal([2, 5, 2], Earn([Comment with { Multiplier = 2.5m, From = from, Until = until }], At(0), At(1), At(2)));
        Assert.Equal([0, 2, 0], Earn([Comment with { From = from, Until = until }], At(0), At(1), At(2)));
    }

    [Fact]
    public void The_actor_is_paid_and_of_an_accepted_reply_its_author_unless_the_rule_says_otherwise()
    {
        var (byActor, byAuthor) = (At(0), At(1) with { Role = Role.Author });
        Assert.Equal([2, 0], Earn([Comment], byActor, byAuthor));
        Assert.Equal([0, 2], Earn([Comment with { To = Beneficiary.Author }], byActor, byAuthor));
        Assert.Equal([2, 2], Earn([Comment with { To = Beneficiary.Both }], byActor, byAuthor));
        var accepted = new EarningRule("reply-accepted", Activities.AcceptedReply, 15);
        Assert.Equal([0, 15], Earn([accepted], byActor with { Activity = Activities.AcceptedReply }, byAuthor with { Activity = Activities.AcceptedReply }));
    }

    [Fact]
    public void What_one_values_of_ones_own_pays_nothing() => Assert.Equal(
        [0, 2],
        Earn([Comment, new EarningRule("reaction-added", Activities.Reaction, 2)], At(0) with { Activity = Activities.Reaction, IsOwn = true }, At(1) with { IsOwn = true }));

    [Fact]
    public void What_was_taken_back_pays_nothing_and_leaves_the_cap_to_others() =>
        Assert.Equal([2, 0, 1], Earn([Comment with { DailyCap = 3 }], At(0), At(1) with { Counts = false }, At(2)));

    [Fact]
    public void While_points_are_off_nothing_pays()
    {
        var history = RuleSetHistory.Decider.Initial.With([Comment], Monday.AddYears(-1)) with
        {
            Switches = [new(false, 2, Monday.AddHours(1)), new(true, 3, Monday.AddHours(2))]
        };
        Assert.Equal([2, 0, 2], Earn(history, At(0), At(1), At(2)));
    }

    [Fact]
    public void Each_activity_goes_by_the_latest_version_that_is_valid_at_its_instant()
    {
        var history = RuleSetHistory.Decider.Initial
            .With([Comment], Monday.AddYears(-1)).With([Comment with { Points = 3 }], Monday.AddHours(2)).With([Comment with { Points = 7 }], Monday.AddHours(1));
        Assert.Equal([2, 7, 7], Earn(history, At(0), At(1), At(2)));
    }

    [Fact]
    public void Points_say_when_they_expire()
    {
        var awards = new List<Award>();
        new Earning(RuleSetHistory.Decider.Initial.With([Comment with { ExpiresAfterDays = 30 }], Monday)).Add(At(1), awards);
        Assert.Equal(Monday.AddHours(1).AddDays(30), Assert.Single(awards).ExpiresAt);
    }

    /// <summary>No day, week, life or counterpart gets more than its cap, whatever is done.</summary>
    [SeededProperty]
    public void No_cap_is_ever_exceeded(byte[] hours, byte day, byte week, byte life, byte other)
    {
        var rule = Comment with { DailyCap = 1 + day % 20, WeeklyCap = 1 + week % 50, LifetimeCap = 1 + life, PerCounterpartCap = 1 + other % 30 };
        var facts = hours.Select((hour, n) => At(hour * 3) with { Cause = $"comment/{n:000}", Counterpart = hour % 2 == 0 ? Friend : Member }).Order(Comparer<Fact>.Create(Earning.Order)).ToArray();
        var points = facts.Zip(Earn([rule], facts)).ToList();
        Assert.All(points.GroupBy(one => one.First.Day), one => Assert.True(one.Sum(p => p.Second) <= rule.DailyCap));
        Assert.All(points.GroupBy(one => one.First.Week), one => Assert.True(one.Sum(p => p.Second) <= rule.WeeklyCap));
        Assert.All(points.GroupBy(one => (one.First.Week, one.First.Counterpart)), one => Assert.True(one.Sum(p => p.Second) <= rule.PerCounterpartCap));
        Assert.True(points.Sum(p => p.Second) <= rule.LifetimeCap);
        Assert.True(points.Count == 0 || points[0].Second == Math.Min(2, new[] { rule.DailyCap, rule.WeeklyCap, rule.LifetimeCap, rule.PerCounterpartCap }.Min()!.Value));
    }

    private static Fact At(int hour)
    {
        var at = Monday.AddHours(hour);

        return new(Member, $"comment/{hour:0000}", Activities.Comment, Role.Actor, null, at, DateOnly.FromDateTime(at.Date), (int)at.TimeOfDay.TotalSeconds, null, null, null);
    }

    private static Fact Down(int hour) => At(hour) with { Activity = Activities.Downvote };

    private static List<int> Earn(ImmutableList<EarningRule> rules, params Fact[] facts) => Earn(RuleSetHistory.Decider.Initial.With(rules, DateTimeOffset.MinValue), facts);

    private static List<int> Earn(RuleSetHistory history, params Fact[] facts)
    {
        var (earning, awards) = (new Earning(history), new List<Award>());

        return [.. facts.Select(fact =>
        {
            awards.Clear();
            earning.Add(fact, awards);

            return awards.Sum(award => award.Points);
        })];
    }
}
