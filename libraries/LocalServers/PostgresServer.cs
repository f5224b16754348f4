using Npgsql;

namespace Community.LocalServers;

/// <summary>A PostgreSQL of our own in <paramref name="Directory"/>, listening on 127.0.0.1 alone.</summary>
internal sealed record PostgresSettings(string Directory, int Port, string Password)
{
    public string LogFile { get; init; } = Path.Combine(Directory, "postgres.log");

    public const int DefaultConnections = 200;

    public int MaxConnections { get; init; } = DefaultConnections;

    /// <summary>False only where the data is thrown away: a power failure may then lose or break it.</summary>
    public bool Durable { get; init; } = true;
}

internal sealed class PostgresServer(PostgresSettings settings)
{
    private const string Superuser = "postgres";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // PostgreSQL refuses to run as root.
    private static readonly string? User = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? "postgres" : null;

    private Child? child;

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={settings.Port};Username={Superuser};Password={settings.Password}";

    public Child Process => child ?? throw new InvalidOperationException("PostgreSQL is not started.");

    // Our directory under the name by which the server's user reaches it.
    private string Reachable => User is null ? settings.Directory : Child.Handed;

    public async Task Start(CancellationToken ct)
    {
        child = await Child.Start(await Installed(ct));
        await Waiting.Until($"PostgreSQL on port {settings.Port} takes connections", Limit, Missing, ct);
    }

    /// <summary>Fast shutdown: open transactions are rolled back, all that was committed is on disk.</summary>
    public async Task Stop(Signal signal = Signal.Interrupt)
    {
        if (child is not null)
            await child.Stop(signal, TimeSpan.FromSeconds(30));
        child = null;
    }

    private async Task<ChildCommand> Installed(CancellationToken ct)
    {
        var version = Path.Combine(settings.Directory, "data", "PG_VERSION");
        var programs = await LocalServers.ServerBinaries.Postgres(File.Exists(version) ? (await File.ReadAllTextAsync(version, ct)).Trim() : null, ct);
        if (!File.Exists(version))
            await Initialise(programs, ct);

        return Command("postgres", programs, ["-D", $"{Reachable}/data", "-c", $"port={settings.Port}", "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1", .. Options(settings.MaxConnections), .. Durability()])
            with
        { LogFile = settings.LogFile };
    }

    /// <summary>What our services need of a server, wherever it runs.</summary>
    public static string[] Options(int maxConnections = PostgresSettings.DefaultConnections) =>
    [
        "-c", $"max_connections={maxConnections}", "-c", "shared_buffers=128MB", "-c", "max_wal_size=2GB",
        "-c", "jit=off", // compiling costs more than our short queries take
        "-c", "random_page_cost=1.1" // no disk turns: else what is read by an index is read whole while a table has no statistics yet
    ];

    private string[] Durability()
    {
        var durable = settings.Durable ? "on" : "off";
        // What is thrown away needs no vacuum either: with a database for each test it would go round without an end.
        return ["-c", $"fsync={durable}", "-c", $"synchronous_commit={durable}", "-c", $"full_page_writes={durable}", "-c", $"autovacuum={durable}"];
    }

    private async Task Initialise(string programs, CancellationToken ct)
    {
        Directory.CreateDirectory(settings.Directory);
        var unfinished = Path.Combine(settings.Directory, "data.new");
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        var passwordFile = Path.Combine(settings.Directory, "password");
        await File.WriteAllTextAsync(passwordFile, settings.Password, ct);
        File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (User is not null)
            await Child.Run(new("chown", "chown", ["-R", $"{User}:", settings.Directory], Signal.Terminate), ct);

        await Child.Run(Command("initdb", programs,
        [
            "-D", $"{Reachable}/data.new", $"--pwfile={Reachable}/password", $"--username={Superuser}", "--auth=scram-sha-256",
            "--encoding=UTF8", $"--locale={(OperatingSystem.IsLinux() ? "C.UTF-8" : "C")}", .. settings.Durable ? [] : new[] { "--no-sync" }
        ]), ct);
        Directory.Move(unfinished, Path.Combine(settings.Directory, "data"));
        File.Delete(passwordFile);
    }

    private ChildCommand Command(string program, string programs, IReadOnlyList<string> arguments) =>
        new(program, Path.Combine(programs, program), arguments, Signal.Interrupt) { User = User, HandedDirectory = settings.Directory };

    private async Task<string?> Missing(CancellationToken ct)
    {
        if (Process.Exited.IsCompleted)
            throw new StartupException($"PostgreSQL ended with exit code {await Process.Exited} before it took connections. Its last lines:\n{Child.LastLines(settings.LogFile)}");
        try
        {
            await using var connection = new NpgsqlConnection($"{ConnectionString};Database=postgres;Pooling=false;Timeout=5");
            await connection.OpenAsync(ct);
            return null;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            throw new StartupException($"PostgreSQL in {settings.Directory} has another password than the one kept beside it; put the old secrets back.");
        }
        catch (NpgsqlException e)
        {
            return e.Message;
        }
    }
}
