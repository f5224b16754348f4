using System.Diagnostics;

namespace Community.LocalServers;

internal static class Waiting
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks again and again what is still missing, until nothing is; at the limit says what was missing last.</summary>
    public static async Task Until(string goal, TimeSpan limit, Func<CancellationToken, Task<string?>> missing, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        while (await missing(ct) is { } problem)
        {
            if (watch.Elapsed > limit)
                throw new StartupException($"{goal}: not within {limit.TotalSeconds:0} s. {problem}");
            await Task.Delay(Pause, ct);
        }
    }
}
