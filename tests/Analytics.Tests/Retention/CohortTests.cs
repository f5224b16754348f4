using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Ingestion;
using Community.Analytics.Tests.Activity;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Payments.Contracts;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Analytics.Tests.Retention;

/// <summary>Cohorts by joining and paying, the members behind each figure, and the same as CSV: one random community.</summary>
public sealed class CohortTests(CohortTests.Community community) : IClassFixture<CohortTests.Community>
{
    private static readonly DateTimeOffset First = new(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(8));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("joining", "on")]
    [InlineData("joining", "onOrAfter")]
    [InlineData("payment", "on")]
    [InlineData("payment", "onOrAfter")]
    public async Task Cohorts_by_joining_and_by_first_payment_are_those_of_a_second_computation(string by, string mode)
    {
        using var client = community.Analytics.Operator;
        var answer = await client.GetFromJsonAsync<JsonElement>($"/retention?period=month&cohort={by}&mode={mode}", Ct);
        var starts = by == "joining" ? community.Joined : community.Paid;
        var last = community.Active.Max(a => Month(a.At));
        var expected = starts.GroupBy(start => Month(start.Value)).OrderBy(cohort => cohort.Key).Select(cohort =>
        {
            var cells = Enumerable.Range(cohort.Key, Math.Max(0, last - cohort.Key + 1)).Select(month => cohort.Count(member => community.Active.Any(a =>
                a.MemberId == member.Key && (mode == "on" ? Month(a.At) == month : Month(a.At) >= month))));

            return $"{cohort.Key} {cohort.Count()} {string.Join(' ', cells)}";
        });

        Assert.Equal(expected, answer.GetProperty("cohorts").EnumerateArray().Select(c =>
            $"{Month(DateTimeOffset.Parse(c.GetProperty("start").GetString()! + "T00:00:00+08:00", null))} {c.GetProperty("size").GetInt64()} {string.Join(' ', c.GetProperty("active").EnumerateArray())}"));
    }

    [Fact]
    public async Task As_many_members_stand_behind_each_figure_as_it_says()
    {
        using var client = community.Analytics.Operator;

        foreach (var period in new[] { "week", "month" })
        {
            foreach (var p in (await client.GetFromJsonAsync<JsonElement>($"/lifecycle?period={period}", Ct)).GetProperty("periods").EnumerateArray())
            {
                var start = p.GetProperty("start").GetString();

                foreach (var figure in new[] { "new", "returning", "resurrecting", "dormant" })
                {
                    Assert.Equal(p.GetProperty(figure).GetInt64(), await Count($"figure={figure}&period={period}&start={start}"));
                }

                Assert.Equal(
                    p.GetProperty("new").GetInt64() + p.GetProperty("returning").GetInt64() + p.GetProperty("resurrecting").GetInt64(),
                    await Count($"figure=active&period={period}&start={start}"));
            }
        }

        foreach (var cohort in new[] { "activity", "joining", "payment" })
        {
            foreach (var mode in new[] { "on", "onOrAfter" })
            {
                foreach (var c in (await client.GetFromJsonAsync<JsonElement>($"/retention?cohort={cohort}&mode={mode}", Ct)).GetProperty("cohorts").EnumerateArray().Take(3))
                {
                    foreach (var (cell, k) in c.GetProperty("active").EnumerateArray().Select((cell, k) => (cell, k)))
                    {
                        Assert.Equal(cell.GetInt64(), await Count($"figure=retained&cohort={cohort}&mode={mode}&start={c.GetProperty("start").GetString()}&cell={k}"));
                    }
                }
            }
        }

        async Task<long> Count(string query)
        {
            var members = new List<Guid>();

            for (string? after = null; ;)
            {
                var page = await client.GetFromJsonAsync<JsonElement>($"/members?limit=7&{query}{(after is null ? "" : $"&after={after}")}", Ct);
                members.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("memberId").GetGuid()));

                if ((after = page.GetProperty("next").GetString()) is null)
                {
                    Assert.Equal(members.Count, members.Distinct().Count());

                    return members.Count;
                }
            }
        }
    }

    [Theory]
    [InlineData("/retention?period=month", "cohorts", "size")]
    [InlineData("/lifecycle?period=week", "periods", "dormant")]
    [InlineData("/activity?period=day", "periods", "active")]
    public async Task A_table_as_csv_has_the_same_numbers(string path, string list, string column)
    {
        using var client = community.Analytics.Operator;
        var json = await client.GetFromJsonAsync<JsonElement>(path, Ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new MediaTypeWithQualityHeaderValue("text/csv") } } };
        using var answer = await client.SendAsync(request, Ct);
        Assert.Equal("text/csv", answer.Content.Headers.ContentType?.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync(Ct)).TrimEnd().Split("\r\n").Select(line => line.Split(',')).ToList();
        var at = Array.IndexOf(lines[0], column);

        Assert.Equal(
            json.GetProperty(list).EnumerateArray().Select(row => $"{row.GetProperty("start").GetString()} {row.GetProperty(column).GetRawText()}"),
            lines.Skip(1).Select(line => $"{line[0]} {line[at]}"));
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
    }

    [Theory]
    [InlineData("/members")]
    [InlineData("/members?figure=active")]
    [InlineData("/members?figure=paid&start=2024-01-01")]
    [InlineData("/members?figure=new&period=day&start=2024-01-01")]
    [InlineData("/members?figure=retained&start=2024-01-01&cell=-1")]
    [InlineData("/members?figure=retained&start=9999-12-31&cell=10000")]
    [InlineData("/members?figure=active&start=0001-01-01")]
    [InlineData("/members?figure=active&start=01/02/2024")]
    [InlineData("/retention?cohort=tier")]
    public async Task What_is_no_figure_is_refused(string path)
    {
        using var client = community.Analytics.Operator;
        using var answer = await client.GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private static int Month(DateTimeOffset at) => ((at.ToOffset(TimeSpan.FromHours(8)).Year - 2024) * 12) + at.ToOffset(TimeSpan.FromHours(8)).Month;

    public sealed class Community : IAsyncLifetime
    {
        internal AnalyticsHost Analytics { get; } = new();

        internal Dictionary<Guid, DateTimeOffset> Joined { get; } = [];

        internal Dictionary<Guid, DateTimeOffset> Paid { get; } = [];

        internal List<ActivityRecorded> Active { get; } = [];

        public async ValueTask InitializeAsync()
        {
            await Analytics.InitializeAsync();
            await Analytics.Publish([(AnalyticsHost.NewId(), new CommunityArranged("Programmers", "Asia/Shanghai", "CNY", ["zh"], "open", true, 2, First))]);
            using var client = Analytics.Operator;
            await Testing.Eventually.True(
                async () => (await client.GetFromJsonAsync<JsonElement>("/activity")).GetProperty("timeZone").GetString() == "Asia/Shanghai", "the zone to be heard");
            var random = new Random(15);
            var messages = new List<(Guid, object)>();

            foreach (var id in Enumerable.Range(0, 60).Select(i => FigureTests.Member(i)))
            {
                Joined[id] = First.AddMinutes(random.Next(120 * 1440));
                messages.Add((AnalyticsHost.NewId(), new MemberJoined(id, Joined[id], Imported: true)));

                // Some are active before they join (they were brought in later), some never, some pay twice or by a renewal.
                foreach (var _ in Enumerable.Range(0, random.Next(8)))
                {
                    Active.Add(new(id, ActivityKinds.View, null, Joined[id].AddMinutes(random.Next(-5 * 1440, 90 * 1440))));
                }

                foreach (var _ in Enumerable.Range(0, random.Next(3)))
                {
                    var at = Joined[id].AddMinutes(random.Next(60 * 1440));
                    Paid[id] = Paid.TryGetValue(id, out var before) && before < at ? before : at;
                    messages.Add((AnalyticsHost.NewId(), new OrderPaid(AnalyticsHost.NewId(), id, [new OrderLine(id, "renewal", id, 1, 100, "CNY")], 100, "CNY", at)));
                }
            }

            // A whole refund is no payment, and neither is an order that costs nothing.
            messages.Add((AnalyticsHost.NewId(), new OrderPaid(AnalyticsHost.NewId(), FigureTests.Member(99), [new OrderLine(Guid.Empty, "renewal", Guid.Empty, 1, 0, "CNY")], 0, "CNY", First)));
            await Analytics.Publish(messages);
            await Analytics.Consumed([.. messages.Select(message => message.Item1)]);
            var store = Analytics.Host.Services.GetRequiredService<IDocumentStore>();
            await store.Handle(ActivityLog.Decider, ActivityLog.Batch(AnalyticsHost.NewId()), new RecordHeard([.. Active]), CancellationToken.None);
            await Analytics.Projected();
        }

        public ValueTask DisposeAsync() => Analytics.DisposeAsync();
    }
}
