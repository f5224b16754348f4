using System.Runtime;
using Microsoft.Extensions.Logging;

namespace Community.ServiceDefaults;

/// <summary>What a start has cost, logged once: when the service first says that it is healthy.</summary>
internal sealed partial class StartFigures(ILogger<StartFigures> log)
{
    private int _logged;

    public void Healthy()
    {
        if (Interlocked.Exchange(ref _logged, 1) == 0)
        {
            Log(Environment.CpuUsage.TotalTime.TotalSeconds, JitInfo.GetCompilationTime().TotalSeconds, JitInfo.GetCompiledMethodCount(), Environment.WorkingSet / 1024 / 1024);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Healthy after {ProcessorSeconds:0.00} processor seconds, {CompilerSeconds:0.00} of them the compiler's for {Methods} methods; {MemoryMiB} MiB of memory")]
    private partial void Log(double processorSeconds, double compilerSeconds, long methods, long memoryMiB);
}
