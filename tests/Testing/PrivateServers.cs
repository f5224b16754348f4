using Community.LocalServers;

namespace Community.Testing;

/// <summary>A RabbitMQ of one test's own, to be stopped and started again at the same address with the same data.</summary>
public sealed class PrivateBroker : IAsyncDisposable
{
    private readonly RabbitMqServer server;
    private readonly string directory;

    internal PrivateBroker(RabbitMqServer server, string directory)
    {
        this.server = server;
        this.directory = directory;
    }

    public string ConnectionString => server.ConnectionString;

    public string ManagementAddress => server.ManagementAddress;

    public Task Start() => server.Start(CancellationToken.None);

    public Task Stop() => server.Stop();

    public async ValueTask DisposeAsync()
    {
        await server.Stop();
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>A PostgreSQL of one test's own, to be stopped and started again at the same address with the same data.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly PostgresServer server;
    private readonly string directory;

    internal PrivatePostgres(PostgresServer server, string directory)
    {
        this.server = server;
        this.directory = directory;
    }

    public string ConnectionString => server.ConnectionString;

    public Task Start() => server.Start(CancellationToken.None);

    public Task Stop() => server.Stop();

    /// <summary>Ends it as a crash would: what is not on disk is lost.</summary>
    public Task Crash() => server.Stop(Signal.Quit);

    public async ValueTask DisposeAsync()
    {
        await server.Stop();
        Directory.Delete(directory, recursive: true);
    }
}
