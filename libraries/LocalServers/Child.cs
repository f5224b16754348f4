using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Community.LocalServers;

internal enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15
}

/// <param name="DeathSignal">What the kernel sends the child when we end without having stopped it.</param>
internal sealed record ChildCommand(string Name, string Program, IReadOnlyList<string> Arguments, Signal DeathSignal)
{
    /// <summary>Added to our own environment; null takes a variable away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Runs as this user instead of ours.</summary>
    public string? User { get; init; }

    /// <summary>Opened as ours and handed to the child as descriptor 9, see <see cref="Child.Handed"/>.</summary>
    public string HandedDirectory { get; init; } = "/";

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Takes all output; without it, output goes line by line to <see cref="Output"/>.</summary>
    public string? LogFile { get; init; }

    public Action<string>? Output { get; init; }
}

/// <summary>
/// A process in a session of its own (Ctrl-C on our terminal is ours alone) that ends with us, however we end.
/// </summary>
internal sealed class Child
{
    /// <summary>
    /// The handed directory as the child sees it. A path through a descriptor does not pass through the parents, so a user
    /// that may not look below /root still reaches its own directory there.
    /// </summary>
    public const string Handed = "/proc/self/fd/9";

    // setpriv sets the death signal after it has changed the user, which would clear it. The last shell closes the gap in
    // which we may have ended before the signal was set. Elsewhere than on Linux a killed AppHost leaves its children.
    private const string Linux = """
        exec >>"$1" 2>&1 9<"$2" </dev/null; cd "$3"; shift 3
        exec setsid setpriv --pdeathsig "$@"
        """;
    private const string StillOurs = """[ "$PPID" = "$0" ] || exit 1; exec "$@" """;
    private const string Elsewhere = """exec >>"$1" 2>&1 </dev/null; cd "$2"; shift 2; exec "$@" """;

    private static readonly BlockingCollection<Action> Starts = StartThread();

    private readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Child(ChildCommand command)
    {
        Command = command;
        var log = command.LogFile ?? "/dev/stdout";
        string[] user = command.User is null ? [] : ["--reuid", command.User, "--regid", command.User, "--init-groups"];
        string[] arguments = OperatingSystem.IsLinux()
            ? [Linux, "sh", log, command.HandedDirectory, command.WorkingDirectory, SetprivName(command.DeathSignal), .. user, "sh", "-c", StillOurs, Number(Environment.ProcessId), command.Program, .. command.Arguments]
            : [Elsewhere, "sh", log, command.WorkingDirectory, command.Program, .. command.Arguments];
        var start = new ProcessStartInfo("/bin/sh", ["-c", .. arguments]) { UseShellExecute = false, RedirectStandardOutput = command.LogFile is null };
        foreach (var (key, value) in command.Environment)
        {
            if (value is null)
                start.Environment.Remove(key);
            else
                start.Environment[key] = value;
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.Exited += (_, _) => exited.TrySetResult(process.ExitCode);
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is { } line)
                command.Output?.Invoke(line);
            else
                outputEnded.TrySetResult();
        };
        process.Start();
        Id = process.Id;
        if (command.LogFile is null)
            process.BeginOutputReadLine();
    }

    public ChildCommand Command { get; }

    public int Id { get; }

    public Task<int> Exited => exited.Task;

    public static Task<Child> Start(ChildCommand command)
    {
        var started = new TaskCompletionSource<Child>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(new Child(command));
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                started.SetException(new StartupException($"{command.Name}: {command.Program} does not start: {e.Message}"));
            }
        });
        return started.Task;
    }

    /// <summary>Starts a command, waits for its end and refuses to go on if it failed.</summary>
    public static async Task Run(ChildCommand command, CancellationToken ct)
    {
        var lines = new ConcurrentQueue<string>();
        var child = await Start(command with { Output = lines.Enqueue });
        try
        {
            var code = await child.Exited.WaitAsync(ct);
            await child.outputEnded.Task.WaitAsync(ct);
            if (code != 0)
                throw new StartupException($"{command.Name} failed with exit code {code}: {string.Join(" | ", lines.TakeLast(5))}");
        }
        catch (OperationCanceledException)
        {
            await child.Stop(Signal.Terminate, TimeSpan.FromSeconds(2));
            throw;
        }
    }

    /// <summary>Asks it to end, and after <paramref name="patience"/> ends it and what it has started.</summary>
    public async Task Stop(Signal signal, TimeSpan patience)
    {
        Send(signal);
        try
        {
            await Exited.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            _ = kill(-Id, (int)Signal.Kill);
            await Exited;
        }
    }

    public void Send(Signal signal)
    {
        if (!Exited.IsCompleted)
            _ = kill(Id, (int)signal);
    }

    public static string LastLines(string? logFile, int count = 15) =>
        File.Exists(logFile) ? string.Join('\n', File.ReadLines(logFile).TakeLast(count).Select(line => $"    {line}")) : "    (nothing)";

    private static string SetprivName(Signal signal) => signal switch
    {
        Signal.Interrupt => "INT",
        Signal.Quit => "QUIT",
        Signal.Kill => "KILL",
        Signal.Terminate => "TERM"
    };

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    // The death signal fires when the thread that started the child ends, so that thread must live as long as we do.
    private static BlockingCollection<Action> StartThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "children" }.Start();
        return starts;
    }

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
