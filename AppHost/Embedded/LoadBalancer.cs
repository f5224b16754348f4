using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;

namespace Aspire.Hosting;

/// <summary>One address before the replicas of a service, by turns; whoever does not answer is left out until it does again.</summary>
internal sealed class LoadBalancer(WebApplication app) : IAsyncDisposable
{
    public static async Task<LoadBalancer> Start(string address, IReadOnlyList<string> replicas)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null); // the services have limits of their own
        builder.Logging.ClearProviders();
        builder.Services.AddReverseProxy()
            .LoadFromMemory(
                [new RouteConfig { RouteId = "all", ClusterId = "replicas", Match = new() { Path = "{**path}" } }],
                [
                    new ClusterConfig
                    {
                        ClusterId = "replicas",
                        LoadBalancingPolicy = "RoundRobin",
                        Destinations = replicas.ToDictionary(replica => replica, replica => new DestinationConfig { Address = replica }),
                        HealthCheck = new()
                        {
                            Active = new() { Enabled = true, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(5), Path = "/alive" },
                            Passive = new() { Enabled = true, ReactivationPeriod = TimeSpan.FromSeconds(2) }
                        }
                    }
                ])
            .AddTransforms(context => context.AddOriginalHost()); // the services make links of it
        var app = builder.Build();
        app.MapReverseProxy();
        await app.StartAsync();

        return new(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
