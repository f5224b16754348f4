using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.EventStore;

public static class OfflineRebuild
{
    /// <summary>The one argument with which a service does this instead of its work.</summary>
    public const string Argument = "rebuild";

    /// <summary>
    /// Runs the service until it is stopped. With the argument <see cref="Argument"/> it takes no traffic: it builds the read
    /// models that are written together with the events anew from the log, and ends. (Those that follow the log are rebuilt
    /// while the service runs, by <c>POST /projections/{name}/rebuilds</c>.) For that all replicas must be stopped.
    /// </summary>
    /// <returns>The process's exit code: 0, or 1 where it could not be done; the reason is on the standard error output.</returns>
    public static async Task<int> RunOrRebuild(this WebApplication app, string[] args)
    {
        if (args is not [Argument])
        {
            await app.RunAsync();

            return 0;
        }

        try
        {
            await using (app)
            {
                await Rebuild(app.Services);
            }

            return 0;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await Console.Error.WriteLineAsync($"Not rebuilt: {e.GetBaseException().Message}");

            return 1;
        }
    }

    private static async Task Rebuild(IServiceProvider services)
    {
        var store = (DocumentStore)services.GetRequiredService<IDocumentStore>();
        await using var session = new NpgsqlConnection(services.GetRequiredService<ConnectionOptions>().Unpooled);
        await session.OpenAsync();

        // Wherever replicas run, one of them holds it.
        if (!await session.Scalar<bool>($"select pg_try_advisory_lock({ProjectionHost.Lock})", CancellationToken.None))
        {
            throw new InvalidOperationException("a replica of the service runs. What it writes would be missing afterwards; stop all of them first.");
        }

        await services.GetRequiredService<SchemaMigration>().StartingAsync(CancellationToken.None);
        using var daemon = await store.BuildProjectionDaemonAsync();

        foreach (var source in store.Options.Projections.All.Where(source => source.Lifecycle == ProjectionLifecycle.Inline))
        {
            var tables = source.OwnedTables(store);

            // What is not emptied would be written twice.
            if (tables.Count == 0)
            {
                throw new NotRebuildableException($"{ProjectionNames.Shown(source.Name)} does not say which tables are its own.");
            }

            await daemon.RebuildProjectionAsync(source.Name, TimeSpan.FromDays(1), CancellationToken.None);
            Console.WriteLine($"Rebuilt {ProjectionNames.Shown(source.Name)} ({string.Join(", ", tables)})");

            // Written with the events, it has no progress of its own.
            await session.Execute("delete from mt_event_progression where name = $1", CancellationToken.None, source.Shards()[0].Name.Identity);
        }
    }
}
