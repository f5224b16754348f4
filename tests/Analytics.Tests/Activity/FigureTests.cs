using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Ingestion;
using Community.Content.Contracts;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Oracle;
using Community.Testing;
using FsCheck.Xunit;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Analytics.Tests.Activity;

public sealed class FigureTests
{
    [Fact]
    public async Task No_activity_gives_empty_lists()
    {
        await using var analytics = await Start();
        await analytics.AssertFigures([]);
        await analytics.AssertFigures([], new DateOnly(2020, 1, 1), new DateOnly(2020, 12, 31));
    }

    /// <summary>The real community of the shared data, sent as an import tells it.</summary>
    [Fact]
    public async Task The_figures_of_a_real_community_are_those_of_a_second_computation()
    {
        var dump = Data("stackexchange-ai");
        Assert.SkipWhen(dump is null, "shared/data/stackexchange-ai is in no directory above this one.");
        await using var analytics = await Start();
        var triples = Expected.Read(dump, id => Member(id).ToString());
        // What follows is live, as an import is, not a past to be replayed.
        await Eventually.True(async () => await analytics.Scalar<long>("select count(*) from replayed where queue = 'analytics-record-facts'") == 11, "the past to be consumed");
        var started = TimeProvider.System.GetTimestamp();
        var messages = triples.Select(triple => (Id: AnalyticsHost.NewId(), Fact: Told(triple)))
            .Concat(Enumerable.Range(1, 4930).Select(id => (Id: AnalyticsHost.NewId(), Fact: (object)new MemberJoined(Member(id), DateTimeOffset.UnixEpoch, Imported: true))))
            .ToArray();
        new Random(1).Shuffle(messages);
        await analytics.Publish(messages);
        var told = TimeProvider.System.GetElapsedTime(started);
        await analytics.Consumed([.. messages.Select(message => message.Id)]);
        var recorded = TimeProvider.System.GetElapsedTime(started);
        await analytics.Projected();
        var projected = TimeProvider.System.GetElapsedTime(started);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{messages.Length} facts: told after {told.TotalSeconds:F1} s, recorded after {recorded.TotalSeconds:F1} s, projected after {projected.TotalSeconds:F1} s");

        await analytics.AssertFigures(triples);
        await analytics.AssertFigures(triples, new DateOnly(2017, 2, 15), new DateOnly(2017, 8, 9));
        await analytics.AssertFigures(triples, to: new DateOnly(2016, 12, 31));
        await analytics.AssertFigures(triples, from: new DateOnly(2017, 6, 1));
        await AssertEqualToReplay(analytics);
    }

    /// <summary>Eleven years of commits, with many one-off members, long gaps and returns.</summary>
    [Fact]
    public async Task The_figures_of_contributors_are_those_of_a_second_computation()
    {
        var data = Data("git-contributors-marten");
        Assert.SkipWhen(data is null, "shared/data/git-contributors-marten is in no directory above this one.");
        await AssertFiguresOf(Rows(data, "contributors.csv.gz").Select(row => (row[0], DateTimeOffset.Parse(row[1], CultureInfo.InvariantCulture))));
    }

    /// <summary>Every purchase of 23,570 customers.</summary>
    [LongFact]
    public async Task The_figures_of_purchases_are_those_of_a_second_computation()
    {
        var data = Data("cdnow");
        Assert.SkipWhen(data is null, "shared/data/cdnow is in no directory above this one.");
        await AssertFiguresOf(Rows(data, "CDNOW_master.txt.gz").Select(row => (
            row[0], DateTimeOffset.ParseExact(row[1], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal))));
    }

    [Fact]
    public async Task Bad_parameters_are_refused_and_figures_are_for_operators()
    {
        await using var analytics = await Start();
        using var client = analytics.Operator;
        using var member = analytics.Member(AnalyticsHost.NewId());

        foreach (var bad in new[]
        {
            "/activity?period=year", "/activity?period=Day", "/activity?period=1", "/activity?period=", "/retention?period=day", "/lifecycle?period=day",
            "/activity?from=2020-02-30", "/activity?from=01/02/2020", "/activity?to=0000-00-00", "/activity?to=", "/retention?to=2020-13-01",
            "/retention?from=99999-01-01", "/activity?from=2020-01-02&to=2020-01-01", "/lifecycle?from=2020-01-02&to=2020-01-01",
            "/retention?mode=sometimes", "/retention?mode=ON", "/activity?from=%00", "/activity?period=day'--"
        })
        {
            using var answer = await client.GetAsync(bad);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{bad}: {answer.StatusCode}");
        }

        foreach (var path in new[] { "/activity", "/retention", "/lifecycle" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await member.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"{path}?from=0001-01-01&to=9999-12-31")).StatusCode);
        }
    }

    [Fact]
    public async Task A_period_that_is_not_over_is_flagged()
    {
        await using var analytics = await Start();
        using var client = analytics.Operator;
        var now = TimeProvider.System.GetUtcNow();
        await Tell(analytics, [new(Member(1), ActivityKinds.View, null, now.AddDays(-62)), new(Member(1), ActivityKinds.View, null, now)]);

        foreach (var (path, list) in new[]
        {
            ("/activity?period=month", "periods"), ("/activity?period=week", "periods"), ("/activity?period=day", "periods"), ("/activity", "stickiness"), ("/lifecycle?period=week", "periods")
        })
        {
            var complete = (await client.GetFromJsonAsync<JsonElement>(path)).GetProperty(list).EnumerateArray().Select(p => p.GetProperty("complete").GetBoolean()).ToList();
            Assert.False(complete[^1], path);
            Assert.All(complete[..^1], Assert.True);
        }

        var cohort = Assert.Single((await client.GetFromJsonAsync<JsonElement>("/retention")).GetProperty("cohorts").EnumerateArray());
        Assert.False(cohort.GetProperty("complete").GetBoolean());
    }

    internal static Guid Member(long id) => StreamId.Of("test-member", id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Appends to the log as a batch of a client does, and waits for the read model.</summary>
    internal static async Task Tell(AnalyticsHost analytics, IReadOnlyList<ActivityRecorded> activities)
    {
        var store = analytics.Host.Services.GetRequiredService<IDocumentStore>();
        await store.Handle(ActivityLog.Decider, ActivityLog.Batch(AnalyticsHost.NewId()), new RecordHeard([.. activities]), CancellationToken.None);
        await analytics.Projected();
    }

    internal static async Task AssertEqualToReplay(AnalyticsHost analytics)
    {
        const string Days = "select coalesce(string_agg(d::text, chr(10) order by member_id, day, kind), '') from member_days d";
        const string Periods = "select coalesce(string_agg(p::text, chr(10) order by period, member_id, start), '') from member_periods p";
        const string Cells = "select coalesce(string_agg(c::text, chr(10) order by cohort_by, period, cohort, start), '') from retention_cells c where size <> 0 or active <> 0 or last <> 0";
        var before = (await analytics.Scalar<string>(Days), await analytics.Scalar<string>(Periods), await analytics.Scalar<string>(Cells));
        var daemon = analytics.Host.Services.GetRequiredService<ProjectionHost>().Daemon ?? throw new InvalidOperationException("No daemon runs here.");
        await daemon.RebuildProjectionAsync("member-days", Eventually.Silence, CancellationToken.None);

        Assert.Equal(before, (await analytics.Scalar<string>(Days), await analytics.Scalar<string>(Periods), await analytics.Scalar<string>(Cells)));
    }

    private static async Task AssertFiguresOf(IEnumerable<(string Member, DateTimeOffset At)> log)
    {
        await using var analytics = await Start();
        var activities = log.Select(row => new ActivityRecorded(StreamId.Of("test-member", row.Member), ActivityKinds.Order, null, row.At)).ToList();
        var store = analytics.Host.Services.GetRequiredService<IDocumentStore>();

        foreach (var batch in activities.Chunk(2_000))
        {
            await store.Handle(ActivityLog.Decider, ActivityLog.Batch(AnalyticsHost.NewId()), new RecordHeard([.. batch]), CancellationToken.None);
        }

        await analytics.Projected();
        await analytics.AssertFigures(activities.ConvertAll(a => new Triple(a.MemberId.ToString(), a.At, a.Kind)));
    }

    private static IEnumerable<string[]> Rows(string directory, string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(directory, file)), CompressionMode.Decompress));

        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))];
    }

    private static async Task<AnalyticsHost> Start()
    {
        var analytics = new AnalyticsHost();
        await analytics.InitializeAsync();

        return analytics;
    }

    private static object Told(Triple triple)
    {
        var (id, member) = (AnalyticsHost.NewId(), Guid.Parse(triple.Member));

        return triple.Kind switch
        {
            "topic" => new TopicOpened(id, member, "question", triple.At, Imported: true),
            "reply" => new ReplyPosted(id, id, member, triple.At, Imported: true),
            "comment" => new CommentPosted(id, "topic", id, member, triple.At, Imported: true),
            _ => throw new UnreachableException(triple.Kind)
        };
    }

    /// <summary>A folder of the shared data, where it is above this one.</summary>
    internal static string? Data(string folder)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (Path.Combine(directory.FullName, "shared", "data", folder) is var dump && Directory.Exists(dump))
            {
                return dump;
            }
        }

        return null;
    }
}

/// <summary>Random communities, one after the other in the same service.</summary>
public sealed class FigureProperties(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    [SeededProperty(MaxTest = 15)]
    public async Task Figures_are_those_of_a_second_computation(ushort[] seeds, short from, short to)
    {
        var first = new DateTimeOffset(2023, 11, 20, 0, 0, 0, TimeSpan.Zero);
        var kinds = new[] { ActivityKinds.View, ActivityKinds.Comment, ActivityKinds.Vote };
        var activities = seeds.SelectMany((seed, i) =>
        {
            var random = new Random(seed * 31 + i);

            return Enumerable.Range(0, 1 + random.Next(4)).Select(_ => new ActivityRecorded(
                FigureTests.Member(seed % 11), kinds[random.Next(3)], null, first.AddSeconds(random.Next(150 * 86_400))));
        }).ToList();
        // At the beginning: a failed run must not disturb the shrinking after it.
        await analytics.Scalar<int>("truncate member_days, member_periods, member_starts, retention_cells, member_calendar; delete from mt_events where type = 'activity-recorded.v1'; select 1");
        await FigureTests.Tell(analytics, activities);
        var triples = activities.ConvertAll(a => new Triple(a.MemberId.ToString(), a.At, a.Kind));
        var (begin, end) = (Day(Math.Min(from, to)), Day(Math.Max(from, to)));

        await analytics.AssertFigures(triples);
        await analytics.AssertFigures(triples, begin, end);
        await analytics.AssertFigures(triples, from: end);

        DateOnly Day(short offset) => DateOnly.FromDateTime(first.UtcDateTime).AddDays(offset % 170);
    }
}
