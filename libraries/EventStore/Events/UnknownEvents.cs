using Marten;
using Npgsql;
using UnknownEventTypeException = Marten.Exceptions.UnknownEventTypeException;

namespace Community.EventStore;

/// <summary>Looks for unknown names in ranges of the log; shards mostly read the same ones, one after the other.</summary>
internal sealed class UnknownEvents(StoreOptions options, StoredEvents events, NpgsqlDataSource database)
{
    private readonly Lazy<string[]> _known = new(() =>
        [.. events.Names, .. ((IReadOnlyStoreOptions)options).Events.AllKnownEventTypes().Select(type => type.EventTypeName), "archived", "tombstone"]);

    private readonly Lock _gate = new();
    private (long Floor, long Ceiling)? _checked;

    /// <exception cref="UnknownEventTypeException">With the first one and its sequence.</exception>
    public async Task Refuse(long floor, long ceiling, CancellationToken ct)
    {
        lock (_gate)
        {
            if (_checked is { } range && floor >= range.Floor && ceiling <= range.Ceiling)
            {
                return;
            }
        }

        await using var select = database.CreateCommand($"""
            select type, seq_id from {options.Events.DatabaseSchemaName}.mt_events
            where seq_id > $1 and seq_id <= $2 and type <> all($3) order by seq_id limit 1
            """);
        select.CommandTimeout = 300; // a page may reach over millions of events that are not the shard's
        select.Parameters.Add(new() { Value = floor });
        select.Parameters.Add(new() { Value = ceiling });
        select.Parameters.Add(new() { Value = _known.Value });
        await using var row = await select.ExecuteReaderAsync(ct);

        if (await row.ReadAsync(ct))
        {
            throw new UnknownEventTypeException(row.GetString(0), row.GetInt64(1));
        }

        lock (_gate)
        {
            _checked = _checked is { } range && floor <= range.Ceiling && ceiling >= range.Floor
                ? (Math.Min(range.Floor, floor), Math.Max(range.Ceiling, ceiling))
                : (floor, ceiling);
        }
    }
}
