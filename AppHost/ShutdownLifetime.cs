using System.Globalization;
using System.Runtime.InteropServices;

namespace Community.AppHost;

/// <summary>Why we end: a signal, or the end of the <c>dotnet run</c> that launched us. A second signal ends us at once.</summary>
internal sealed class ShutdownLifetime(IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);

    private readonly List<PosixSignalRegistration> registrations = [];

    /// <summary>
    /// A script's shell starts its background jobs deaf to Ctrl-C, and .NET would leave it at that. To be called before the
    /// first process is started, for then .NET takes note of who is deaf to what.
    /// </summary>
    public static void HearCtrlC()
    {
        if (Ignored(2))
            signal(2, 0);
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        Catch(PosixSignal.SIGINT);
        Catch(PosixSignal.SIGTERM);
        Catch(PosixSignal.SIGQUIT);
        if (!Ignored(1))
            Catch(PosixSignal.SIGHUP); // nohup asks to outlive the terminal

        if (LauncherIsDotnet())
            _ = WatchLauncher(Parent());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => registrations.ForEach(registration => registration.Dispose());

    private void Catch(PosixSignal signal) => registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = !application.ApplicationStopping.IsCancellationRequested;
        if (context.Cancel)
            Console.WriteLine("Stopping; once more to stop at once.");
        application.StopApplication();
    }));

    private async Task WatchLauncher(int launcher)
    {
        using var timer = new PeriodicTimer(Glance);
        while (Parent() == launcher && await timer.WaitForNextTickAsync(application.ApplicationStopping))
        {
        }

        application.StopApplication();
    }

    private static bool LauncherIsDotnet() =>
        File.Exists($"/proc/{Parent()}/comm") && File.ReadAllText($"/proc/{Parent()}/comm").Trim() == "dotnet";

    private static bool Ignored(int signal) =>
        File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (ulong.Parse(line["SigIgn:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint signal(int number, nint handler);

    [DllImport("libc", EntryPoint = "getppid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Parent();
}
