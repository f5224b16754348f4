using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.Benchmarks;

/// <summary>Services in this process.</summary>
internal static class Hosts
{
    public static readonly string MasterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static async Task<WebApplication> Start(WebApplicationBuilder builder)
    {
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

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
