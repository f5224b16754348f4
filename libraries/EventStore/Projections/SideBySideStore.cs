using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.Extensions.Logging;
using Npgsql;
using Weasel.Core;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.EventStore;

/// <summary>
/// One read model, built anew from the same log by a daemon of its own, in a schema of its own and under the schema's name
/// for its progress. It is dropped with the schema, or its tables take the place of the serving ones.
/// </summary>
internal sealed class SideBySideStore : IAsyncDisposable
{
    // The loader's round trip weighs less with larger pages; no reader waits for this one.
    private const int PageSize = 2000;

    private readonly NpgsqlDataSource _database;
    private readonly DocumentStore _store;
    private readonly IReadOnlyList<Table> _tables;
    private readonly IReadOnlyList<ISchemaObject> _others;
    private readonly string _serving;
    private IProjectionDaemon? _daemon;

    private SideBySideStore(
        NpgsqlDataSource database, DocumentStore store, ShardName shard, IReadOnlyList<Table> tables, IReadOnlyList<ISchemaObject> others, string serving) =>
        (_database, _store, Shard, _tables, _others, _serving) = (database, store, shard, tables, others, serving);

    public ShardName Shard { get; }

    private string Schema => _store.Options.DatabaseSchemaName;

    /// <summary>Where the daemon fails, it stands: the reason, with the event.</summary>
    public ShardFailure? Failure => _daemon?.CurrentAgents() is [var agent, ..] ? agent.Failure : null;

    /// <exception cref="NotRebuildableException">The read model does not say which tables are its own, or writes into others.</exception>
    public static SideBySideStore Of(
        StoreConfiguration configuration, ConnectionOptions connection, string projection, string schema)
    {
        // What names no schema is looked for in the new one first, so that no statement meets a serving table by chance.
        var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.Daemons) { SearchPath = $"{schema},public" }.ConnectionString);
        var options = configuration.For(database, schema);

        if (options.FindProjection(projection) is not ProjectionBase named || named is not IProjectionSource<IDocumentOperations, IQuerySession> source)
        {
            throw new NotRebuildableException("It is not a projection of Marten's own kinds.");
        }

        named.Name = schema;
        source.Options.BatchSize = Math.Max(source.Options.BatchSize, PageSize);
        options.Projections.All.RemoveAll(p => p != source);
        var store = configuration.Store(options, database);
        var objects = store.Storage.AllObjects().ToList();
        var owned = source.OwnedTables(store);
        var tables = objects.OfType<Table>().Where(table => owned.Contains(table.Identifier.QualifiedName)).ToList();

        if (owned.Count == 0 || tables.Count < owned.Count || tables.Any(table => table.Identifier.Schema != schema))
        {
            throw new NotRebuildableException(
                $"Its tables ({string.Join(", ", owned)}) must be declared to Marten and lie in the schema of the store's configuration.");
        }

        var others = (source as IProjectionSchemaSource)?.CreateSchemaObjects((Marten.Events.EventGraph)options.Events)
            .Where(o => o is not Table && o.Identifier.Schema == schema).ToList() ?? [];

        return new SideBySideStore(database, store, source.Shards()[0].Name, tables, others, options.Events.DatabaseSchemaName);
    }

    /// <summary>Makes the schema with its empty tables, and begins to fill them.</summary>
    public async Task Start(ILogger log, CancellationToken ct)
    {
        var migrator = _store.Options.Advanced.Migrator;
        await using var ddl = new StringWriter();

        foreach (var o in _tables.Concat(_others))
        {
            o.WriteCreateStatement(migrator, ddl);
        }

        // Indexes on dates call functions of Marten; those of the serving schema stay.
        var create = $"create schema {Schema}; {ddl.ToString().Replace($"{Schema}.mt_immutable_", $"{_serving}.mt_immutable_", StringComparison.Ordinal)}";
        await using var command = _database.CreateCommand(create);
        await command.ExecuteNonQueryAsync(ct);
        _daemon = await _store.BuildProjectionDaemonAsync(logger: log);
        await _daemon.StartAgentAsync(Shard, ct);
    }

    /// <summary>Goes on after <see cref="Hold"/>.</summary>
    public Task Resume(CancellationToken ct) => _daemon!.StartAgentAsync(Shard, ct);

    /// <summary>After it no page is being written.</summary>
    public Task Hold() => _daemon!.StopAgentAsync(Shard);

    /// <summary>The planner must know the new tables before the first reader meets them.</summary>
    public async Task Analyze(CancellationToken ct)
    {
        await using var analyze = _database.CreateCommand($"analyze {Names(Schema)}");
        analyze.CommandTimeout = 0;
        await analyze.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Keeps every reader and writer out of the serving tables until the transaction ends.</summary>
    public string LockStatement => $"lock table {Names(_serving)} in access exclusive mode";

    /// <summary>The new tables in the place of the serving ones, and nothing left of the schema: whatever still hung on it would be an error.</summary>
    public string SwapStatements
    {
        get
        {
            using var drop = new StringWriter();

            foreach (var o in _others)
            {
                o.WriteDropStatement(_store.Options.Advanced.Migrator, drop);
            }

            var moves = _tables.Select(table => $"alter table {table.Identifier.QualifiedName} set schema {_serving};");

            return $"drop table {Names(_serving)}; {drop} {string.Concat(moves)} drop schema {Schema};";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
        {
            await _daemon.StopAllAsync();
            _daemon.Dispose();
        }

        await _store.DisposeAsync();
        await _database.DisposeAsync();
    }

    private string Names(string schema) => string.Join(", ", _tables.Select(table => $"{schema}.{table.Identifier.Name}"));
}

public static class ProjectionNames
{
    /// <summary>Marten takes the whole name of the class, where the projection has none of its own.</summary>
    public static string Shown(string name) => name[(name.LastIndexOf('.') + 1)..];

    public static IProjectionSource<IDocumentOperations, IQuerySession>? FindProjection(this StoreOptions options, string shown) =>
        options.Projections.All.SingleOrDefault(source => Shown(source.Name) == shown);

    /// <summary>What Marten's own rebuild empties: the tables of documents that are published, and those that are named for it.</summary>
    public static HashSet<string> OwnedTables(this IProjectionSource<IDocumentOperations, IQuerySession> source, DocumentStore store) =>
        source.PublishedTypes().Concat(source.Options.CleanUps.OfType<DeleteDocuments>().Select(documents => documents.DocumentType))
            .Select(type => ((IReadOnlyStoreOptions)store.Options).FindOrResolveDocumentType(type).TableName.QualifiedName)
            .Concat(source.Options.CleanUps.OfType<DeleteTableData>().Select(table => table.TableIdentifier))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
}

/// <summary>The read model cannot be built beside the serving one; the message says why.</summary>
internal sealed class NotRebuildableException(string message) : Exception(message);
