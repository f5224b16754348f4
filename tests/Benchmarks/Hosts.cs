using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.Benchmarks;

/// <summary>Services in this process.</summary>
internal static class Hosts
{
    public static readonly string MasterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <param name="relays">False: no bus and no daemon, for what ends with the commit.</param>
    public static async Task<WebApplication> Start(WebApplicationBuilder builder, bool relays = true)
    {
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        if (!relays)
        {
            foreach (var hosted in builder.Services.Where(service => service.ServiceType == typeof(IHostedService)
                && (service.ImplementationType?.Assembly.GetName().Name is "Community.Messaging" or "MassTransit" || service.ImplementationType?.Name == "ProjectionHost")).ToList())
            {
                builder.Services.Remove(hosted);
            }
        }

        var host = builder.Build();
        await host.StartAsync();

        return host;
    }

    public static async Task Stop(WebApplication host)
    {
        await host.StopAsync();
        await host.DisposeAsync();
    }
}

internal static class Built
{
    public static string Path(string project, string program) =>
        System.IO.Path.Combine(System.IO.Path.GetFullPath(Metadata("Root")), project, "bin", Metadata("Configuration"), "net10.0", program);

    private static string Metadata(string key) => typeof(Built).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
