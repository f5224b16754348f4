using System.Reflection;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.EventStore;

public static class EventStoreRegistration
{
    /// <summary>
    /// The service's event store on the connection string <paramref name="connectionName"/>, with the event types of the
    /// calling service, its schema brought up to date before traffic, and its daemon on one replica at a time.
    /// </summary>
    public static IHostApplicationBuilder AddEventStore(this IHostApplicationBuilder builder, string connectionName, Assembly events)
    {
        var connection = builder.Configuration.GetConnectionString(connectionName)
            ?? throw new InvalidOperationException($"The connection string '{connectionName}' is not set.");

        // The database's own lists (pg_stat_activity) tell by it which process holds what.
        connection = new NpgsqlConnectionStringBuilder(connection)
        {
            ApplicationName = $"{builder.Environment.ApplicationName} {Environment.ProcessId}"
        }.ConnectionString;

        // Lost races and repeats are everyday here, and the exception tells who called: Marten need not log them as errors.
        builder.Logging.AddFilter("Marten.IDocumentStore", LogLevel.Critical);
        builder.Logging.AddFilter("Marten", LogLevel.Warning); // a line for each batch otherwise
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new ConnectionOptions(connection));
        builder.Services.AddSingleton(_ => NpgsqlDataSource.Create(connection));
        builder.Services.TryAddSingleton(StoredEvents.Of(events));
        builder.Services.AddSingleton(services => new StoreConfiguration(
            services.GetRequiredService<TimeProvider>(), [.. services.GetServices<IStorePart>()], services.GetRequiredService<StoredEvents>()));
        builder.Services.AddMarten(services =>
        {
            var options = services.GetRequiredService<StoreConfiguration>().For(services.GetRequiredService<NpgsqlDataSource>());
            options.Listeners.Add(services.GetRequiredService<Wakeup>());

            return options;
        });
        builder.Services.Replace(ServiceDescriptor.Singleton<IDocumentStore>(services =>
            services.GetRequiredService<StoreConfiguration>().Store(services.GetRequiredService<StoreOptions>(), services.GetRequiredService<NpgsqlDataSource>())));

        builder.Services.AddDaemonStore();
        builder.Services.AddSingleton<Wakeup>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Wakeup>());
        builder.Services.AddSingleton<SchemaMigration>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SchemaMigration>());
        builder.Services.AddSingleton<ProjectionHost>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ProjectionHost>());
        builder.Services.AddSingleton<IStorePart, ProjectionTraces>();
        builder.Services.AddSingleton<IStorePart, StaffActionTable>();
        builder.Services.AddSingleton<ProjectionLag>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ProjectionLag>());
        builder.Services.AddRebuilds();
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealth>("database").AddCheck<ProjectionHealth>("projections");
        builder.Services.AddSealing(builder.Configuration);

        return builder;
    }

    /// <summary>What a module adds to the service's store: projections, tables, indexes. It runs once for each store that is made.</summary>
    public static IHostApplicationBuilder ConfigureStore(this IHostApplicationBuilder builder, Action<StoreOptions> configure)
    {
        builder.Services.AddSingleton<IStorePart>(new ModulePart(configure));

        return builder;
    }

    internal static void Configure(StoreOptions options, Assembly events) => Configure(options, StoredEvents.Of(events));

    internal static void Configure(StoreOptions options, StoredEvents events)
    {
        // Marten must know the casing too: its queries and indexes name the members by it.
        options.UseSystemTextJsonForSerialization(casing: Weasel.Core.Casing.CamelCase, configure: json => EventTypes.Configure(json));
        options.DisableNpgsqlLogging = true;

        // The migration has made the schema; looking again at the first use of each type would only cost.
        options.AutoCreateSchemaObjects = AutoCreate.None;

        options.Events.StreamIdentity = StreamIdentity.AsGuid;
        options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        options.Events.UseExclusiveLockOnConcurrentAppends = true;
        options.Events.MetadataConfig.EnableAll();
        options.Events.MetadataConfig.UserNameEnabled = true; // "all" leaves it out
        options.MapEventTypes(events);

        // Nothing is skipped: the shard that fails pauses, and the others go on.
        options.Projections.Errors.SkipApplyErrors = false;
        options.Projections.Errors.SkipSerializationErrors = false;
        options.Projections.Errors.SkipUnknownEvents = false;
        options.Projections.RebuildErrors.SkipApplyErrors = false;
        options.Projections.RebuildErrors.SkipSerializationErrors = false;
        options.Projections.RebuildErrors.SkipUnknownEvents = false;
        options.Projections.AsyncMode = DaemonMode.Solo; // on one replica: ProjectionHost holds the lock
        options.Events.EnableExtendedProgressionTracking = true; // so that every replica can tell which shard is paused, and why
        options.OpenTelemetry.TrackEventCounters();
    }

    private sealed class ModulePart(Action<StoreOptions> configure) : IStorePart
    {
        public void Configure(StoreOptions options) => configure(options);
    }
}

/// <summary>How the service's store is made: the serving one, and the one beside it in which a read model is built anew.</summary>
internal sealed class StoreConfiguration(TimeProvider clock, IReadOnlyList<IStorePart> parts, StoredEvents events)
{
    public DocumentStore Store(StoreOptions options, NpgsqlDataSource database) => new CheckedStore(options, events, database);

    /// <param name="beside">The schema of the read models where it is not the serving one; the log stays the same.</param>
    public StoreOptions For(NpgsqlDataSource database, string? beside = null)
    {
        var options = new StoreOptions();
        options.Connection(database);
        options.Events.TimeProvider = clock;

        // The schema beside is made once and goes away: no stamp is kept of it.
        options.Advanced.Migrator.UseSchemaFingerprinting = beside is null;
        if (beside is not null)
        {
            options.Events.DatabaseSchemaName = options.DatabaseSchemaName;
            options.DatabaseSchemaName = beside;
        }

        EventStoreRegistration.Configure(options, events);

        foreach (var part in parts)
        {
            part.Configure(options);
        }

        return options;
    }
}

/// <summary>What a library adds to the service's store: a table, a subscription.</summary>
public interface IStorePart
{
    void Configure(StoreOptions options);
}

/// <summary>
/// Brings the schema up to date, under a lock, before the service takes traffic; two replicas may start together. What was
/// applied is kept as a stamp, and a start that finds its stamp compares nothing.
/// </summary>
public sealed class SchemaMigration(IDocumentStore store, ConnectionOptions connectionOptions) : IHostedLifecycleService
{
    private const long Lock = 7_350_001;
    private const string Stamps = "public.weasel_schema_fingerprints";

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionOptions.Unpooled);
        await connection.OpenAsync(cancellationToken);
        await using (var wait = new NpgsqlCommand($"select pg_advisory_lock({Lock})", connection) { CommandTimeout = 0 })
            await wait.ExecuteNonQueryAsync(cancellationToken);

        var before = await KnownStamps(connection, cancellationToken);
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);

        // A release that comes back after this one must find no stamp of its own: the schema is no longer what it left.
        await using var forget = new NpgsqlCommand(
            $"delete from {Stamps} where fingerprint = any($1) and exists (select from {Stamps} where fingerprint <> all($1))", connection)
        {
            Parameters = { new() { Value = before } }
        };
        await forget.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<string[]> KnownStamps(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var exists = new NpgsqlCommand($"select to_regclass('{Stamps}') is not null", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(ct))!)
            return [];

        await using var select = new NpgsqlCommand($"select coalesce(array_agg(fingerprint::text), '{{}}') from {Stamps}", connection);

        return (string[])(await select.ExecuteScalarAsync(ct))!;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>The service's own connection string.</summary>
public sealed record ConnectionOptions(string Pooled)
{
    private const int DaemonsPool = 10;

    /// <summary>Seconds after which an idle session lock's connection is tried.</summary>
    internal const int KeepAlive = 5;

    /// <summary>For session locks: they must end with their connection, and a pooled one with "No Reset On Close" carries them on.</summary>
    public string Unpooled { get; } = With(Pooled, builder =>
    {
        builder.Pooling = false;
        builder.KeepAlive = KeepAlive;

        // The server too must notice within seconds that a whole machine is gone, and free its locks.
        builder.Options += " -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3";
    });

    /// <summary>
    /// For what the log gives again: commits there wait for no disk. A pool of its own, so that commands and the daemon do not
    /// wait for each other's connections.
    /// </summary>
    public string Daemons { get; } = With(Pooled, builder =>
    {
        (builder.MinPoolSize, builder.MaxPoolSize) = (0, DaemonsPool);
        builder.Options += " -c synchronous_commit=off";
    });

    private static string With(string connection, Action<NpgsqlConnectionStringBuilder> change)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection);
        change(builder);

        return builder.ConnectionString;
    }
}
