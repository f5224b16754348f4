using System.Diagnostics;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.EventStore;

/// <summary>
/// A page of a projection holds events of many traces, so its span belongs to none of them: it links to all (Marten makes
/// the span, we add the links). And so that a trace reaches from the request to the read model without following links
/// back, each of them gets a span of its own, from the page's beginning to its commit. Only sampled traces count, and a
/// page that holds an event of one is sampled itself.
/// </summary>
internal sealed class ProjectionTraces([FromKeyedServices(DaemonStore.Key)] NpgsqlDataSource database, StoredEvents events) : IStorePart, IChangeListener
{
    // As many links as OpenTelemetry keeps of a span unless told otherwise.
    private const int Most = 128;
    private static readonly ActivitySource Activities = new("Community.EventStore");
    private Lazy<Dictionary<string, Shard>> _shards = new(() => []);

    public void Configure(StoreOptions options)
    {
        if (options.DatabaseSchemaName != options.Events.DatabaseSchemaName)
        {
            return; // a read model being built anew: the requests of its events were over long ago
        }

        options.Projections.AsyncListeners.Add(this);
        _shards = new(() => options.Projections.AllShards().Where(shard => shard.Role == ShardRole.Projection).ToDictionary(
            shard => $"marten.{shard.Name.Name}.{shard.Name.ShardKey}.page.execution".ToLowerInvariant(),
            shard => new Shard(shard.Name.Name, shard.Name.Identity, TypesOf(shard.Filters))));
    }

    /// <summary>Reads before the commit: after it nothing may fail, for the page has been done.</summary>
    public async Task BeforeCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token)
    {
        if (Page() is not ({ IsAllDataRequested: true } page, { } shard) || page.Links.Any()
            || page.GetTagItem("event.floor") is not long floor || page.GetTagItem("event.ceiling") is not long ceiling)
        {
            return;
        }

        await using var select = database.CreateCommand(
            "select distinct headers->>'traceparent' from mt_events where seq_id > $1 and seq_id <= $2 and type = any($3) and headers->>'traceparent' ~ '[13579bdf]$' limit $4"); // the last bit: sampled
        select.Parameters.Add(new() { Value = floor });
        select.Parameters.Add(new() { Value = ceiling });
        select.Parameters.Add(new() { Value = shard.EventTypes });
        select.Parameters.Add(new() { Value = Most });
        await using var rows = await select.ExecuteReaderAsync(token);

        while (await rows.ReadAsync(token))
        {
            if (ActivityContext.TryParse(rows.GetString(0), null, isRemote: true, out var context))
            {
                page.AddLink(new ActivityLink(context));
                page.ActivityTraceFlags |= ActivityTraceFlags.Recorded; // a trace that is exported is exported whole
            }
        }
    }

    public Task AfterCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token)
    {
        if (Page() is ({ } page, { } shard))
        {
            foreach (var link in page.Links)
            {
                Activities.StartActivity(
                    $"project {shard.Projection}", ActivityKind.Internal, link.Context, [new("community.shard", shard.Identity)],
                    [new ActivityLink(page.Context)], page.StartTimeUtc)?.Dispose();
            }
        }

        return Task.CompletedTask;
    }

    private (Activity Page, Shard Shard)? Page()
    {
        for (var activity = Activity.Current; activity is not null; activity = activity.Parent)
        {
            if (_shards.Value.TryGetValue(activity.OperationName, out var shard))
            {
                return (activity, shard);
            }
        }

        return null;
    }

    // No types named: all of them.
    private string[] TypesOf(EventFilterable filter) =>
    [
        .. from stored in events.Types
           where filter.IncludedEventTypes.Count == 0 || filter.IncludedEventTypes.Any(included => included.IsAssignableFrom(stored.Type))
           select stored.Name
    ];

    private sealed record Shard(string Projection, string Identity, string[] EventTypes);
}
