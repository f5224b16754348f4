using JasperFx.Events.Projections;
using Marten;
using Marten.Exceptions;
using Npgsql;
using Polly;

namespace Community.EventSourcing;

/// <summary>
/// Refuses a page of the log that has an event of a name which this release does not know. A projection loads by names:
/// what a newer release has stored would not even be read, and its progress would pass over it.
/// </summary>
internal sealed class UnknownEvents(NpgsqlDataSource database, StoreOptions options, StoredEvents events) : ResilienceStrategy
{
    private readonly Lazy<string[]> _known = new(() =>
        [.. events.Names, .. ((IReadOnlyStoreOptions)options).Events.AllKnownEventTypes().Select(type => type.EventTypeName), "archived", "tombstone"]);

    // Ranges that were looked through: shards mostly load the same ones, one after the other.
    private readonly Lock _gate = new();
    private long _from = -1;
    private long _to = -1;

    protected override ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state) =>
        typeof(TResult) == typeof(EventPage) ? Check(callback(context, state), context.CancellationToken) : callback(context, state);

    private async ValueTask<Outcome<TResult>> Check<TResult>(ValueTask<Outcome<TResult>> load, CancellationToken ct)
    {
        var outcome = await load;

        if (outcome.Result is not EventPage page || IsChecked(page))
        {
            return outcome;
        }

        await using var select = database.CreateCommand($"""
            select type, seq_id from {options.Events.DatabaseSchemaName}.mt_events
            where seq_id > $1 and seq_id <= $2 and type <> all($3) order by seq_id limit 1
            """);
        select.CommandTimeout = 0;
        select.Parameters.Add(new() { Value = page.Floor });
        select.Parameters.Add(new() { Value = page.Ceiling });
        select.Parameters.Add(new() { Value = _known.Value });
        await using var row = await select.ExecuteReaderAsync(ct);

        if (await row.ReadAsync(ct))
        {
            return Outcome.FromException<TResult>(new UnknownEventTypeException(row.GetString(0), row.GetInt64(1)));
        }

        Checked(page);

        return outcome;
    }

    private bool IsChecked(EventPage page)
    {
        lock (_gate)
        {
            return _from >= 0 && page.Floor >= _from && page.Ceiling <= _to;
        }
    }

    private void Checked(EventPage page)
    {
        lock (_gate)
        {
            (_from, _to) = _from >= 0 && page.Floor <= _to && page.Ceiling >= _from
                ? (Math.Min(_from, page.Floor), Math.Max(_to, page.Ceiling))
                : (page.Floor, page.Ceiling);
        }
    }
}
