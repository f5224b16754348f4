using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Community.LocalServers;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>A process that somebody else started: to be killed without warning.</summary>
internal sealed partial class RunningProcess
{
    private RunningProcess(int id)
    {
        Id = id;
        Environment = Strings("environ").Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    public int Id { get; }

    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>All whose environment says so.</summary>
    public static IReadOnlyList<RunningProcess> With(params (string Name, Func<string, bool> Holds)[] conditions)
    {
        var found = new List<RunningProcess>();

        foreach (var id in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)))
        {
            try
            {
                var process = new RunningProcess(int.Parse(id!, CultureInfo.InvariantCulture));

                if (!process.HasEnded() && conditions.All(condition => process.Environment.TryGetValue(condition.Name, out var value) && condition.Holds(value)))
                    found.Add(process);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, the kernel's own, or another user's.
            }
        }

        return found;
    }

    public static RunningProcess WithId(int id) => new(id);

    public static RunningProcess ListeningOn(int port) => HolderId().Match(Ports.Holder(port)) is { Success: true } found
        ? new(int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
        : throw new InvalidOperationException($"Nobody listens on port {port}.");

    public async Task Kill()
    {
        using var process = Process.GetProcessById(Id);
        process.Kill();
        await Eventually.True(() => Task.FromResult(HasEnded()), $"the end of process {Id}");
    }

    /// <summary>In bytes; what it shares with others counts for its share (<c>Pss</c>).</summary>
    public long Memory() => 1024 * long.Parse(
        File.ReadLines($"/proc/{Id}/smaps_rollup").Single(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    private bool HasEnded()
    {
        try
        {
            // Z: ended, but its parent has not looked yet.
            return File.ReadAllText($"/proc/{Id}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X';
        }
        catch (IOException)
        {
            return true;
        }
    }

    private string[] Strings(string what) =>
        Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{Id}/{what}")) is var text && text.EndsWith('\0') ? text[..^1].Split('\0') : text.Split('\0');

    [GeneratedRegex(@"^pid (\d+) ")]
    private static partial Regex HolderId();
}

/// <summary>Ends once: where the test says so, or at its failure, for the tests after it.</summary>
internal sealed class Outage(Func<Task> end) : IAsyncDisposable
{
    private bool _over;

    public async Task End()
    {
        if (_over)
            return;

        _over = true;
        await end();
    }

    public async ValueTask DisposeAsync() => await End();
}

/// <summary>Those that end together; also where the test has failed, for the tests after it want all replicas.</summary>
internal sealed class Outages : IAsyncDisposable
{
    private readonly List<Outage> _all = [];

    public void Add(Outage outage) => _all.Add(outage);

    public Task End() => Task.WhenAll(_all.Select(outage => outage.End()));

    public async ValueTask DisposeAsync() => await End();
}
