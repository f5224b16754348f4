using System.Text.Json;
using System.Text.Json.Nodes;
using JasperFx.Events;
using Marten;

namespace Community.EventStore;

/// <summary>One event of a resource, as <c>GET …/{id}/history</c> shows it.</summary>
public sealed record HistoryItem(
    string Type, long Version, DateTimeOffset At, string? By, JsonNode Data, string? CausationId, string? CorrelationId);

public sealed record History(IReadOnlyList<HistoryItem> Items);

public static class Histories
{
    /// <summary>All events of a stream in their order, personal data opened for a reader who may see it; null: no such stream.</summary>
    public static async Task<History?> History(this IDocumentStore store, KeyRing keys, Guid stream, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var events = await session.Events.FetchStreamAsync(stream, token: ct);

        if (events.Count == 0)
        {
            return null;
        }

        var data = events.Select(e => JsonSerializer.SerializeToNode(e.Data, e.Data.GetType(), EventTypes.Json)).ToList();
        var members = data.SelectMany(SealedIn).Select(s => s.KeyId).Distinct().ToList();
        var ring = await keys.Find(members, ct);

        return new History([.. events.Select((e, i) => Item(e, data[i], ring))]);
    }

    /// <summary>Single events by their places in the log, as far as somebody may see them, what these keys seal opened.</summary>
    /// <param name="part">What is seen of an event; null: nothing, and it is left out.</param>
    public static async Task<IReadOnlyList<(long Sequence, HistoryItem Item)>> Items(
        this IDocumentStore store, IReadOnlyCollection<long> sequences, MemberKeys keys, Func<IEvent, object?> part, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var wanted = sequences.ToArray();
        var events = await session.Events.QueryAllRawEvents().Where(e => wanted.Contains(e.Sequence)).OrderBy(e => e.Sequence).ToListAsync(ct);

        return [.. from e in events
                   let seen = part(e)
                   where seen is not null
                   select (e.Sequence, Item(e, JsonSerializer.SerializeToNode(seen, seen.GetType(), EventTypes.Json), keys))];
    }

    private static HistoryItem Item(IEvent e, JsonNode? data, MemberKeys keys) =>
        new(e.EventTypeName, e.Version, e.Timestamp, e.UserName, Open(data, keys)!, e.CausationId, e.CorrelationId);

    private static IEnumerable<Sealed> SealedIn(JsonNode? node) => node switch
    {
        JsonObject o when AsSealed(o) is { } value => [value],
        JsonObject o => o.SelectMany(property => SealedIn(property.Value)),
        JsonArray a => a.SelectMany(SealedIn),
        _ => []
    };

    private static JsonNode? Open(JsonNode? node, MemberKeys keys) => node switch
    {
        JsonObject o when AsSealed(o) is { } value => keys.Open(value) is { } clear ? JsonValue.Create(clear) : null,
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(p.Key, Open(p.Value, keys)))),
        JsonArray a => new JsonArray([.. a.Select(item => Open(item, keys))]),
        _ => node?.DeepClone()
    };

    private static Sealed? AsSealed(JsonObject o) =>
        o.Count == 2 && o.ContainsKey("keyId") && o.ContainsKey("ciphertext") ? o.Deserialize<Sealed>(EventTypes.Json) : null;
}
