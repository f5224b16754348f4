namespace Community.Portal.Services;

public sealed record ServiceStatus(
    string Status, IReadOnlyList<PartStatus> Parts, IReadOnlyList<ShardStatus>? Shards, IReadOnlyList<QueueStatus>? Queues);

public sealed record PartStatus(string Part, string Status, string? Detail);

public sealed record ShardStatus(string Shard, string Status, long Position, long Events, double Seconds, ShardFault? Failure);

public sealed record ShardFault(string Message, long? Sequence, Guid? EventId);

public sealed record QueueStatus(string Queue, long Messages, double Seconds, long Errors);

/// <summary>What somebody of the staff did in a service.</summary>
/// <param name="Cursor">What to ask any service for what was done before it.</param>
public sealed record StaffAction(Guid EventId, DateTimeOffset At, Guid By, string Type, Guid Subject, string Cursor);

public sealed record StaffActionPage(IReadOnlyList<StaffAction> Items, string? Next);

/// <param name="Away">Services that did not answer: what was done there is missing.</param>
public sealed record StaffActions(IReadOnlyList<(string Service, StaffAction Action)> Items, string? Next, IReadOnlyList<string> Away);

/// <summary>Asks every service; only operators get an answer.</summary>
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

    /// <summary>What the staff did in all services, the newest first.</summary>
    /// <param name="by">Only what this member did.</param>
    /// <param name="after">The cursor of the last one seen.</param>
    public async Task<StaffActions> StaffActions(Guid? by, string? after, CancellationToken ct)
    {
        const int Size = 50;
        var address = Query.Of($"/staff-actions?limit={Size}", ("by", by?.ToString()), ("after", after));
        var answers = await Task.WhenAll(Services.Select(service => clients.CreateClient(ClientOf(service)).Get<StaffActionPage>(address, ct)));
        var pages = Services.Zip(answers).ToList();
        var all = pages.SelectMany(page => (page.Second.Value?.Items ?? []).Select(action => (Service: page.First, Action: action)))
            .OrderByDescending(item => item.Action.At).ThenByDescending(item => item.Action.EventId, ByBytes).ToList();
        var shown = all.Take(Size).ToList();
        var isLast = all.Count == shown.Count && pages.All(page => page.Second.Value?.Next is null);

        return new(shown, isLast ? null : shown[^1].Action.Cursor, [.. pages.Where(page => !page.Second.IsGiven).Select(page => page.First)]);
    }

    // As PostgreSQL orders them, so that a page ends at one place in all services.
    private static readonly Comparer<Guid> ByBytes = Comparer<Guid>.Create((one, other) =>
        one.ToByteArray(bigEndian: true).AsSpan().SequenceCompareTo(other.ToByteArray(bigEndian: true)));
}
