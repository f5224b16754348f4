using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Community.LocalServers;

namespace Community.AppHost;

/// <summary>Starts the system, waits until all of it is healthy, and says so to its user and, in community.json, to programs.</summary>
internal static class StartupProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <exception cref="StartupException">Something did not start or become healthy in time.</exception>
    /// <exception cref="OperationCanceledException">We were told to stop meanwhile.</exception>
    public static async Task Announce(DistributedApplication app, Servers servers, Options options, DataDirectory data, Dashboard dashboard, Demo? demo, long started)
    {
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var watch = new ServiceWatch(app.ResourceNotifications, app.Services.GetRequiredService<ResourceLoggerService>(), data);
        _ = watch.Run(stopping);

        Console.WriteLine($"Starting; each resource is named when it is healthy. All lines of all of them: {data.Logs}");

        // It starts while we look, for Aspire's start goes on until all that waits has been started.
        var start = app.StartAsync(CancellationToken.None);
        var healthy = AllHealthy(app, servers, options, watch, stopping);
        if (await Task.WhenAny(start, healthy) == start)
            await start;
        await healthy;
        watch.Announces = true;

        var addresses = Options.Services.Select((name, offset) => (Name: name, Address: Address(options, offset)))
            .ToDictionary(service => service.Name, service => service.Address);
        // The demo sets itself up.
        var setupToken = demo is null && await SetupIsOpen(addresses["membership"]) ? data.Secret("setup-token") : null;
        data.Write("community.json", new { services = addresses, setupToken });
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;

        Console.WriteLine($"""
              dashboard   {await dashboard.Tell(stopping)}
              data        {data.FullPath}
            All healthy after {elapsed:0.0} s.
            """);
        if (setupToken is not null)
            Console.WriteLine($"  set up      {addresses["portal"]}/setup?token={setupToken} (makes the first account; void once there is an owner)");
        if (demo is not null)
            await demo.Announce(watch, addresses["portal"], started, stopping);
        Console.WriteLine("Ctrl-C stops it.");
    }

    private static string Address(Options options, int offset) => $"http://127.0.0.1:{options.BasePort + offset}";

    private static async Task AllHealthy(DistributedApplication app, Servers servers, Options options, ServiceWatch watch, CancellationToken ct)
    {
        await servers.Started(ct);

        // As they come: the first that fails ends the wait, and is the cause of the others' failures.
        var services = Options.Services.Select(async (name, offset) =>
        {
            await Waiting.Until($"{name} becomes healthy", Limit, stop => Missing(app, watch, name, name == "portal" ? 1 : options.Replicas, stop), ct);
            Console.WriteLine($"  {name,-12}{Address(options, offset)}");
        });
        await foreach (var healthy in Task.WhenEach(services))
            await healthy;
    }

    private static async Task<string?> Missing(DistributedApplication app, ServiceWatch watch, string name, int replicas, CancellationToken ct)
    {
        var instances = watch.Of(name).ToList();
        if (instances.Count < replicas)
            return $"{instances.Count} of {replicas} processes are known to Aspire.";
        foreach (var instance in instances)
        {
            if (instance.HasEnded)
                throw new StartupException($"{instance.Label} {await instance.ToldEnd()} before it was healthy. Its last lines, from {instance.LogFile}:\n{Child.LastLines(instance.LogFile)}");
            if (instance.Latest.State?.Text != KnownResourceStates.Running || instance.Address is not { } address)
                return $"{instance.Label} is {instance.Latest.State?.Text ?? "unknown"}. {Awaited(app)}";
            if (await Unhealthy(instance, $"{address}/health", ct) is { } answer)
                return answer;
        }

        return null;
    }

    private static async Task<string?> Unhealthy(ServiceInstance instance, string address, CancellationToken ct)
    {
        var check = $"GET {address}";
        try
        {
            using var response = await Http.GetAsync(new Uri(address), ct);
            return response.IsSuccessStatusCode ? null
                : $"{check} answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(ct)}\n{Child.LastLines(instance.LogFile)}";
        }
        catch (HttpRequestException e)
        {
            return $"{check}: {e.Message}\n{Child.LastLines(instance.LogFile)}";
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"{check} does not answer within {Http.Timeout.TotalSeconds:0} s.";
        }
    }

    /// <summary>What the services wait for: servers and databases, with what their health checks say.</summary>
    private static string Awaited(DistributedApplication app) => string.Join(' ',
        from resource in app.Services.GetRequiredService<DistributedApplicationModel>().Resources
        where resource is IResourceWithConnectionString
        let known = app.ResourceNotifications.TryGetCurrentState(resource.Name, out var state) ? state.Snapshot : null
        where known?.State?.Text != KnownResourceStates.Running || known.HealthReports.Any(report => report.Status != Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy)
        select $"{resource.Name} is {known?.State?.Text ?? "unknown"}{string.Concat(known?.HealthReports.Select(report => $", {report.Name}: {report.Description ?? report.ExceptionText?.Split('\n')[0]}") ?? [])}.");

    private static async Task<bool> SetupIsOpen(string membership)
    {
        using var response = await Http.GetAsync(new Uri($"{membership}/setup"));
        if (response.StatusCode != HttpStatusCode.OK)
            throw new StartupException($"GET {membership}/setup answers {(int)response.StatusCode} instead of telling whether there is an owner.");
        return (await response.Content.ReadFromJsonAsync<Setup>())?.Open ?? true;
    }

    private sealed record Setup(bool Open);
}
