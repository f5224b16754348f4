using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Community.LocalServers;

namespace Community.Benchmarks;

/// <summary>What was measured, as Markdown; progress goes to standard error.</summary>
internal sealed class Report
{
    private readonly List<(string Title, string[] Head, List<string[]> Rows)> _tables = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    public static void Say(string progress) => Console.Error.WriteLine(progress);

    public Action<string[]> Table(string title, params string[] head)
    {
        var rows = new List<string[]>();
        _tables.Add((title, head, rows));

        return row =>
        {
            Debug.Assert(row.Length == head.Length);
            rows.Add(row);
            Say(string.Join(" | ", row));
        };
    }

    /// <summary>A ratio beside its goal, which is a least (≥) or a most (≤) value.</summary>
    public static string[] Judged(double ratio, double goal, bool atLeast) =>
        [Number(ratio), $"{(atLeast ? "≥" : "≤")} {Number(goal)}", (atLeast ? ratio >= goal : ratio <= goal) ? "yes" : "no"];

    public static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,0" : Math.Abs(value) >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    public async Task Write(TextWriter output)
    {
        var memory = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        await output.WriteLineAsync(FormattableString.Invariant(
            $"{Environment.ProcessorCount} cores, {double.Parse(memory, CultureInfo.InvariantCulture) / 1024 / 1024:0} GiB, {RuntimeInformation.FrameworkDescription}, {await Servers()}; servers, services and callers share the cores. {Stopwatch.GetElapsedTime(_started).TotalMinutes:0.0} minutes."));

        foreach (var (title, head, rows) in _tables)
        {
            await output.WriteLineAsync($"\n## {title}\n");
            await output.WriteLineAsync($"| {string.Join(" | ", head)} |");
            await output.WriteLineAsync($"| {string.Join(" | ", head.Select((_, column) => column == 0 ? "---" : "---:"))} |");

            foreach (var row in rows)
            {
                await output.WriteLineAsync($"| {string.Join(" | ", row)} |");
            }
        }
    }

    private static async Task<string> Servers()
    {
        await using var postgres = await Testing.Servers.PrivatePostgres();
        await using var connection = new Npgsql.NpgsqlConnection($"{postgres.ConnectionString};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        var broker = await Broker();

        return $"PostgreSQL {connection.PostgreSqlVersion}, {broker}";
    }

    private static async Task<string> Broker()
    {
        await using var broker = await Testing.Servers.PrivateBroker();
        await using var connection = await new RabbitMQ.Client.ConnectionFactory { Uri = new(broker.ConnectionString) }.CreateConnectionAsync();

        return $"RabbitMQ {System.Text.Encoding.UTF8.GetString((byte[])connection.ServerProperties!["version"]!)}";
    }
}

/// <summary>How much is measured: all of it, or with <c>--quick</c> a third, to look for hot spots while others use the machine.</summary>
internal static class Effort
{
    public static bool Quick { get; set; }

    public static int Of(int whole) => Quick ? Math.Max(1, whole / 3) : whole;
}

internal static class Ids
{
    public static Guid New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
}

internal static class Timing
{
    /// <summary>Runs the work so many times by so many callers at once, and tells how often per second.</summary>
    public static async Task<double> Rate(int callers, int times, Func<int, Task> work)
    {
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < times;)
            {
                await work(i);
            }
        })));

        return times / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public static double Median(this IEnumerable<double> values) => values.Quantile(0.5);

    public static double Quantile(this IEnumerable<double> values, double q)
    {
        var sorted = values.Order().ToArray();

        return sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
