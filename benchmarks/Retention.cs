using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Community.Content.Contracts;
using Community.LocalServers;
using Community.Testing;
using Npgsql;
using NpgsqlTypes;

namespace Community.Benchmarks;

/// <summary>
/// Retention over a small and a large log of the same members and months, each answer equal to plain SQL over the log; and how
/// fast activities come in, beside COPY and beside a bare consumer. The small log is read by the service's own projection. The
/// tables of the large one are filled by SQL, which is first compared with what the projection made of the small one.
/// </summary>
internal static class Retention
{
    private const int Members = 20_000;
    private const int Small = 100_000;
    private const int Asked = 9;
    private const int Messages = 2_000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly DateTime Begin = new(2023, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly (string Name, string Query)[] Questions =
    [
        ("month, on", "period=month&mode=on"), ("month, on or after", "period=month&mode=onOrAfter"), ("week, on", "period=week&mode=on"),
        ("week, on or after", "period=week&mode=onOrAfter"), ("month, from and to whole months", "period=month&mode=on&from=2023-03-01&to=2025-06-30"),
        ("month, a range that cuts a month", "period=month&mode=on&to=2025-06-17")
    ];

    // A tenth with --quick: minutes of COPY are no hot spot.
    private static int Large => Effort.Quick ? 1_000_000 : 10_000_000;

    public static async Task Measure(Report report)
    {
        Report.Say("Retention");
        await using var servers = await BareServers.Start();
        await using var issuer = await Issuer.Start();
        var connection = await servers.Database("retention");
        await using var database = NpgsqlDataSource.Create(connection);
        await using var neighbour = await Neighbour.Start(servers.Broker, ["content", "payments", "membership"]);
        await (await Service.Start(connection, servers.Broker, issuer)).DisposeAsync();
        var copied = await Copy(database, Small);
        double projected;
        Dictionary<string, double> small;

        await using (var service = await Service.Start(connection, servers.Broker, issuer))
        {
            var started = Stopwatch.GetTimestamp();
            await Eventually.Value(
                () => database.Ask<long>("select coalesce((select last_seq_id from mt_event_progression where name = 'member-days:All'), 0)"), seen => seen >= Small, "the projection");
            projected = Small / Stopwatch.GetElapsedTime(started).TotalSeconds;
            small = await Answers(service, database);
            await Ingest(report, servers, neighbour, database, copied, projected);
        }

        var kept = await Sums(database);
        await Fill(database);

        if (kept != await Sums(database))
        {
            throw new InvalidOperationException("The projection and plain SQL made different tables of the same log.");
        }

        await database.Ask<int>("truncate mt_events; select 1");
        await Copy(database, Large);
        await Fill(database);
        Dictionary<string, double> large;

        await using (var service = await Service.Start(connection, servers.Broker, issuer))
        {
            large = await Answers(service, database);
        }

        var row = report.Table(
            $"Retention of {Members} members over three years, equal to plain SQL over the log (milliseconds, medians of {Asked})",
            "", $"{Thousands(Small)} activities", $"{Thousands(Large)} activities", "ratio", "goal", "holds");

        foreach (var (name, query) in Questions)
        {
            row([name, Report.Number(small[query]), Report.Number(large[query]), .. Report.Judged(large[query] / small[query], 1.5, atLeast: false)]);
        }
    }

    private static async Task Ingest(
        Report report, BareServers servers, Neighbour neighbour, NpgsqlDataSource database, double copied, double projected)
    {
        var bare = new List<double>();
        var ours = new List<double>();
        await using var loop = await RelayPath.BareLoop.Start(servers);

        for (var round = 0; round <= 2; round++)
        {
            var (before, started) = (await loop.Count(), Stopwatch.GetTimestamp());
            var said = loop.SayMany([.. Enumerable.Range(0, Messages).Select(_ => Ids.New())]);
            await Eventually.Value(loop.Count, count => count >= before + Messages, "the bare consumer");
            bare.Add(Messages / Stopwatch.GetElapsedTime(started).TotalSeconds);
            await said;

            (before, started) = (await Viewed(), Stopwatch.GetTimestamp());
            var told = Task.WhenAll(Enumerable.Range(0, Messages).Select(i =>
                neighbour.Publish(Ids.New(), new ContentViewed(Ids.New(), Member(i), new DateTimeOffset(Begin.AddMinutes(i))))));
            await Eventually.Value(Viewed, count => count >= before + Messages, "the read model");
            ours.Add(Messages / Stopwatch.GetElapsedTime(started).TotalSeconds);
            await told;
        }

        // The first round compiles.
        var (mine, theirs) = (ours.Skip(1).Median(), bare.Skip(1).Median());
        var row = report.Table($"Activities that come in (a second; {Messages} messages)", "", "rate", "beside the first", "goal", "holds");
        row(["publish, consume, insert (bare)", Report.Number(theirs), "", "", ""]);
        row(["publish, record, project (analytics)", Report.Number(mine), .. Report.Judged(mine / theirs, 0.5, atLeast: true)]);
        row(["the projection alone", Report.Number(projected), Report.Number(projected / theirs), "", ""]);
        row(["COPY into the log", Report.Number(copied), Report.Number(copied / theirs), "", ""]);

        Task<long> Viewed() => database.Ask<long>("select sum(count)::bigint from member_days where kind = 'view'");
    }

    /// <summary>Milliseconds by question; each answer is compared with plain SQL first.</summary>
    private static async Task<Dictionary<string, double>> Answers(Service service, NpgsqlDataSource database)
    {
        var took = new Dictionary<string, double>();

        foreach (var (name, query) in Questions)
        {
            var times = new List<double>();
            var answer = "";

            for (var i = 0; i < Asked; i++)
            {
                var started = Stopwatch.GetTimestamp();
                answer = await service.Http.GetStringAsync($"/retention?{query}");
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            took[query] = times.Median();
            var plain = Stopwatch.GetTimestamp();
            var expected = await Plain(database, query);
            Report.Say($"{name}: {Report.Number(took[query])} ms; plain SQL {Stopwatch.GetElapsedTime(plain).TotalMilliseconds:0} ms");
            using var json = JsonDocument.Parse(answer);
            var shown = string.Join('\n', json.RootElement.GetProperty("cohorts").EnumerateArray().SelectMany(cohort =>
            {
                var start = DateOnly.ParseExact(cohort.GetProperty("start").GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture);

                return cohort.GetProperty("active").EnumerateArray().Select((n, k) =>
                        (At: query.Contains("week", StringComparison.Ordinal) ? start.AddDays(7 * k) : start.AddMonths(k), Count: n.GetInt64()))
                    .Where(cell => cell.Count > 0).Select(cell => $"{start:yyyy-MM-dd} {cell.At:yyyy-MM-dd} {cell.Count}");
            }));

            if (shown != expected)
            {
                throw new InvalidOperationException($"/retention?{query} is not what plain SQL says.");
            }
        }

        return took;
    }

    private static Task<string> Plain(NpgsqlDataSource database, string query)
    {
        var values = query.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        var (period, from, to) = (values["period"], values.GetValueOrDefault("from", "1900-01-01"), values.GetValueOrDefault("to", "2900-01-01"));
        var later = values["mode"] == "onOrAfter";

        return database.Ask<string>(
            $"""
            with seen as materialized (
                select distinct (data ->> 'memberId')::uuid as member, ((data ->> 'at')::timestamptz at time zone 'UTC')::date as day
                from mt_events where type = 'activity-recorded.v1' and (data ->> 'at')::timestamptz < ('{to}'::date + 1)::timestamp at time zone 'UTC'),
            members as (select member, date_trunc('{period}', min(day)::timestamp)::date as cohort from seen group by member having min(day) >= '{from}'),
            active as (select distinct member, cohort, date_trunc('{period}', day::timestamp)::date as start from seen join members using (member)),
            cells as ({(later
                ? """
                  select l.cohort, s.start, count(*) as n from (select member, cohort, max(start) as last from active group by 1, 2) l
                  join (select distinct start from active) s on s.start between l.cohort and l.last group by 1, 2
                  """
                : "select cohort, start, count(*) as n from active group by 1, 2")})
            select coalesce(string_agg(cohort || ' ' || start || ' ' || n, chr(10) order by cohort, start), '') from cells
            """);
    }

    /// <returns>Rows a second.</returns>
    private static async Task<double> Copy(NpgsqlDataSource database, int activities)
    {
        var (stream, started) = (Ids.New(), Stopwatch.GetTimestamp());
        var random = new Random(15);
        await using var connection = await database.OpenConnectionAsync();
        await using (var head = new NpgsqlCommand($"insert into mt_streams (id, type, version) values ('{stream}', null, {activities})", connection))
        {
            await head.ExecuteNonQueryAsync();
        }

        await using (var copy = await connection.BeginBinaryImportAsync(
            "copy mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type) from stdin (format binary)"))
        {
            for (var n = 1; n <= activities; n++)
            {
                // A member begins anywhere in the three years; what is done later comes less often.
                var member = random.Next(Members);
                var first = member * 1000L / Members;
                var at = Begin.AddDays(first + (long)((1095 - first) * Math.Pow(random.NextDouble(), 3))).AddSeconds(random.Next(86_400));
                await copy.StartRowAsync();
                await copy.WriteAsync((long)n, NpgsqlDbType.Bigint);
                await copy.WriteAsync(new Guid(n, 1, 0, new byte[8]), NpgsqlDbType.Uuid);
                await copy.WriteAsync(stream, NpgsqlDbType.Uuid);
                await copy.WriteAsync((long)n, NpgsqlDbType.Bigint);
                await copy.WriteAsync(
                    $$"""{"memberId":"{{Member(member)}}","kind":"view","subjectId":null,"at":"{{at:yyyy-MM-ddTHH:mm:ss}}+00:00","depth":null}""", NpgsqlDbType.Jsonb);
                await copy.WriteAsync("activity-recorded.v1", NpgsqlDbType.Varchar);
                await copy.WriteAsync(at, NpgsqlDbType.TimestampTz);
                await copy.WriteAsync("*DEFAULT*", NpgsqlDbType.Varchar);
                await copy.WriteAsync("Community.Analytics.Ingestion.ActivityRecorded, Community.Analytics", NpgsqlDbType.Varchar);
            }

            await copy.CompleteAsync();
        }

        var rate = activities / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await using var next = new NpgsqlCommand(
            $"select setval('mt_events_sequence', {activities}); analyze mt_events", connection) { CommandTimeout = (int)Limit.TotalSeconds };
        await next.ExecuteNonQueryAsync();
        Report.Say($"{Thousands(activities)} activities copied, {Report.Number(rate)} a second");

        return rate;
    }

    /// <summary>The read model by set statements, with all progress at the log's end.</summary>
    private static async Task Fill(NpgsqlDataSource database)
    {
        await using var fill = database.CreateCommand(
            """
            truncate member_days, member_periods, member_starts, retention_cells;
            insert into member_days (member_id, day, kind, count)
            select (data ->> 'memberId')::uuid, ((data ->> 'at')::timestamptz at time zone 'UTC')::date, data ->> 'kind', count(*)
            from mt_events where type = 'activity-recorded.v1' group by 1, 2, 3;
            insert into member_periods (period, member_id, start, first_day)
            select period, member_id, date_trunc(period, day::timestamp)::date, min(day) from member_days, (values ('week'), ('month')) p (period) group by 1, 2, 3;
            insert into retention_cells (cohort_by, period, cohort, start, size, active, last)
            select 'activity', period, cohort, start, case when cohort = start then count(*) else 0 end, count(*), count(*) filter (where start = last)
            from (select period, start, min(start) over m as cohort, max(start) over m as last from member_periods window m as (partition by period, member_id)) rows
            group by period, cohort, start;
            analyze member_days, member_periods, retention_cells;
            update mt_event_progression set last_seq_id = (select max(seq_id) from mt_events), last_updated = now();
            """);
        fill.CommandTimeout = (int)Limit.TotalSeconds;
        await fill.ExecuteNonQueryAsync();
    }

    private static Task<string> Sums(NpgsqlDataSource database) => database.Ask<string>(
        """
        select (select md5(string_agg(d::text, ',' order by member_id, day, kind)) from member_days d)
            || (select md5(string_agg(p::text, ',' order by period, member_id, start)) from member_periods p)
            || (select md5(string_agg(c::text, ',' order by period, cohort, start)) from retention_cells c where size <> 0 or active <> 0 or last <> 0)
        """);

    private static Guid Member(int n) => new(n, 2, 0, new byte[8]);

    private static string Thousands(int n) => n.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Analytics as a process of its own.</summary>
    private sealed class Service(Child process, HttpClient http) : IAsyncDisposable
    {
        public HttpClient Http { get; } = http;

        public static async Task<Service> Start(string database, Uri broker, Issuer issuer)
        {
            using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            free.Start();
            var address = $"http://{free.LocalEndpoint}";
            free.Stop();
            var process = await Child.Start(new("Analytics", Built.Path("services/Analytics", "Community.Analytics"), ["--urls", address], Signal.Terminate)
            {
                Environment = new Dictionary<string, string?>
                {
                    ["ConnectionStrings__analyticsdb"] = database,
                    ["ConnectionStrings__messaging"] = broker.ToString(),
                    ["Sealing__MasterKey"] = Hosts.MasterKey,
                    ["RateLimits__PerMinute"] = "1000000",
                    ["Logging__LogLevel__Default"] = "Warning",
                    ["services__membership__http__0"] = issuer.Address
                },
                Output = line => Report.Say($"analytics: {line}")
            });
            var http = new HttpClient { BaseAddress = new Uri(address), Timeout = Limit };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issuer.Token(Ids.New(), "operator"));
            await Eventually.True(async () =>
            {
                try
                {
                    return process.Exited.IsCompleted || (await http.GetAsync("/health")).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            }, "analytics to be ready");

            return process.Exited.IsCompleted ? throw new InvalidOperationException("Analytics has ended.") : new(process, http);
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await process.Stop(Signal.Terminate, TimeSpan.FromSeconds(30));
        }
    }
}
