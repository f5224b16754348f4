using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Ingestion;
using Community.Membership.Contracts;
using Community.Oracle;
using Community.Testing;

namespace Community.Analytics.Tests.Activity;

public sealed class ZoneTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void The_highest_version_holds_also_where_an_older_one_is_heard_after_it() => Spec.For(CommunityTimeZone.Decider)
        .Given(new TimeZoneRecorded("Asia/Shanghai", 3, Noon))
        .When(new RecordTimeZone("UTC", 2, Noon))
        .ThenNothing();

    [Fact]
    public void An_arrangement_that_leaves_the_zone_is_recorded() => Spec.For(CommunityTimeZone.Decider)
        .Given(new TimeZoneRecorded("Asia/Shanghai", 3, Noon))
        .When(new RecordTimeZone("Asia/Shanghai", 4, Noon))
        .Then(new TimeZoneRecorded("Asia/Shanghai", 4, Noon));

    [Fact]
    public async Task A_change_of_the_zone_counts_the_past_anew_and_what_comes_after_in_it()
    {
        await using var analytics = await Start();
        // Half a year around both changes of summer time, many of them near midnight somewhere.
        var random = new Random(7);
        var activities = Enumerable.Range(0, 400).Select(_ => Activity(random, new(2023, 10, 1, 0, 0, 0, TimeSpan.Zero), 180)).ToList();
        await FigureTests.Tell(analytics, activities);
        await analytics.AssertFigures(In("UTC", activities));
        Assert.Equal("UTC", await TimeZone(analytics));

        await Arrange(analytics, "Asia/Shanghai", 2);
        await Counted(analytics, "Asia/Shanghai");
        await analytics.AssertFigures(In("Asia/Shanghai", activities));

        // One that has summer time; and the founding, heard late, changes nothing.
        await Arrange(analytics, "America/New_York", 3);
        await Arrange(analytics, "UTC", 1);
        await Counted(analytics, "America/New_York");
        var later = Enumerable.Range(0, 100).Select(_ => Activity(random, new(2024, 4, 1, 0, 0, 0, TimeSpan.Zero), 60)).ToList();
        await FigureTests.Tell(analytics, later);
        activities.AddRange(later);
        await analytics.AssertFigures(In("America/New_York", activities));
        await analytics.AssertFigures(In("America/New_York", activities), new DateOnly(2023, 12, 31), new DateOnly(2024, 4, 7));
        await FigureTests.AssertEqualToReplay(analytics);
        Assert.Equal(2, await analytics.Scalar<long>("select count(*) from projection_rebuilds where status = 'finished' and requested_by is null"));
    }

    [Fact]
    public async Task A_zone_that_was_there_first_needs_nothing_counted_anew_and_decides_which_day_is_over()
    {
        await using var analytics = await Start();
        var now = TimeProvider.System.GetUtcNow();
        // Whatever the hour, one of the two has another date than UTC: the one is in tomorrow, the other still in yesterday.
        var zone = now.Hour >= 12 ? "Pacific/Kiritimati" : "Pacific/Pago_Pago";
        await Arrange(analytics, zone, 2);
        await Eventually.True(async () => await TimeZone(analytics) == zone, "the zone to be heard");
        List<ActivityRecorded> activities = [new(FigureTests.Member(1), ActivityKinds.View, null, now.AddDays(-1)), new(FigureTests.Member(1), ActivityKinds.View, null, now)];
        await FigureTests.Tell(analytics, activities);

        await analytics.AssertFigures(In(zone, activities));
        using var client = analytics.Operator;
        var days = (await client.GetFromJsonAsync<JsonElement>("/activity?period=day", Ct)).GetProperty("periods").EnumerateArray().Select(p => p.GetProperty("complete").GetBoolean());
        Assert.Equal([true, false], days);
        Assert.Equal(0, await analytics.Scalar<long>("select count(*) from projection_rebuilds"));

        // A name that is none for PostgreSQL stops nothing.
        await Arrange(analytics, "Mars/Olympus", 3);
        await Counted(analytics, "UTC");
        await analytics.AssertFigures(In("UTC", activities));
    }

    [Fact]
    public async Task The_name_of_a_zone_is_known_in_any_case_of_letters()
    {
        await using var analytics = await Start();
        await Arrange(analytics, "asia/SHANGHAI", 2);
        await Eventually.True(
            async () => await analytics.Scalar<string>("select coalesce(max(data->>'timeZone'), '') from mt_events where type = 'time-zone-recorded.v1'") is not "", "the zone to be heard");
        Assert.Equal("Asia/Shanghai", await TimeZone(analytics));
    }

    private static ActivityRecorded Activity(Random random, DateTimeOffset first, int days) =>
        new(FigureTests.Member(random.Next(30)), ActivityKinds.View, null, first.AddSeconds(random.Next(days * 86_400)));

    /// <summary>The second computation knows UTC alone: it is told the hours that the clocks of the zone showed.</summary>
    private static List<Triple> In(string zone, IEnumerable<ActivityRecorded> activities) =>
    [
        .. activities.Select(a => new Triple(
            a.MemberId.ToString(), new DateTimeOffset(TimeZoneInfo.ConvertTime(a.At, TimeZoneInfo.FindSystemTimeZoneById(zone)).DateTime, TimeSpan.Zero), a.Kind))
    ];

    private static Task Arrange(AnalyticsHost analytics, string zone, long version) =>
        analytics.Publish([(AnalyticsHost.NewId(), new CommunityArranged("Programmers", zone, "CNY", ["zh"], "open", true, version, Noon))]);

    private static Task Counted(AnalyticsHost analytics, string zone) =>
        Eventually.True(async () => await TimeZone(analytics) == zone, $"all to be counted in {zone}");

    /// <summary>Null: between two of the answers the read model was swapped.</summary>
    private static async Task<string?> TimeZone(AnalyticsHost analytics)
    {
        using var client = analytics.Operator;
        var answers = await Task.WhenAll(new[] { "/activity", "/retention", "/lifecycle" }.Select(path => client.GetFromJsonAsync<JsonElement>(path, Ct)));

        return answers.Select(answer => answer.GetProperty("timeZone").GetString()).Distinct().ToList() is [var zone] ? zone : null;
    }

    private static async Task<AnalyticsHost> Start()
    {
        var analytics = new AnalyticsHost();
        await analytics.InitializeAsync();

        return analytics;
    }
}
