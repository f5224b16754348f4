using Community.AppHost.LocalServers;
using Microsoft.Extensions.Configuration;

// The parts of Aspire.Hosting that AppHost.cs uses, under the same names and with the same meaning.
namespace Aspire.Hosting;

internal interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    IResourceBuilder<T> AddResource<T>(T resource) where T : Resource;

    DistributedApplication Build();
}

internal sealed class DistributedApplication(IReadOnlyList<Resource> resources) : IAsyncDisposable
{
    // A killed predecessor's servers may still be shutting down on our ports.
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(10);

    private readonly Ending ending = new();

    public ResourceNotificationService ResourceNotifications => new(resources, ending.Token);

    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        var configuration = new ConfigurationManager();
        configuration.AddEnvironmentVariables().AddCommandLine(args);
        return new Builder(configuration);
    }

    /// <exception cref="StartRefused">A port is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending.Token);
        foreach (var (port, resource) in resources.SelectMany(resource => resource.Ports.Select(port => (port, resource))))
            await Waiting.Until($"{resource.Name} needs port {port}", PortPatience,
                _ => Task.FromResult(Ports.IsTaken(port) ? $"It is held by {Ports.Holder(port)}. Stop that, or choose other ports with --base-port." : null), either.Token);

        foreach (var resource in resources)
            resource.Begin(ending.Token); // in the order of AppHost.cs: what is waited for comes before what waits
    }

    public async Task WaitForShutdownAsync()
    {
        var ended = new TaskCompletionSource();
        await using var registration = ending.Token.Register(ended.SetResult);
        await ended.Task;
    }

    /// <summary>Ends the services, then what they stand on.</summary>
    public async ValueTask DisposeAsync()
    {
        ending.Begin();
        await Task.WhenAll(resources.OfType<ProjectResource>().Select(service => service.Stop()));
        await Task.WhenAll(resources.Where(resource => resource is not ProjectResource).Select(server => server.Stop()));
        ending.Dispose();
    }

    private sealed class Builder(ConfigurationManager configuration) : IDistributedApplicationBuilder
    {
        private readonly List<Resource> resources = [];

        public ConfigurationManager Configuration => configuration;

        public IResourceBuilder<T> AddResource<T>(T resource) where T : Resource
        {
            resources.Add(resource);
            return new ResourceBuilder<T>(this, resource);
        }

        public DistributedApplication Build() => new(resources);
    }
}

internal sealed class ResourceNotificationService(IReadOnlyList<Resource> resources, CancellationToken ending)
{
    /// <exception cref="StartRefused">It, or what it waits for, did not become healthy.</exception>
    public Task WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        resources.Single(resource => resource.Name == resourceName).Healthy.WaitAsync(cancellationToken).WaitAsync(ending);
}
