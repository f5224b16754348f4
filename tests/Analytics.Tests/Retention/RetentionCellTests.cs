using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Ingestion;
using Community.Analytics.Tests.Activity;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Testing;
using FsCheck.Xunit;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Analytics.Tests.Retention;

/// <summary>
/// Random histories, told in pieces and in any order, against plain SQL over the log: first activities, joinings and payments
/// that come after later ones, days that differ between zones, summer time, a range that begins and ends with months.
/// </summary>
public sealed class RetentionCellTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly DateTimeOffset First = new(2024, 1, 20, 0, 0, 0, TimeSpan.Zero);

    private int _zones;

    [SeededProperty(MaxTest = 12)]
    public async Task The_cells_are_those_of_plain_sql_over_the_log(int seed, byte where)
    {
        var random = new Random(seed);
        var zone = new[] { "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York" }[where % 4];
        var store = analytics.Host.Services.GetRequiredService<IDocumentStore>();
        await analytics.Scalar<int>(
            """
            truncate member_days, member_periods, member_starts, retention_cells, member_calendar;
            delete from mt_events where type in ('activity-recorded.v1', 'member-join-recorded.v1', 'payment-recorded.v1'); select 1
            """);
        await store.Handle(CommunityTimeZone.Decider, CommunityTimeZone.Stream, new RecordTimeZone(zone, ++_zones, First), CancellationToken.None);

        foreach (var _ in Enumerable.Range(0, 1 + random.Next(4)))
        {
            var heard = Enumerable.Range(0, random.Next(40)).Select(HeardEvent (_) =>
            {
                var (member, at) = (FigureTests.Member(random.Next(12)), First.AddMinutes(random.Next(200 * 1440)));

                return random.Next(6) switch
                {
                    0 => new MemberJoinRecorded(member, at, true),
                    1 => new PaymentRecorded(AnalyticsHost.NewId(), member, [], random.Next(2) * 100, "CNY", at),
                    _ => new ActivityRecorded(member, ActivityKinds.View, null, at)
                };
            }).ToList();

            if (heard.Count > 0)
            {
                await store.Handle(ActivityLog.Decider, ActivityLog.Batch(AnalyticsHost.NewId()), new RecordHeard([.. heard]), CancellationToken.None);
            }

            await analytics.Projected();
            await AssertEqual(zone);
        }
    }

    [Fact]
    public async Task A_read_model_without_cells_answers_from_its_members_and_is_built_anew()
    {
        await FigureTests.Tell(analytics, [
            new(FigureTests.Member(70), ActivityKinds.View, null, First), new(FigureTests.Member(70), ActivityKinds.View, null, First.AddDays(40)),
            new(FigureTests.Member(71), ActivityKinds.View, null, First)]);
        using var client = analytics.Operator;
        var right = await client.GetStringAsync("/retention");
        // As it is where the read model was made before there were cells.
        await analytics.Scalar<int>("update member_calendar set has_cells = false; truncate retention_cells; select 1");
        Assert.Equal(right, await client.GetStringAsync("/retention"));

        await Eventually.True(async () => await analytics.Scalar<bool>("select coalesce((select bool_and(has_cells) from member_calendar), false)"), "the read model to be built anew");
        Assert.True(await analytics.Scalar<long>("select count(*) from retention_cells where active > 0") > 0);
        Assert.Equal(right, await client.GetStringAsync("/retention"));
    }

    private async Task AssertEqual(string zone)
    {
        using var client = analytics.Operator;
        // (from, to) that cut no month; the last one is read from the members for "on or after".
        var ranges = new (string? From, string? To)[] { (null, null), ("2024-02-01", null), (null, "2024-05-31"), ("2024-02-01", "2024-04-30"), ("2024-02-11", "2024-05-09") };

        foreach (var by in new[] { "activity", "joining", "payment" })
        {
            foreach (var (period, range) in ranges.Select(range => ("month", range)).Append(("week", (null, null))).Append(("week", ("2024-02-05", "2024-05-05"))))
            {
                foreach (var mode in new[] { "on", "onOrAfter" })
                {
                    var query = $"/retention?period={period}&cohort={by}&mode={mode}{(range.Item1 is { } f ? $"&from={f}" : "")}{(range.Item2 is { } t ? $"&to={t}" : "")}";
                    var answer = await client.GetFromJsonAsync<JsonElement>(query);
                    var actual = answer.GetProperty("cohorts").EnumerateArray().SelectMany(c =>
                    {
                        var start = DateOnly.Parse(c.GetProperty("start").GetString()!, null);

                        return c.GetProperty("active").EnumerateArray().Select((n, k) => (Cell: $"{start:yyyy-MM-dd} {Later(period, start, k):yyyy-MM-dd} {c.GetProperty("size").GetInt64()} {n.GetInt64()}", Count: n.GetInt64()))
                            .Where(cell => cell.Count > 0).Select(cell => cell.Cell);
                    });

                    Assert.Equal(
                        [$"{query} in {zone}", .. await Expected(zone, by, period, mode, range.Item1, range.Item2)],
                        [$"{query} in {answer.GetProperty("timeZone").GetString()}", .. actual.Order(StringComparer.Ordinal)]);
                }
            }
        }
    }

    private static DateOnly Later(string period, DateOnly start, int k) => period == "week" ? start.AddDays(7 * k) : start.AddMonths(k);

    /// <summary>Straight from the events; "on or after" by asking for each period whether anything came in it or later.</summary>
    private async Task<List<string>> Expected(string zone, string by, string period, string mode, string? from, string? to)
    {
        await using var connection = new NpgsqlConnection(analytics.Host.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"""
            with acts as (
                select (data ->> 'memberId')::uuid as member, ((data ->> 'at')::timestamptz at time zone $1)::date as day
                from mt_events where type = 'activity-recorded.v1'),
            began as (
                select member, min(day) as day from acts where $2 = 'activity' and day <= $5 group by member
                union all
                select (data ->> 'memberId')::uuid, min(((data ->> 'at')::timestamptz at time zone $1)::date) from mt_events
                where type = case $2 when 'joining' then 'member-join-recorded.v1' when 'payment' then 'payment-recorded.v1' end
                    and coalesce((data ->> 'amount')::bigint, 1) > 0 group by 1),
            cohorts as (select member, date_trunc($3, day::timestamp)::date as cohort from began where day between $4 and $5),
            starts as (
                select s::date as start from generate_series(
                    (select min(cohort)::timestamp from cohorts), (select least(max(day), $5)::timestamp from acts), ('1 ' || $3)::interval) s)
            select c.cohort || ' ' || s.start || ' ' || (select count(*) from cohorts o where o.cohort = c.cohort) || ' ' || count(*)
            from cohorts c join starts s on s.start >= c.cohort
            where exists (
                select from acts a where a.member = c.member and a.day <= $5 and a.day >= s.start {(mode == "on" ? "and a.day < (s.start + ('1 ' || $3)::interval)::date" : "")})
            group by c.cohort, s.start
            """, connection);

        foreach (var value in new object[] { zone, by, period, DateOnly.Parse(from ?? "1900-01-01", null), DateOnly.Parse(to ?? "2900-01-01", null) })
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        var rows = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();

        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        rows.Sort(StringComparer.Ordinal);

        return rows;
    }
}
