namespace Community.Portal.Services;

public sealed record ServiceStatus(
    string Status, IReadOnlyList<PartStatus> Parts, IReadOnlyList<ShardStatus>? Shards, IReadOnlyList<QueueStatus>? Queues);

public sealed record PartStatus(string Part, string Status, string? Detail);

public sealed record ShardStatus(string Shard, string Status, long Position, long Events, double Seconds, ShardFault? Failure);

public sealed record ShardFault(string Message, long? Sequence, Guid? EventId);

public sealed record QueueStatus(string Queue, long Messages, double Seconds, long Errors);

/// <summary>Asks every service how it is; only operators get an answer.</summary>
internal sealed class OperationsService(IHttpClientFactory clients)
{
    public static readonly string[] Services = ["membership", "payments", "content", "incentives", "analytics"];

    public static string ClientOf(string service) => $"status of {service}";

    /// <summary>In the order of <see cref="Services"/>, each with its own outcome.</summary>
    public async Task<IReadOnlyList<(string Service, Answer<ServiceStatus> Answer)>> Status(CancellationToken ct)
    {
        var answers = await Task.WhenAll(Services.Select(service =>
            clients.CreateClient(ClientOf(service)).Get<ServiceStatus>("/status", ct)));

        return [.. Services.Zip(answers)];
    }
}
