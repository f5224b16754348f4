using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Community.LocalServers;
using Npgsql;
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace Community.Testing;

/// <summary>
/// One PostgreSQL and one RabbitMQ for all tests, started when first asked for: the given ones (ConnectionStrings__postgres,
/// ConnectionStrings__messaging and ConnectionStrings__messaging_management), else containers of this process, else local
/// processes that all test processes of this machine share (<see cref="SharedServers"/>).
/// </summary>
public static class Servers
{
    private const string Tuned = "Max Auto Prepare=100;No Reset On Close=true";
    private const string Password = "test";

    private static readonly Lazy<Task<string>> ThePostgres = new(StartPostgres);
    private static readonly Lazy<Task<(string Amqp, string Management)>> TheBroker = new(StartBroker);
    private static readonly Lazy<string> Scratch = new(MakeScratch);

    /// <summary>Connection string of the server, without a database.</summary>
    public static async Task<string> Postgres()
    {
        // Whoever wants a database will want the broker soon: both start at once.
        if (Environment.GetEnvironmentVariable("ConnectionStrings__messaging") is null)
            _ = TheBroker.Value;
        return await ThePostgres.Value;
    }

    /// <summary>Connection string of a new, empty database.</summary>
    public static async Task<string> CreateDatabase(string name = "test") => await CreateDatabase(name, "template1");

    /// <summary>Connection string of a new database that is a copy of <paramref name="template"/>.</summary>
    /// <exception cref="PostgresException">There is no such template (3D000).</exception>
    internal static async Task<string> CreateDatabase(string name, string template)
    {
        var database = $"{name}_{Unique()}".ToLowerInvariant();
        await Copy(template, database);

        return $"{await ThePostgres.Value};Database={database};{Tuned}";
    }

    /// <summary>Copies as files: the databases of tests are small, and a checkpoint costs little where nothing is synced.</summary>
    internal static async Task Copy(string source, string copy)
    {
        await using var connection = new NpgsqlConnection($"{await ThePostgres.Value};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{copy}\" TEMPLATE \"{source}\" STRATEGY file_copy", connection);
        await create.ExecuteNonQueryAsync();
    }

    /// <summary>AMQP address of a new, empty virtual host.</summary>
    public static async Task<Uri> CreateVirtualHost(string name = "test")
    {
        var (amqp, management) = await TheBroker.Value;
        var host = $"{name}_{Unique()}";
        await CreateVirtualHost(management, host);
        return new Uri($"{amqp.TrimEnd('/')}/{host}");
    }

    /// <summary>The management API of the shared broker, with user and password in the address.</summary>
    public static async Task<Uri> Management() => new((await TheBroker.Value).Management);

    /// <summary>A broker that the test may stop and start. Always a local process.</summary>
    public static async Task<PrivateBroker> PrivateBroker()
    {
        var directory = NewDirectory("broker");
        var broker = new PrivateBroker(LocalBroker(directory), directory);
        await broker.Start();
        return broker;
    }

    /// <summary>A PostgreSQL that the test may stop and start. Always a local process.</summary>
    public static async Task<PrivatePostgres> PrivatePostgres()
    {
        var directory = NewDirectory("postgres");
        var postgres = new PrivatePostgres(LocalPostgres(directory), directory);
        await postgres.Start();
        return postgres;
    }

    /// <summary>A new directory that is gone after the tests.</summary>
    public static string NewDirectory(string name) =>
        Directory.CreateDirectory(Path.Combine(Scratch.Value, $"{name}-{Unique()}")).FullName;

    private static async Task<string> StartPostgres()
    {
        var given = Environment.GetEnvironmentVariable("ConnectionStrings__postgres");
        switch (await ServerSource.Choose(given, Images.Postgres, CancellationToken.None))
        {
            case ServerSource.Given:
                return given!;
            case ServerSource.Container:
                var container = new PostgreSqlBuilder(Images.Postgres).WithPassword(Password).WithCommand("-c", "fsync=off", "-c", "max_connections=400").Build();
                await container.StartAsync();
                return new NpgsqlConnectionStringBuilder(container.GetConnectionString()) { Database = null }.ConnectionString;
            default:
                return (await SharedServers.Join()).Postgres;
        }
    }

    private static async Task<(string Amqp, string Management)> StartBroker()
    {
        var given = Environment.GetEnvironmentVariable("ConnectionStrings__messaging");
        switch (await ServerSource.Choose(given, Images.RabbitMq, CancellationToken.None))
        {
            case ServerSource.Given:
                return (given!, Environment.GetEnvironmentVariable("ConnectionStrings__messaging_management")
                    ?? throw new InvalidOperationException("ConnectionStrings__messaging is given, ConnectionStrings__messaging_management is not."));
            case ServerSource.Container:
                var container = new RabbitMqBuilder(Images.RabbitMq).WithUsername("guest").WithPassword(Password).WithPortBinding(15672, assignRandomHostPort: true).Build();
                await container.StartAsync();
                return (container.GetConnectionString(), $"http://guest:{Password}@{container.Hostname}:{container.GetMappedPublicPort(15672)}");
            default:
                var servers = await SharedServers.Join();
                return (servers.Messaging, servers.Management);
        }
    }

    private static PostgresServer LocalPostgres(string directory) => new(new(directory, Ports.Reserve(), Password) { MaxConnections = 400 });

    private static RabbitMqServer LocalBroker(string directory)
    {
        var ports = Ports.Reserve(4);
        return new(new(directory, new(ports, ports + 1, ports + 2, ports + 3), Password) { Management = true });
    }

    /// <summary>Its queues cost the broker while they are there, and each of them has processes of its own.</summary>
    internal static async Task DeleteVirtualHost(Uri address)
    {
        using var http = Http((await TheBroker.Value).Management);
        using var deleted = await http.DeleteAsync(new Uri($"/api/vhosts/{address.Segments[^1]}", UriKind.Relative));
        deleted.EnsureSuccessStatusCode();
    }

    private static async Task CreateVirtualHost(string management, string name)
    {
        using var http = Http(management);
        using var created = await http.PutAsync(new Uri($"/api/vhosts/{name}", UriKind.Relative), null);
        created.EnsureSuccessStatusCode();
    }

    private static HttpClient Http(string management)
    {
        var address = new Uri(management);
        var http = new HttpClient { BaseAddress = new Uri(address.GetLeftPart(UriPartial.Authority).Replace($"{address.UserInfo}@", "", StringComparison.Ordinal)) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));

        return http;
    }

    private static string Unique() => Random.Shared.NextInt64().ToString("x", CultureInfo.InvariantCulture);

    private static string MakeScratch()
    {
        var root = Path.Combine(Path.GetTempPath(), "community-tests");
        Directory.CreateDirectory(root);
        foreach (var left in Directory.EnumerateDirectories(root).Where(path => !Directory.Exists(Path.Combine("/proc", Path.GetFileName(path)))))
            Delete(left); // of a test process that was killed

        var mine = Path.Combine(root, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(mine);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete(mine);
        return mine;
    }

    private static void Delete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another test process is deleting it, or its owner is still ending: the next run will.
        }
    }
}
