using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Community.LocalServers;
using Community.Testing;

namespace Community.AppHost.Tests;

/// <summary>The AppHost as a user starts it: the executable, or <c>dotnet run</c> before it.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private const string Mark = "COMMUNITY_APPHOST_TESTS";

    private readonly Process process;
    private readonly string data;
    private readonly string mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly ConcurrentQueue<string> output = new();
    private IReadOnlyList<(int Id, string Start)> family = [];

    private AppHostProcess(ProcessStartInfo start, string data)
    {
        this.data = data;
        start.Environment[Mark] = mark;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => output.Enqueue(e.Data ?? "");
        process.ErrorDataReceived += (_, e) => output.Enqueue(e.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', output);

    public int ExitCode => process.ExitCode;

    /// <summary>The AppHost itself, also behind a launcher.</summary>
    public int Id => Family(process.Id).Select(member => member.Id)
        .First(id => File.ReadAllText($"/proc/{id}/cmdline").Contains("Community.AppHost", StringComparison.Ordinal));

    public int LauncherId => process.Id;

    public static AppHostProcess Start(string data, int basePort, params (string Name, string Value)[] environment) =>
        Start(new ProcessStartInfo(Path.Combine(Folder, "bin", Metadata("Configuration"), "net10.0", "Community.AppHost")), data, basePort, environment);

    /// <summary>
    /// From the folder of the data directory, which it is told by its name alone; as a terminal's shell does, in a process group
    /// of its own, whose number is the launcher's.
    /// </summary>
    public static AppHostProcess StartByDotnetRun(string data, int basePort) => Start(
        new ProcessStartInfo("setsid", ["dotnet", "run", "--no-build", "--project", Folder, "-c", Metadata("Configuration"), "--"]) { WorkingDirectory = Path.GetDirectoryName(data) },
        Path.GetFileName(data), basePort, []);


    public async Task BecomesHealthy()
    {
        await Eventually.True(() => Task.FromResult(process.HasExited || Output.Contains("Ctrl-C stops it.", StringComparison.Ordinal)), $"a healthy system; so far:\n{Output}", () => Written.In(Path.Combine(data, "logs")));
        Assert.False(process.HasExited, Output);
        family = [.. Family(process.Id).Union(Marked(mark).SelectMany(Family)).Distinct()];
    }

    public async Task Exits()
    {
        using var limit = new CancellationTokenSource(EndLimit);
        await process.WaitForExitAsync(limit.Token);
    }

    /// <summary>Nobody of the whole family is left, those included who came to it late.</summary>
    public async Task NobodyIsLeft()
    {
        Assert.True(family.Count > 20, "a healthy system is a family of many");
        await Eventually.Value(
            () => Task.FromResult(string.Join(", ", family.Concat(Marked(mark).Select(id => (Id: id, Start: StartOf(Stat(id))))).Where(IsAlive).Select(member => $"{member.Id} {NameOf(member.Id)}"))),
            left => left.Length == 0, "the end of all processes");
    }

    public static void Send(int id, Signal signal) => Assert.Equal(0, kill(id, (int)signal));

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Send(process.Id, Signal.Terminate);
            await Exits();
        }

        process.Dispose();
    }

    public static string Repository => Path.GetDirectoryName(Folder)!;

    public static string Program => Path.Combine(Folder, "bin", Metadata("Configuration"), "net10.0", "Community.AppHost");

    private static string Folder => Path.GetFullPath(Metadata("AppHost"));

    private static AppHostProcess Start(ProcessStartInfo start, string data, int basePort, (string Name, string Value)[] environment)
    {
        foreach (var argument in new[] { "--data", data, "--base-port", basePort.ToString(CultureInfo.InvariantCulture) })
            start.ArgumentList.Add(argument);
        foreach (var given in start.Environment.Keys.Where(name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(given); // given to the tests, not to this system
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(start, Path.Combine(start.WorkingDirectory, data));
    }

    private static List<(int Id, string Start)> Family(int root)
    {
        var parents = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0).Select(id => (Id: id, Stat: Stat(id))).Where(each => each.Stat.Length > 0)
            .ToLookup(each => int.Parse(each.Stat[1], CultureInfo.InvariantCulture));
        var members = new List<(int, string)> { (root, StartOf(Stat(root))) };
        for (var i = 0; i < members.Count; i++)
            members.AddRange(parents[members[i].Item1].Select(child => (child.Id, StartOf(child.Stat))));
        return members;
    }

    /// <summary>Aspire's orchestrator and what it starts are nobody's children, so they are known by what they inherit.</summary>
    private static IEnumerable<int> Marked(string mark) =>
        from path in Directory.EnumerateDirectories("/proc")
        let id = int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var number) ? number : 0
        where id > 0 && Environment(id).Contains($"{Mark}={mark}", StringComparison.Ordinal)
        select id;

    private static string Environment(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // ended meanwhile, or another user's
        }
    }

    private static string NameOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/comm").Trim();
        }
        catch (IOException)
        {
            return "ended meanwhile";
        }
    }

    private static bool IsAlive((int Id, string Start) member) =>
        Stat(member.Id) is { Length: > 0 } stat && StartOf(stat) == member.Start && stat[0] is not ("Z" or "X");

    private static string StartOf(string[] stat) => stat.Length > 19 ? stat[19] : "";

    // The fields after the command's name, which may hold spaces: state, parent, …, start time as the 20th.
    private static string[] Stat(int id)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{id}/stat");
            return line[(line.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string Metadata(string key) =>
        typeof(AppHostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
