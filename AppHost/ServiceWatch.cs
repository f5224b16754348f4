using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Community.LocalServers;

namespace Community.AppHost;

/// <summary>One process of a service, as Aspire tells of it.</summary>
internal sealed class ServiceInstance(string label, string logFile, CustomResourceSnapshot latest)
{
    public string Label => label;

    public string LogFile => logFile;

    public CustomResourceSnapshot Latest { get; set; } = latest;

    /// <summary>Ends with its lines.</summary>
    public Task Log { get; set; } = Task.CompletedTask;

    public bool HasEnded => KnownResourceStates.TerminalStates.Contains(Latest.State?.Text);

    public bool HasStarted => HasEnded || Latest.State?.Text == KnownResourceStates.Running;

    /// <summary>Where this very process listens, not what stands before it.</summary>
    public string? Address => Latest.EnvironmentVariables.FirstOrDefault(variable => variable.Name == "ASPNETCORE_URLS")?.Value;

    public async Task<string> ToldEnd()
    {
        await Log.WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // its last lines are still under way
        return Latest.ExitCode is { } code ? $"ended with exit code {code}" : "did not start";
    }
}

/// <summary>Puts the services' lines in DIR/logs, their warnings and errors on the console too, and tells which of them ended.</summary>
internal sealed partial class ServiceWatch(ResourceNotificationService states, ResourceLoggerService logs, DataDirectory data)
{
    private readonly ConcurrentDictionary<string, ServiceInstance> instances = [];
    private readonly ConcurrentDictionary<string, int> counts = [];

    /// <summary>Set when all were healthy: from then on an end is news.</summary>
    public bool Announces { get; set; }

    public IEnumerable<ServiceInstance> Of(string service) =>
        instances.Values.Where(instance => instance.Label == service || instance.Label.StartsWith($"{service}-", StringComparison.Ordinal));

    public async Task Run(CancellationToken ct)
    {
        await foreach (var change in states.WatchAsync(ct))
        {
            if (change.Resource is not ProjectResource)
                continue;

            var instance = instances.GetOrAdd(change.ResourceId, _ => New(change));
            var hadEnded = instance.HasEnded;
            instance.Latest = change.Snapshot;
            if (instance.Log.IsCompleted && !instance.HasEnded)
                instance.Log = Write(change.ResourceId, instance);
            if (Announces && instance.HasEnded && !hadEnded && instance.Label != Demo.Resource) // its end is awaited
                _ = Tell(instance);
        }
    }

    private ServiceInstance New(ResourceEvent change)
    {
        var name = change.Resource.Name;
        var number = counts.AddOrUpdate(name, 1, (_, count) => count + 1).ToString(CultureInfo.InvariantCulture);
        var label = change.Resource.GetReplicaCount() > 1 ? $"{name}-{number}" : name;
        return new(label, LogFile.New(data.Logs, label), change.Snapshot);
    }

    private async Task Write(string id, ServiceInstance instance)
    {
        await using var file = new StreamWriter(instance.LogFile, append: true) { AutoFlush = true };
        var isNews = false;
        await foreach (var lines in logs.WatchAsync(id))
        {
            foreach (var line in lines)
            {
                await file.WriteLineAsync(line.Content); // with Aspire's timestamp
                var text = Timestamp().Replace(line.Content, "", 1);
                if (!text.StartsWith("      ", StringComparison.Ordinal)) // else it goes on with the entry before
                    isNews = Serious().IsMatch(text);
                if (isNews && Announces)
                    Console.WriteLine($"[{instance.Label}] {text}");
            }
        }
    }

    private static async Task Tell(ServiceInstance instance)
    {
        var end = await instance.ToldEnd();
        await Console.Error.WriteLineAsync($"{instance.Label} {end}. Its last lines, from {instance.LogFile}:\n{Child.LastLines(instance.LogFile)}");
    }

    // Warnings of health checks tell again what health tells.
    [GeneratedRegex(@"^(warn: (?!Microsoft\.Extensions\.Diagnostics\.HealthChecks)|fail: |crit: |Unhandled exception)")]
    private static partial Regex Serious();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) ?")]
    private static partial Regex Timestamp();
}
