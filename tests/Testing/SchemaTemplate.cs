using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Community.Testing;

/// <summary>
/// A database with a service's schema and nothing in it, of which the databases of all its tests are copies: the first host
/// leaves it there. Its name says which code made it, so a changed service finds none. A host whose test adds tables finds another
/// stamp than its own and migrates as always.
/// </summary>
internal static class SchemaTemplate<TProgram>
{
    private static readonly string Code = CodeOf();

    public static async Task<(string Database, Action<IServiceCollection>? Configure)> CreateDatabase(string service, Action<IServiceCollection>? configure)
    {
        var template = $"template_{service}_{Code}";
        try
        {
            return (await Servers.CreateDatabase(service, template), configure);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            var database = await Servers.CreateDatabase(service);

            return (database, services =>
            {
                configure?.Invoke(services);
                services.AddSingleton<IHostedService>(provider => new Keep(provider.GetRequiredService<NpgsqlDataSource>(), database, template));
            }
            );
        }
    }

    private static string CodeOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var program = typeof(TProgram).Assembly;
        hash.AppendData(program.ManifestModule.ModuleVersionId.ToByteArray());
        foreach (var used in program.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Community.", StringComparison.Ordinal) || name.Name == "Marten").OrderBy(name => name.Name, StringComparer.Ordinal))
            hash.AppendData(System.Reflection.Assembly.Load(used).ManifestModule.ModuleVersionId.ToByteArray());

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    /// <summary>Runs when the schema is there and nothing else has begun. Two hosts may come here at once: one template is enough.</summary>
    private sealed class Keep(NpgsqlDataSource source, string database, string template) : IHostedLifecycleService
    {
        public async Task StartingAsync(CancellationToken cancellationToken)
        {
            source.Clear();
            try
            {
                await Servers.Copy(new NpgsqlConnectionStringBuilder(database).Database!, template);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.UniqueViolation)
            {
            }
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
