using Community.Oracle;
using Xunit;

namespace Community.Importer.Tests;

/// <summary>The oracle itself, on a history small enough to count by hand.</summary>
public class OracleTests
{
    // January: Ann (three times, on two days), Bob. February: Ann. March: nobody. April: Ann, Cai.
    private static readonly Triple[] _history =
    [
        At("ann", 2017, 1, 2, "topic"), At("ann", 2017, 1, 2, "comment"), At("ann", 2017, 1, 31, "comment"),
        At("bob", 2017, 1, 2, "reply"),
        At("ann", 2017, 2, 1, "reply"),
        At("ann", 2017, 4, 30, "comment"),
        At("cai", 2017, 4, 10, "topic"),
    ];

    private static readonly DateOnly _january = new(2017, 1, 1), _february = new(2017, 2, 1), _march = new(2017, 3, 1), _april = new(2017, 4, 1);

    [Fact]
    public void Retention_on_counts_who_came_back_in_just_that_period()
    {
        var cohorts = Expected.Retention(_history, Period.Month, null, null, RetentionMode.On);

        Assert.Equal([(_january, 2), (_april, 1)], cohorts.Select(cohort => (cohort.Start, cohort.Size)));
        Assert.Equal([2, 1, 0, 1], cohorts[0].Active);
        Assert.Equal([1], cohorts[1].Active);
    }

    [Fact]
    public void Retention_on_or_after_counts_who_came_back_at_all()
    {
        var cohorts = Expected.Retention(_history, Period.Month, null, null, RetentionMode.OnOrAfter);

        Assert.Equal([2, 1, 1, 1], cohorts[0].Active);
        Assert.Equal([1], cohorts[1].Active);
    }

    [Fact]
    public void Retention_does_not_know_what_comes_after_to_and_remembers_what_was_before_from()
    {
        var early = Expected.Retention(_history, Period.Month, null, new(2017, 2, 28), RetentionMode.OnOrAfter);
        Assert.Equal([2, 1], Assert.Single(early).Active);

        Assert.Equal([2, 1, 0], Assert.Single(Expected.Retention(_history, Period.Month, null, new(2017, 3, 31), RetentionMode.On)).Active);

        var late = Expected.Retention(_history, Period.Month, _february, null, RetentionMode.On);
        Assert.Equal(_april, Assert.Single(late).Start); // Ann and Bob were first active before
    }

    [Fact]
    public void Lifecycle_has_no_holes_and_its_balance_holds()
    {
        var periods = Expected.Lifecycle(_history, Period.Month);

        Assert.Equal(
            [new(_january, 2, 0, 0, 0), new(_february, 0, 1, 0, 1), new(_march, 0, 0, 0, 1), new(_april, 1, 0, 1, 0)],
            periods);

        Assert.Equal([new(_march, 0, 0, 0, 1)], Expected.Lifecycle(_history, Period.Month, _march, new(2017, 3, 31)));
    }

    [Fact]
    public void Activity_counts_members_once_and_activities_by_kind()
    {
        var months = Expected.Activity(_history, Period.Month);

        Assert.Equal([(_january, 2), (_february, 1), (_march, 0), (_april, 2)], months.Select(month => (month.Start, month.Active)));
        Assert.Equal(new Dictionary<string, int> { ["topic"] = 1, ["comment"] = 2, ["reply"] = 1 }, months[0].Counts);
        Assert.Empty(months[2].Counts);
    }

    [Fact]
    public void Weeks_start_on_Monday_across_months_and_years()
    {
        Triple[] history = [At("ann", 2017, 1, 1, "topic"), At("ann", 2017, 1, 2, "topic"), At("ann", 2017, 2, 5, "topic")];

        var weeks = Expected.Activity(history, Period.Week);

        Assert.Equal(new DateOnly(2016, 12, 26), weeks[0].Start);
        Assert.Equal([1, 1, 0, 0, 0, 1], weeks.Select(week => week.Active));
    }

    [Fact]
    public void Stickiness_is_the_mean_over_all_days_of_the_month()
    {
        var months = Expected.Stickiness(_history);

        // January: two members on the 2nd, one on the 31st, of 31 days; two members.
        Assert.Equal(3 / 31d, months[0].Dau, 12);
        Assert.Equal(2, months[0].Mau);
        Assert.Equal(3 / 62d, months[0].Stickiness, 12);
        Assert.Equal(0, months[2].Stickiness);
        Assert.Equal(2 / 30d / 2, months[3].Stickiness, 12);
    }

    [Fact]
    public void Nothing_gives_nothing() => Assert.Empty(Expected.Lifecycle([], Period.Month));

    [Fact]
    public void Reads_the_real_dump_as_a_plain_count_does()
    {
        var dump = RealDump.OrSkip();
        var triples = Expected.Read(dump.Directory);

        Assert.Equal(new Dictionary<string, int> { ["topic"] = 604, ["reply"] = 1002, ["comment"] = 1700 }, triples.CountBy(triple => triple.Kind).ToDictionary());
        Assert.Equal(dump.Lines("Comments").Select(line => RealDump.Value(line, "UserId")).Distinct().Count(),
            triples.Where(triple => triple.Kind == "comment").DistinctBy(triple => triple.Member).Count());

        var lifecycle = Expected.Lifecycle(triples, Period.Month);
        Assert.Equal(triples.DistinctBy(triple => triple.Member).Count(), lifecycle.Sum(month => month.New));
        Assert.Equal(8, lifecycle.Count);
        foreach (var (before, after) in lifecycle.Zip(lifecycle.Skip(1)))
            Assert.Equal(Active(before) + after.New + after.Resurrecting - after.Dormant, Active(after));

        static int Active(LifecyclePeriod period) => period.New + period.Returning + period.Resurrecting;
    }

    private static Triple At(string member, int year, int month, int day, string kind) => new(member, new DateTimeOffset(year, month, day, 12, 0, 0, TimeSpan.Zero), kind);
}
