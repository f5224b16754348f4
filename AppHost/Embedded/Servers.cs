using Community.AppHost.LocalServers;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Aspire.Hosting;

internal abstract class ServerResource(string name, int port, IConfiguration configuration) : Resource(name)
{
    private string? connectionString;

    public string? DataDirectory { get; set; }

    public string ConnectionString => connectionString ?? throw new InvalidOperationException($"{Name} is not started.");

    public override IEnumerable<int> Ports => Given is null ? OwnPorts : [];

    protected int Port => port;

    protected virtual int[] OwnPorts => [port];

    protected string Directory => DataDirectory ?? throw new InvalidOperationException($"{Name} has no data directory.");

    private string? Given => configuration.GetConnectionString(Name);

    protected abstract string Image { get; }

    protected abstract Task<(string ConnectionString, Child Process)> Start(ContainerPlace? container, string logFile, CancellationToken ct);

    protected sealed override async Task Start(CancellationToken ct)
    {
        var source = await ServerSource.Choose(Given, Image, ct);
        if (source is ServerSource.Given)
        {
            connectionString = Given;
            return;
        }

        var logFile = LogFile.New(configuration["Logs"] ?? ".", Name);
        var place = source is ServerSource.Container { Runtime: var runtime } ? new ContainerPlace(runtime, $"{Port}") : null;
        (connectionString, var process) = await Start(place, logFile, ct);
        _ = Watch(Name, process, logFile);
    }
}

internal sealed class PostgresServerResource(string name, ParameterResource password, int port, IConfiguration configuration)
    : ServerResource(name, port, configuration), IResourceWithConnectionString
{
    private PostgresServer? server;

    protected override string Image => Images.Postgres;

    protected override async Task<(string, Child)> Start(ContainerPlace? container, string logFile, CancellationToken ct)
    {
        server = new(new(Directory, Port, password.Value) { Container = container, LogFile = logFile });
        await server.Start(ct);
        return (server.ConnectionString, server.Process);
    }

    protected override Task End() => server?.Stop() ?? Task.CompletedTask;
}

internal sealed class PostgresDatabaseResource(string name, PostgresServerResource server) : Resource(name), IResourceWithConnectionString
{
    public string ConnectionString => $"{server.ConnectionString};Database={Name}";

    protected override async Task Start(CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection($"{server.ConnectionString};Database=postgres;Pooling=false");
            await connection.OpenAsync(ct);
            await using var create = new NpgsqlCommand($"CREATE DATABASE \"{Name}\"", connection);
            await create.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // From an earlier start.
        }
        catch (NpgsqlException e)
        {
            throw new StartRefused($"The database {Name} cannot be made on {server.Name}: {e.Message}");
        }
    }
}

internal sealed class RabbitMQServerResource(string name, ParameterResource password, int port, IConfiguration configuration)
    : ServerResource(name, port, configuration), IResourceWithConnectionString
{
    private RabbitMqServer? server;

    protected override string Image => Images.RabbitMq;

    protected override int[] OwnPorts => [Port, Port + 2, Port + 3];

    protected override async Task<(string, Child)> Start(ContainerPlace? container, string logFile, CancellationToken ct)
    {
        server = new(new(Directory, new(Port, Port + 1, Port + 2, Port + 3), password.Value) { Container = container, LogFile = logFile });
        await server.Start(ct);
        return (server.ConnectionString, server.Process);
    }

    protected override Task End() => server?.Stop() ?? Task.CompletedTask;
}

internal static class ServerExtensions
{
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password, int port) =>
        builder.AddResource(new PostgresServerResource(name, password.Resource, port, builder.Configuration));

    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password, int port) =>
        builder.AddResource(new RabbitMQServerResource(name, password.Resource, port, builder.Configuration));

    public static IResourceBuilder<T> WithDataBindMount<T>(this IResourceBuilder<T> builder, string source) where T : ServerResource
    {
        builder.Resource.DataDirectory = source;
        return builder;
    }

    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name)
    {
        var database = new PostgresDatabaseResource(name, builder.Resource);
        database.Awaited.Add(builder.Resource);
        return builder.ApplicationBuilder.AddResource(database);
    }
}
