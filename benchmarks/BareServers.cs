using Community.Testing;
using Npgsql;

namespace Community.Benchmarks;

/// <summary>A durable PostgreSQL and a RabbitMQ of this measurement alone.</summary>
internal sealed class BareServers : IAsyncDisposable
{
    private readonly PrivatePostgres _postgres;
    private readonly PrivateBroker _broker;

    private BareServers(PrivatePostgres postgres, PrivateBroker broker) => (_postgres, _broker) = (postgres, broker);

    public Uri Broker => new(_broker.ConnectionString);

    public static async Task<BareServers> Start()
    {
        var (postgres, broker) = (Servers.PrivatePostgres(), Servers.PrivateBroker());

        return new(await postgres, await broker);
    }

    /// <summary>A new database, and the connection string by which services reach theirs.</summary>
    public async Task<string> Database(string name)
    {
        await using var connection = new NpgsqlConnection($"{_postgres.ConnectionString};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"create database {name}", connection);
        await create.ExecuteNonQueryAsync();

        return $"{_postgres.ConnectionString};Database={name};Max Auto Prepare=100;No Reset On Close=true;Maximum Pool Size=40";
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _broker.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}
