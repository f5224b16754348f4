using System.Diagnostics;
using Community.AppHost.LocalServers;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

internal interface IProjectMetadata
{
    string ProjectPath { get; }

    /// <summary>What the project's build made.</summary>
    string Assembly { get; }
}

internal sealed class ProjectResource(string name, IProjectMetadata project, IConfiguration configuration) : Resource(name)
{
    private LoadBalancer? balancer;
    private Replica[] started = [];

    private IProjectMetadata Project => project;

    private IConfiguration Configuration => configuration;

    public int Port { get; set; }

    public int Replicas { get; set; } = 1;

    public string? HealthPath { get; set; }

    /// <summary>In the order of AppHost.cs: a later value wins.</summary>
    public List<(string Name, Func<string> Value)> Environment { get; } = [];

    public string Address => $"http://127.0.0.1:{Port}";

    public override IEnumerable<int> Ports => Replicas == 1 ? [Port] : [Port, .. ReplicaPorts];

    private IEnumerable<int> ReplicaPorts => Enumerable.Range(1, Replicas).Select(number => Port + (20 * number));

    protected override async Task Start(CancellationToken ct)
    {
        started = Replicas == 1
            ? [new(Name, Port)]
            : [.. ReplicaPorts.Select((port, index) => new Replica($"{Name}-{index + 1}", port))];
        if (Replicas > 1)
            balancer = await LoadBalancer.Start(Address, [.. started.Select(replica => replica.Address)]);

        await Task.WhenAll(started.Select(replica => replica.Start(this, ct)));
    }

    protected override async Task End()
    {
        if (balancer is not null)
            await balancer.DisposeAsync();
        await Task.WhenAll(started.Select(replica => replica.End()));
    }

    /// <summary>One process of the project.</summary>
    private sealed class Replica(string name, int port)
    {
        private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
        private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);
        private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

        private Child? child;

        public string Address => $"http://127.0.0.1:{port}";

        public async Task Start(ProjectResource resource, CancellationToken ct)
        {
            var environment = Inherited(resource.Name);
            foreach (var (variable, value) in resource.Environment)
                environment[variable] = value();

            var file = LogFile.New(resource.Configuration["Logs"] ?? ".", name);
            var log = TextWriter.Synchronized(new StreamWriter(file) { AutoFlush = true });
            child = await Child.Start(new(name, Dotnet(), [resource.Project.Assembly], Signal.Kill) // a crash, as it would be without us
            {
                Environment = environment,
                WorkingDirectory = Path.GetDirectoryName(resource.Project.ProjectPath)!, // its settings and static files
                Output = line =>
                {
                    log.WriteLine(line);
                    Console.WriteLine($"[{name}] {line}");
                }
            });
            _ = resource.Watch(name, child, file);
            await Waiting.Until($"{name} becomes healthy", Limit, stop => Missing(resource.HealthPath, file, stop), ct);
        }

        public Task End() => child?.Stop(Signal.Terminate, StopPatience) ?? Task.CompletedTask;

        private async Task<string?> Missing(string? healthPath, string logFile, CancellationToken ct)
        {
            if (child is { Exited: { IsCompleted: true } exited })
                throw new StartRefused($"{name} ended with exit code {await exited} before it was healthy. Its last lines, from {logFile}:\n{Child.LastLines(logFile)}");
            if (healthPath is null)
                return null;

            var check = $"GET {Address}{healthPath}";
            try
            {
                using var response = await Http.GetAsync(new Uri(Address + healthPath), ct);
                return response.IsSuccessStatusCode ? null : $"{check} answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(ct)}\n{Child.LastLines(logFile)}";
            }
            catch (HttpRequestException e)
            {
                return $"{check}: {e.Message}\n{Child.LastLines(logFile)}";
            }
            catch (TaskCanceledException) when (!ct.IsCancellationRequested)
            {
                return $"{check} does not answer within {Http.Timeout.TotalSeconds:0} s.";
            }
        }

        private Dictionary<string, string?> Inherited(string service) => new()
        {
            // What is set for the AppHost is not meant for the services.
            ["ASPNETCORE_ENVIRONMENT"] = null,
            ["DOTNET_ENVIRONMENT"] = null,
            ["DOTNET_LAUNCH_PROFILE"] = null,
            ["ASPNETCORE_URLS"] = Address,
            ["OTEL_SERVICE_NAME"] = service,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={service}-{port}"
        };

        // The runtime that runs us runs the services, whether or not its command is on the PATH.
        private static string Dotnet()
        {
            var shared = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
            var beside = Path.GetFullPath(Path.Combine(shared, "..", "..", "..", "dotnet"));
            return File.Exists(beside) ? beside : "dotnet";
        }
    }
}

internal static class ProjectExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new()
    {
        Debug.Assert(launchProfileName is null, "Launch profiles are not read here.");
        return builder.AddResource(new ProjectResource(name, new TProject(), builder.Configuration));
    }

    /// <param name="isProxied">Follows from the number of replicas here: one process takes the port itself.</param>
    public static IResourceBuilder<ProjectResource> WithHttpEndpoint(this IResourceBuilder<ProjectResource> builder, int port, bool isProxied)
    {
        _ = isProxied;
        builder.Resource.Port = port;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        builder.Resource.Replicas = replicas;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithHttpHealthCheck(this IResourceBuilder<ProjectResource> builder, string path)
    {
        builder.Resource.HealthPath = path;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithEnvironment(this IResourceBuilder<ProjectResource> builder, string name, string value) =>
        builder.With(name, () => value);

    public static IResourceBuilder<ProjectResource> WithEnvironment(this IResourceBuilder<ProjectResource> builder, string name, IResourceBuilder<ParameterResource> parameter) =>
        builder.With(name, () => parameter.Resource.Value);

    public static IResourceBuilder<ProjectResource> WithEnvironment(
        this IResourceBuilder<ProjectResource> builder, string name, in ReferenceExpression.ExpressionInterpolatedStringHandler value)
    {
        var expression = value.GetExpression();
        return builder.With(name, () => expression.Value);
    }

    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<RabbitMQServerResource> server) =>
        builder.With($"ConnectionStrings__{server.Resource.Name}", () => server.Resource.ConnectionString);

    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<PostgresDatabaseResource> database) =>
        builder.With($"ConnectionStrings__{database.Resource.Name}", () => database.Resource.ConnectionString);

    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<ProjectResource> service) =>
        builder.With($"services__{service.Resource.Name}__http__0", () => service.Resource.Address)
            .With($"{service.Resource.Name.ToUpperInvariant()}_HTTP", () => service.Resource.Address);

    public static IResourceBuilder<ProjectResource> WaitFor(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<Resource> dependency)
    {
        builder.Resource.Awaited.Add(dependency.Resource);
        return builder;
    }

    private static IResourceBuilder<ProjectResource> With(this IResourceBuilder<ProjectResource> builder, string name, Func<string> value)
    {
        builder.Resource.Environment.Add((name, value));
        return builder;
    }
}
