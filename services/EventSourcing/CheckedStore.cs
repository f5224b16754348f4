using System.Reflection;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.Logging;
using Npgsql;
using UnknownEventTypeException = Marten.Exceptions.UnknownEventTypeException;

namespace Community.EventSourcing;

/// <summary>
/// Marten's store, but that its daemon asks first which names stand in a part of the log, once for all shards. One that this
/// release does not know stops who would pass over it: a projection loads by names, and would not even read it. Where none
/// concerns a shard, it rests instead of reading nothing and writing that down at each look (docs/adr/0014).
/// </summary>
internal sealed class CheckedStore(StoreOptions options, StoredEvents events, NpgsqlDataSource database)
    : DocumentStore(options), IEventStore<IDocumentOperations, IQuerySession>
{
    // Marten implements the interface for itself alone, and offers no other place between the loader and the daemon.
    private static readonly MethodInfo Build = typeof(DocumentStore).GetInterfaceMap(typeof(IEventStore<IDocumentOperations, IQuerySession>))
        .TargetMethods.Single(method => method.Name.EndsWith(".BuildEventLoader", StringComparison.Ordinal) && method.GetParameters().Length == 5);

    private readonly LogNames _names = new(options, events, database);

    IEventLoader IEventStore<IDocumentOperations, IQuerySession>.BuildEventLoader(
        IEventDatabase database, ILogger loggerFactory, EventFilterable filtering, AsyncOptions shardOptions, ShardName shardName) =>
        new CheckedLoader(
            (IEventLoader)Build.Invoke(this, [database, loggerFactory, filtering, shardOptions, shardName])!, _names,
            events.Others(filtering.IncludedEventTypes), database.Tracker, Options.Projections.RebuildErrors);
}

/// <param name="others">Names that do not concern the shard.</param>
/// <param name="rebuild">What requests of a rebuild carry: it ends at the mark that it was asked for, and neither earlier nor later.</param>
internal sealed class CheckedLoader(
    IEventLoader loader, LogNames names, IReadOnlySet<string> others, ShardStateTracker tracker, ErrorHandlingOptions rebuild) : IEventLoader
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(250);

    /// <exception cref="UnknownEventTypeException">With the first one and its sequence.</exception>
    public async Task<EventPage> LoadAsync(EventRequest request, CancellationToken token)
    {
        // Far behind: pages are full, or reach further than anybody else's.
        if (IsFar(request, request.HighWater) || ReferenceEquals(request.ErrorOptions, rebuild))
        {
            var page = await loader.LoadAsync(request, token);
            await names.Check(page.Floor, page.Ceiling, token);

            return page;
        }

        try
        {
            return await Concerned(request.Floor, request.HighWater, token) ? await loader.LoadAsync(request, token) : await Rest(request, token);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // The shard is stopped, and nobody waits for the page any more; an error would be taken for a failure of the shard.
            await Task.Delay(Timeout.Infinite, CancellationToken.None);

            throw;
        }
    }

    // Until something comes that concerns the shard, or its progress is to be written down after all. Marks that come
    // meanwhile wait for the shard; what has been seen of them is in the page, so that it passes over them.
    private async Task<EventPage> Rest(EventRequest request, CancellationToken token)
    {
        var seen = request.HighWater;
        using var marks = new HighWaterMarks(tracker);
        var over = Task.Delay(LongestRest, token);

        while (!over.IsCompleted)
        {
            var next = marks.Next;

            if (tracker.HighWaterMark is var mark && mark > seen)
            {
                if (IsFar(request, mark))
                {
                    break;
                }

                if (await Concerned(seen, mark, token))
                {
                    return await loader.LoadAsync(UpTo(mark, request), token);
                }

                seen = mark;
            }

            await Task.WhenAny(next, over);
        }

        token.ThrowIfCancellationRequested();
        var empty = new EventPage(request.Floor);
        empty.CalculateCeiling(request.BatchSize, seen);

        return empty;
    }

    private static EventRequest UpTo(long mark, EventRequest request) => new()
    {
        Floor = request.Floor,
        HighWater = mark,
        BatchSize = request.BatchSize,
        Name = request.Name,
        ErrorOptions = request.ErrorOptions,
        Runtime = request.Runtime,
        Metrics = request.Metrics
    };

    private static bool IsFar(EventRequest request, long mark) => mark - request.Floor > request.BatchSize;

    private async Task<bool> Concerned(long floor, long ceiling, CancellationToken token) => !others.IsSupersetOf(await names.In(floor, ceiling, token));

    private sealed class HighWaterMarks : IObserver<ShardState>, IDisposable
    {
        private readonly IDisposable _subscription;
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HighWaterMarks(ShardStateTracker tracker) => _subscription = tracker.Subscribe(this);

        public Task Next => Volatile.Read(ref _next).Task;

        public void OnNext(ShardState value)
        {
            if (value.ShardName == ShardState.HighWaterMark)
            {
                Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            }
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose() => _subscription.Dispose();
    }
}

/// <summary>The names of events in ranges of the log; shards mostly ask for the same ones, one after the other.</summary>
internal sealed class LogNames(StoreOptions options, StoredEvents events, NpgsqlDataSource database)
{
    private const int Kept = 8;

    private readonly Lazy<string[]> _known = new(() =>
        [.. events.Names, .. ((IReadOnlyStoreOptions)options).Events.AllKnownEventTypes().Select(type => type.EventTypeName), "archived", "tombstone"]);

    private readonly Lock _gate = new();
    private readonly LinkedList<(long Floor, long Ceiling, Task<IReadOnlyList<string>> Names)> _asked = [];

    /// <summary>For a range that others ask for, too; a short one.</summary>
    /// <exception cref="UnknownEventTypeException">With the first one and its sequence.</exception>
    public async Task<IReadOnlyList<string>> In(long floor, long ceiling, CancellationToken ct)
    {
        var found = await Once(floor, ceiling).WaitAsync(ct);

        if (found.All(_known.Value.Contains))
        {
            return found;
        }

        await Check(floor, ceiling, ct);

        throw new InvalidOperationException($"The log has changed between {floor} and {ceiling}.");
    }

    /// <exception cref="UnknownEventTypeException">With the first one and its sequence.</exception>
    public async Task Check(long floor, long ceiling, CancellationToken ct)
    {
        await using var select = Select("type, seq_id", "and type <> all($3) order by seq_id limit 1", floor, ceiling);
        select.Parameters.Add(new() { Value = _known.Value });
        select.CommandTimeout = 0; // it may be the whole log
        await using var row = await select.ExecuteReaderAsync(ct);

        if (await row.ReadAsync(ct))
        {
            throw new UnknownEventTypeException(row.GetString(0), row.GetInt64(1));
        }
    }

    private Task<IReadOnlyList<string>> Once(long floor, long ceiling)
    {
        lock (_gate)
        {
            foreach (var asked in _asked)
            {
                if ((asked.Floor, asked.Ceiling) == (floor, ceiling) && !asked.Names.IsFaulted)
                {
                    return asked.Names;
                }
            }

            var names = Read(floor, ceiling);
            _asked.AddFirst((floor, ceiling, names));

            if (_asked.Count > Kept)
            {
                _asked.RemoveLast();
            }

            return names;
        }
    }

    private async Task<IReadOnlyList<string>> Read(long floor, long ceiling)
    {
        await using var select = Select("distinct type", "", floor, ceiling);
        await using var row = await select.ExecuteReaderAsync();
        var names = new List<string>();

        while (await row.ReadAsync())
        {
            names.Add(row.GetString(0));
        }

        return names;
    }

    private NpgsqlCommand Select(string columns, string rest, long floor, long ceiling)
    {
        var select = database.CreateCommand($"select {columns} from {options.Events.DatabaseSchemaName}.mt_events where seq_id > $1 and seq_id <= $2 {rest}");
        select.Parameters.Add(new() { Value = floor });
        select.Parameters.Add(new() { Value = ceiling });

        return select;
    }
}
