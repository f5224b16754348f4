using System.Reflection;
using Community.LocalServers;

namespace Community.AppHost;

/// <summary>Aspire's dashboard: shown where it can be. Nothing waits for it, so the system comes up without it, too.</summary>
/// <param name="Obstacle">Why there is none.</param>
/// <param name="Directory">Where it keeps the telemetry that it has heard since its start; outside of it, it would fill its user's home.</param>
internal sealed record Dashboard(string? Obstacle, int Port, string Key, string Directory)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public bool IsShown => Obstacle is null;

    public string Address => $"http://127.0.0.1:{Port}";

    public string TelemetryAddress => $"http://127.0.0.1:{Port + 1}";

    public string ResourceAddress => $"http://127.0.0.1:{Port + 2}";

    public string SignIn => $"{Address}/login?t={Key}";

    public static async Task<Dashboard> Choose(Options options, DataDirectory data)
    {
        var port = options.BasePort + 15;
        var directory = Path.Combine(data.FullPath, "dashboard");
        if (System.IO.Directory.Exists(directory))
            System.IO.Directory.Delete(directory, recursive: true);

        var program = Environment.GetEnvironmentVariable("DcpPublisher__DashboardPath") ?? Assembly.GetEntryAssembly()!
            .GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(attribute => attribute.Key == "aspiredashboardpath")?.Value;
        if (!File.Exists(program))
            return new($"{program} is not there", port, "", directory);
        try
        {
            await FixedPorts.BecomeFree(Enumerable.Range(port, 3).Select(each => ("the dashboard", each)));
        }
        catch (StartupException taken)
        {
            return new(taken.Message, port, "", directory);
        }

        return new(null, port, data.Secret("dashboard-key"), directory);
    }

    /// <summary>What to tell of it once the services are healthy.</summary>
    public async Task<string> Tell(CancellationToken ct)
    {
        if (Obstacle is not null)
            return $"none: {Obstacle}";

        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { Timeout = Patience };
        try
        {
            await Waiting.Until("it answers", Patience, async stop =>
            {
                try
                {
                    using var response = await http.GetAsync(new Uri(Address), stop);
                    return (int)response.StatusCode < 500 ? null : $"GET {Address} answers {(int)response.StatusCode}.";
                }
                catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !stop.IsCancellationRequested))
                {
                    return $"GET {Address}: {e.Message}";
                }
            }, ct);
            return SignIn;
        }
        catch (StartupException silent)
        {
            return $"none: {silent.Message}";
        }
    }
}

internal static class DashboardExtensions
{
    public static IDistributedApplicationBuilder UseDashboard(this IDistributedApplicationBuilder builder, Dashboard dashboard)
    {
        var settings = builder.Configuration;
        settings["ASPIRE_VERSION_CHECK_DISABLED"] = settings["ASPIRE_DASHBOARD_TELEMETRY_OPTOUT"] = "true"; // nothing calls home
        settings["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true"; // no developer certificate is trusted on a server, and nobody else hears 127.0.0.1
        settings["ASPIRE_DASHBOARD_DATA_DIRECTORY"] = dashboard.Directory;
        settings["ASPNETCORE_URLS"] = dashboard.Address;
        settings["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = dashboard.TelemetryAddress;
        settings["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = dashboard.ResourceAddress;
        if (dashboard.IsShown)
            settings["AppHost:BrowserToken"] = settings["AppHost:ResourceService:ApiKey"] = dashboard.Key; // kept beside the data: a bookmark stays valid
        return builder;
    }

    /// <summary>Telemetry goes where we were told by the standard variables, else to the dashboard, else nowhere.</summary>
    public static IResourceBuilder<ProjectResource> WithTelemetry(this IResourceBuilder<ProjectResource> builder, Dashboard dashboard) =>
        builder.WithEnvironment(context =>
        {
            var told = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is not null;
            foreach (var variable in new[] { "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS" })
            {
                if (told && Environment.GetEnvironmentVariable(variable) is { } value)
                    context.EnvironmentVariables[variable] = value;
                else if (told || !dashboard.IsShown)
                    context.EnvironmentVariables.Remove(variable);
            }
        });
}
