using System.Diagnostics;
using System.Globalization;
using Community.LocalServers;
using Community.Testing;
using Npgsql;

namespace Community.Benchmarks;

internal static class WholeSystem
{
    private static readonly int Starts = Effort.Of(3);

    /// <summary>From nothing, and again on the same data; beside the two servers alone.</summary>
    public static async Task Start(Report report)
    {
        var row = report.Table(
            $"Start until healthy (seconds, medians of {Starts})", "", "whole system", "PostgreSQL", "RabbitMQ", "whole / slower server", "goal", "holds");
        var times = new Dictionary<(string Who, bool First), List<double>>();

        for (var round = 0; round < Starts; round++)
        {
            await Report("PostgreSQL", async () => new Server(await Servers.PrivatePostgres()));
            await Report("RabbitMQ", async () => new Server(await Servers.PrivateBroker()));
            var data = Servers.NewDirectory("system");

            foreach (var first in new[] { true, false })
            {
                var started = Stopwatch.GetTimestamp();
                await using var system = await RunningSystem.Start(data);
                Add("whole", first, started);
            }
        }

        foreach (var first in new[] { true, false })
        {
            double Of(string who) => times[(who, first)].Median();
            row([first ? "first start" : "next start", Benchmarks.Report.Number(Of("whole")), Benchmarks.Report.Number(Of("PostgreSQL")), Benchmarks.Report.Number(Of("RabbitMQ")),
                .. Benchmarks.Report.Judged(Of("whole") / Math.Max(Of("PostgreSQL"), Of("RabbitMQ")), 1.5, atLeast: false)]);
        }

        async Task Report(string who, Func<Task<Server>> make)
        {
            var started = Stopwatch.GetTimestamp();
            await using var server = await make();
            Add(who, true, started);
            await server.Stop();
            started = Stopwatch.GetTimestamp();
            await server.Start();
            Add(who, false, started);
        }

        void Add(string who, bool first, long started)
        {
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Benchmarks.Report.Say($"{who} {(first ? "first" : "next")} {Benchmarks.Report.Number(seconds)} s");
            (times.TryGetValue((who, first), out var list) ? list : times[(who, first)] = []).Add(seconds);
        }
    }

    public static Task Import(Report report) => Import(report, [1]);

    public static Task ImportTenfold(Report report) => Import(report, [1, 10]);

    private static async Task Import(Report report, int[] sizes)
    {
        if (Dump.Find() is not { } dump)
        {
            Benchmarks.Report.Say("No import: ../shared/data/stackexchange-ai is not beside the repository.");

            return;
        }

        var memory = report.Table("Memory of the whole system (MiB, shared pages once)", ["program", .. sizes.SelectMany(Columns)]);
        var row = report.Table("Import of the dump", "times the dump", "rows", "importer, s", "rows per second", "heard and projected, s", "importer's peak, MiB", "system's peak, MiB");
        var programs = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        var (seconds, peaks) = (new List<double>(), new List<double>());

        foreach (var size in sizes)
        {
            var source = await dump.Times(size);
            await using var system = await RunningSystem.Start(Servers.NewDirectory("system"));
            var token = await system.Found();
            await Task.Delay(TimeSpan.FromSeconds(20)); // idle is when the start is over
            var idle = system.Memory();
            var peak = new Dictionary<string, double>(idle);
            var (peakOfAll, importerPeak) = (idle.Values.Sum(), 0.0);

            var started = Stopwatch.GetTimestamp();
            var output = new System.Collections.Concurrent.ConcurrentQueue<string>();
            var importer = await Child.Start(new(
                "importer", Built.Path("clients/Importer", "Community.Importer"), ["stackexchange", source.Directory, "--to", system.Portal, "--site", "ai"], Signal.Kill)
            {
                Environment = new Dictionary<string, string?> { ["COMMUNITY_TOKEN"] = token },
                Output = output.Enqueue
            });
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(500));

            while (!importer.Exited.IsCompleted && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(3 * size) && await beat.WaitForNextTickAsync())
            {
                Look();
            }

            var imported = Stopwatch.GetElapsedTime(started).TotalSeconds;

            if (!importer.Exited.IsCompleted || await importer.Exited != 0)
            {
                importer.Send(Signal.Kill);
                throw new InvalidOperationException($"The importer failed:\n{string.Join('\n', output)}");
            }

            await using var heard = await Heard.In(system);
            await Eventually.True(
                () =>
                {
                    Look();

                    return heard.All();
                }, "the import to be heard and projected");

            row([
                size.ToString(CultureInfo.InvariantCulture), Benchmarks.Report.Number(source.Rows), Benchmarks.Report.Number(imported), Benchmarks.Report.Number(source.Rows / imported),
                Benchmarks.Report.Number(Stopwatch.GetElapsedTime(started).TotalSeconds), Benchmarks.Report.Number(importerPeak), Benchmarks.Report.Number(peakOfAll)
            ]);

            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            peaks.Add(peakOfAll);

            foreach (var program in peak.Keys.Append("all"))
            {
                (programs.TryGetValue(program, out var figures) ? figures : programs[program] = [])
                    .AddRange(program == "all" ? [idle.Values.Sum(), peakOfAll] : [idle.GetValueOrDefault(program), peak[program]]);
            }

            void Look()
            {
                var now = system.Memory();

                foreach (var (program, mebibytes) in now)
                {
                    peak[program] = Math.Max(peak.GetValueOrDefault(program), mebibytes);
                }

                peakOfAll = Math.Max(peakOfAll, now.Values.Sum());
                importerPeak = Math.Max(importerPeak, Processes.Below(importer.Id).Sum(process => process.Memory()));
            }
        }

        if (sizes.Length == 2)
        {
            var judged = report.Table($"An import {sizes[1]} times as large", "", "ratio", "goal", "holds");
            judged(["time, heard and projected", .. Benchmarks.Report.Judged(seconds[1] / seconds[0], 1.2 * sizes[1], atLeast: false)]);
            judged(["system's peak of memory", .. Benchmarks.Report.Judged(peaks[1] / peaks[0], 1.2, atLeast: false)]);
        }

        foreach (var (program, figures) in programs.Where(program => program.Value.Count == 2 * sizes.Length))
        {
            memory([program, .. figures.Select(Benchmarks.Report.Number)]);
        }

        static string[] Columns(int size) => ["idle", size == 1 ? "peak of an import" : $"peak of one {size} times as large"];
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly IAsyncDisposable _server;

        public Server(PrivatePostgres postgres) => (_server, Start, Stop) = (postgres, postgres.Start, postgres.Stop);

        public Server(PrivateBroker broker) => (_server, Start, Stop) = (broker, broker.Start, broker.Stop);

        public Func<Task> Start { get; }

        public Func<Task> Stop { get; }

        public ValueTask DisposeAsync() => _server.DisposeAsync();
    }

    /// <summary>Whether incentives and analytics have heard all that was said aloud, and projected it.</summary>
    private sealed class Heard(IReadOnlyDictionary<string, NpgsqlDataSource> databases) : IAsyncDisposable
    {
        public static async Task<Heard> In(RunningSystem system)
        {
            var databases = new Dictionary<string, NpgsqlDataSource>();

            foreach (var service in new[] { "membership", "content", "incentives", "analytics" })
            {
                databases[service] = await system.Database(service);
            }

            return new(databases);
        }

        public async Task<bool> All()
        {
            var done = await Count("content", "type in ('topic-opened.v1', 'reply-posted.v1', 'comment-posted.v1') and data->>'authorId' is not null");
            var valued = await Count("content",
                """
                type = 'reply-accepted.v1' and coalesce(data->>'replyAuthorId', data->>'acceptedBy') is not null
                or type = 'vote-cast.v1' and coalesce(data->>'voterId', data->>'subjectAuthorId') is not null
                """);
            var joined = await Count("membership", "type = 'member-joined.v1'");

            return await Count("incentives", "type = 'cause-recorded.v1'") >= done + valued
                && await CaughtUp.All(databases["incentives"])
                && await Count("analytics", "type <> 'tombstone'") >= done + joined
                && await CaughtUp.All(databases["analytics"]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var database in databases.Values)
            {
                await database.DisposeAsync();
            }
        }

        private Task<long> Count(string service, string condition) => databases[service].Ask<long>($"select count(*) from mt_events where {condition}");
    }
}
