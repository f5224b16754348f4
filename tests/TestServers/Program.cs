using System.Text.Json;
using Community.LocalServers;

// One PostgreSQL and one RabbitMQ for all test processes of this user, as long as one of them lives. Each test process
// holds a shared lock on the file "users"; this program ends when it gets that lock for itself.
const string Password = "test";
var (pause, idle) = (TimeSpan.FromSeconds(1), 20);

if (args is not [var directory])
{
    await Console.Error.WriteLineAsync("usage: TestServers DIRECTORY");
    return 2;
}

var (description, users) = (Path.Combine(directory, "servers.json"), Path.Combine(directory, "users"));
var ports = Ports.Reserve(5);
var data = Path.Combine(directory, $"data-{Environment.ProcessId}");
PostgresServer postgres = new(new(Path.Combine(data, "postgres"), ports, Password) { Durable = false, MaxConnections = 800 });
RabbitMqServer broker = new(new(Path.Combine(data, "broker"), new(ports + 1, ports + 2, ports + 3, ports + 4), Password) { Management = true });
FileStream? nobodyElse = null;

try
{
    Directory.CreateDirectory(data);
    await Task.WhenAll(postgres.Start(CancellationToken.None), broker.Start(CancellationToken.None));
    await File.WriteAllTextAsync($"{description}.new", JsonSerializer.Serialize(new Dictionary<string, string>
    {
        ["postgres"] = postgres.ConnectionString,
        ["messaging"] = broker.ConnectionString,
        ["messaging_management"] = broker.ManagementAddress
    }));
    File.Move($"{description}.new", description, overwrite: true);

    for (var alone = 0; alone < idle && !postgres.Process.Exited.IsCompleted && !broker.Process.Exited.IsCompleted; alone = nobodyElse is null ? 0 : alone + 1)
    {
        nobodyElse?.Dispose(); // so that somebody may come
        await Task.Delay(pause);
        nobodyElse = FileLock.Exclusive(users);
    }

    return 0;
}
catch (StartupException refused)
{
    await Console.Error.WriteLineAsync(refused.Message);
    return 1;
}
finally
{
    File.Delete(description); // whoever comes now waits for the lock and starts others
    await Task.WhenAll(postgres.Stop(Signal.Quit), broker.Stop(Signal.Kill));
    Directory.Delete(data, recursive: true);
    nobodyElse?.Dispose();
}
