using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Community.LocalServers;

namespace Community.Testing;

/// <summary>
/// The local servers of all test processes. The first process that needs them starts the program TestServers. It ends itself
/// when no test process is left.
/// </summary>
internal sealed record SharedServers(string Postgres, string Messaging, string Management)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5); // where packages must be installed first
    private static readonly Lazy<Task<SharedServers>> Joined = new(Find);
    private static FileStream? user;

    public static Task<SharedServers> Join() => Joined.Value;

    private static async Task<SharedServers> Find()
    {
        var directory = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "community-test-servers", Environment.UserName)).FullName;
        user = await Locked(() => FileLock.Shared(Path.Combine(directory, "users")));

        // One process at a time looks whether there are servers and starts them.
        using var starting = await Locked(() => FileLock.Exclusive(Path.Combine(directory, "starting")));
        var description = Path.Combine(directory, "servers.json");
        return await Read(description) ?? await Start(directory, description);
    }

    private static async Task<FileStream> Locked(Func<FileStream?> take)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (take() is { } held)
                return held;
            if (watch.Elapsed > Patience)
                throw new TimeoutException("Another test process has kept the lock of the shared servers for minutes.");
            await Task.Delay(Pause);
        }
    }

    private static async Task<SharedServers> Start(string directory, string description)
    {
        // In a session of its own: it must outlive this process while others use the servers.
        var log = Path.Combine(directory, "log");
        using var program = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "exec dotnet \"$0\" \"$1\" >\"$2\" 2>&1 </dev/null", Program, directory, log]))!;
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await Read(description) is { } servers)
                return servers;
            if (program.HasExited || watch.Elapsed > Patience)
                throw new InvalidOperationException($"The test servers did not start:\n{Child.LastLines(log)}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>What the description names and what answers; a killed program leaves a description of servers that are gone.</summary>
    private static async Task<SharedServers?> Read(string description)
    {
        if (!File.Exists(description))
            return null;
        var told = JsonSerializer.Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(description))!;
        SharedServers servers = new(told["postgres"], told["messaging"], told["messaging_management"]);
        try
        {
            await using var connection = new Npgsql.NpgsqlConnection($"{servers.Postgres};Database=postgres;Pooling=false");
            await connection.OpenAsync();
            return servers;
        }
        catch (Npgsql.NpgsqlException)
        {
            return null;
        }
    }

    private static string Program => typeof(SharedServers).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "TestServers").Value!;
}
