using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;

namespace Community.EventStore;

/// <summary>
/// The newest events of the log, read once for all shards: those that stand near its end ask for the same range at the same
/// moment, each for its own types, and most of them for nothing in it (docs/adr/0024).
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim without a wait handle holds nothing.")]
internal sealed class LogTail(IEventLoader all, UnknownEvents unknown)
{
    /// <summary>Sequences in a range; who is further behind reads for himself, by the types that he wants.</summary>
    public const int Most = 500;

    // The shards ask within milliseconds of each other; what is older is asked of the database again, as by everybody.
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private EventPage? _last;
    private long _read;

    /// <summary>All events of the range at least.</summary>
    public async Task<EventPage> Read(EventRequest request, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);

        try
        {
            if (_last is { } last && request.Floor >= last.Floor && request.HighWater <= last.Ceiling && Stopwatch.GetElapsedTime(_read) < Life)
            {
                return last;
            }

            var asked = Stopwatch.GetTimestamp();
            var page = all.LoadAsync(request, ct);
            await Task.WhenAll(page, unknown.Refuse(request.Floor, request.HighWater, ct));
            (_last, _read) = (await page, asked);

            return _last;
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>What one shard wants of the tail; where the tail cannot be read, or it is not for a tail, by the shard's own loader.</summary>
internal sealed class TailLoader(LogTail tail, EventFilterable filter, int batchSize, IEventLoader own) : IEventLoader
{
    // As Marten reads a filter: one abstract type among the included, and all events come.
    private readonly bool _all = filter.IncludedEventTypes.Count == 0 || filter.IncludedEventTypes.Any(type => type.IsAbstract);

    public async Task<EventPage> LoadAsync(EventRequest request, CancellationToken token)
    {
        if (filter.StreamType is not null || request.HighWater - request.Floor > Math.Min(batchSize, LogTail.Most))
        {
            return await own.LoadAsync(request, token);
        }

        EventPage read;

        try
        {
            read = await tail.Read(request, token);
        }
        catch (Exception e) when (!token.IsCancellationRequested && !e.IsDatabaseAway())
        {
            // An event that cannot be read may be none of this shard's; if it is, the shard's own reading says so again.
            return await own.LoadAsync(request, token);
        }

        var page = new EventPage(request.Floor);
        page.AddRange(read.Where(e => e.Sequence > request.Floor && e.Sequence <= request.HighWater
            && (filter.IncludeArchivedEvents || !e.IsArchived)
            && (_all || e.Data is Archived || filter.IncludedEventTypes.Contains(e.EventType))));
        page.CalculateCeiling(batchSize, request.HighWater);

        return page;
    }
}
