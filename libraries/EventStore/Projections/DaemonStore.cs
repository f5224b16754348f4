using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.EventStore;

/// <summary>
/// The store of the daemon: the same as that of commands, but that its commits wait for no disk. A read model and its
/// progress commit together; where the server's machine dies, the last of them are lost together, and done again from the
/// log (docs/adr/0024). What a follower does, it does as commands, by the other store.
/// </summary>
internal static class DaemonStore
{
    public const string Key = "daemon";

    public static void AddDaemonStore(this IServiceCollection services)
    {
        services.AddKeyedSingleton(Key, (provider, _) => NpgsqlDataSource.Create(provider.GetRequiredService<ConnectionOptions>().Daemons));
        services.AddKeyedSingleton<IDocumentStore>(Key, (provider, _) =>
        {
            var configuration = provider.GetRequiredService<StoreConfiguration>();
            var database = provider.GetRequiredKeyedService<NpgsqlDataSource>(Key);
            var options = configuration.For(database);
            options.Projections.Wakeup = provider.GetRequiredService<Wakeup>();

            return configuration.Store(options, database);
        });
    }
}
