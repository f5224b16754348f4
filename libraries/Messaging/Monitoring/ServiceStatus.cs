using Community.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Community.Messaging;

/// <summary>What an operator wants to know of a service.</summary>
/// <param name="Service">Its name on the bus.</param>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> (it does its work, with something to look at) or <c>unhealthy</c>.</param>
/// <param name="Shards">Subscriptions and projections; null while the database does not answer.</param>
/// <param name="Queues">The consumers' queues; null while the broker does not answer.</param>
public sealed record ServiceStatus(
    string Service, string Status, IReadOnlyList<PartStatus> Parts, IReadOnlyList<ShardLag>? Shards, IReadOnlyList<QueueState>? Queues);

public sealed record PartStatus(string Part, string Status, string? Detail);

public static class ServiceStatusEndpoint
{
    /// <summary>
    /// <c>GET /status</c>: health, and the lag of each shard and queue. It names what is inside the service: the caller says
    /// for whom it is.
    /// </summary>
    public static RouteHandlerBuilder MapStatus(this IEndpointRouteBuilder app) => app.MapGet("/status", Read)
        .WithTags("Operations").WithSummary("Health of the service, and how far its subscriptions, projections and queues are behind");

    private static async Task<Ok<ServiceStatus>> Read(
        HealthCheckService health, Publisher publisher, ProjectionLag projections, QueueLag queues, CancellationToken ct)
    {
        var report = await health.CheckHealthAsync(ct);
        var parts = report.Entries.Select(entry => new PartStatus(
            entry.Key, Word(entry.Value.Status), entry.Value.Description ?? entry.Value.Exception?.Message));

        return TypedResults.Ok(new ServiceStatus(
            publisher.Service, Word(report.Status), [.. parts],
            await OrUnknown(projections.Read(ct), e => e is NpgsqlException or TimeoutException),
            await OrUnknown(queues.Read(ct), e => QueueLag.IsAway(e, ct))));
    }

    private static async Task<IReadOnlyList<T>?> OrUnknown<T>(Task<IReadOnlyList<T>> read, Func<Exception, bool> isAway)
    {
        try
        {
            return await read;
        }
        catch (Exception e) when (isAway(e))
        {
            return null;
        }
    }

    private static string Word(HealthStatus status) => status.ToString().ToLowerInvariant();
}
