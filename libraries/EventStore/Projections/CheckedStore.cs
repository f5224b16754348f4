using System.Reflection;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.EventStore;

/// <summary>
/// Marten's store, but that its daemon refuses a page of the log with an event of a name which this release does not know:
/// a projection loads by names, so what a newer release has stored would not even be read, and the progress pass over it.
/// And the end of the log is read once for all shards.
/// </summary>
internal sealed class CheckedStore(StoreOptions options, StoredEvents events, NpgsqlDataSource database)
    : DocumentStore(options), IEventStore<IDocumentOperations, IQuerySession>
{
    // Marten implements the interface for itself alone, and offers no other place between the loader and the daemon.
    private static readonly MethodInfo Build = typeof(DocumentStore).GetInterfaceMap(typeof(IEventStore<IDocumentOperations, IQuerySession>))
        .TargetMethods.Single(method => method.Name.EndsWith(".BuildEventLoader", StringComparison.Ordinal) && method.GetParameters().Length == 5);

    private readonly UnknownEvents _unknown = new(options, events, database);
    private LogTail? _tail;

    IEventLoader IEventStore<IDocumentOperations, IQuerySession>.BuildEventLoader(
        IEventDatabase database, ILogger loggerFactory, EventFilterable filtering, AsyncOptions shardOptions, ShardName shardName)
    {
        var tail = LazyInitializer.EnsureInitialized(
            ref _tail, () => new(LoaderOf(new EventFilterable { IncludeArchivedEvents = true }, new AsyncOptions { BatchSize = LogTail.Most + 1 }), _unknown));

        return new TailLoader(tail, filtering, shardOptions.BatchSize, new CheckedLoader(LoaderOf(filtering, shardOptions), _unknown));

        IEventLoader LoaderOf(EventFilterable filter, AsyncOptions settings) =>
            (IEventLoader)Build.Invoke(this, [database, loggerFactory, filter, settings, shardName])!;
    }

    private sealed class CheckedLoader(IEventLoader loader, UnknownEvents unknown) : IEventLoader
    {
        public async Task<EventPage> LoadAsync(EventRequest request, CancellationToken token)
        {
            var page = await loader.LoadAsync(request, token);
            await unknown.Refuse(page.Floor, page.Ceiling, token);

            return page;
        }
    }
}
