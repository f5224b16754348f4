using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Community.ServiceDefaults;

public static class Health
{
    internal const string Ready = "/health";
    internal const string Live = "/alive";

    internal static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<StartFigures>();
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), ["live"]);
    }

    /// <summary>Whether the program is ready, and whether it lives; for this machine and the networks of <c>Probes:Networks</c>.</summary>
    public static void MapHealth(this WebApplication app)
    {
        // The parts name servers and sequences: not for the world.
        var networks = (app.Configuration.GetSection("Probes:Networks").Get<string[]>() ?? []).Select(IPNetwork.Parse).ToArray();
        var probes = app.MapGroup("").AllowAnonymous().DisableRateLimiting().ExcludeFromDescription();
        probes.AddEndpointFilter(async (context, next) =>
            context.HttpContext.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address)
            && !networks.Any(network => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
                ? TypedResults.NotFound()
                : await next(context));

        probes.MapGet(Ready, async Task<IResult> (HealthCheckService health, StartFigures start, CancellationToken ct) =>
        {
            var report = await health.CheckHealthAsync(ct);

            if (report.Status != HealthStatus.Unhealthy)
            {
                start.Healthy();
            }

            return Answer(report);
        });
        probes.MapGet(Live, async Task<IResult> (HealthCheckService health, CancellationToken ct) =>
            Answer(await health.CheckHealthAsync(check => check.Tags.Contains("live"), ct)));
    }

    private static JsonHttpResult<Whole> Answer(HealthReport report)
    {
        var parts = report.Entries.ToDictionary(entry => entry.Key, entry => new Part(
            entry.Value.Status, entry.Value.Description ?? entry.Value.Exception?.Message, entry.Value.Data));

        return TypedResults.Json(new Whole(report.Status, parts), Json.Options,
            statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private sealed record Whole(HealthStatus Status, IReadOnlyDictionary<string, Part> Parts);

    private sealed record Part(HealthStatus Status, string? Description, IReadOnlyDictionary<string, object> Data);
}
