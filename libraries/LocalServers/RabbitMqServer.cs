using System.Globalization;
using System.Net.Sockets;

namespace Community.LocalServers;

/// <summary>A RabbitMQ of our own in <paramref name="Directory"/>, listening on 127.0.0.1 alone; user guest.</summary>
/// <param name="Ports">For AMQP, the management API, Erlang's distribution and its name server.</param>
internal sealed record RabbitMqSettings(string Directory, RabbitMqPorts Ports, string Password)
{
    public string LogFile { get; init; } = Path.Combine(Directory, "rabbitmq.log");

    /// <summary>The management API costs memory, so only who needs it has it.</summary>
    public bool Management { get; init; }
}

internal sealed record RabbitMqPorts(int Amqp, int Management, int Distribution, int Names);

internal sealed class RabbitMqServer(RabbitMqSettings settings)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private Child? names;
    private Child? child;

    public string ConnectionString => $"amqp://guest:{Uri.EscapeDataString(settings.Password)}@127.0.0.1:{settings.Ports.Amqp}";

    public string ManagementAddress => $"http://guest:{Uri.EscapeDataString(settings.Password)}@127.0.0.1:{settings.Ports.Management}";

    public Child Process => child ?? throw new InvalidOperationException("RabbitMQ is not started.");

    public async Task Start(CancellationToken ct)
    {
        child = await Child.Start(await Installed(ct));
        await Waiting.Until($"RabbitMQ on port {settings.Ports.Amqp} takes connections", Limit, Missing, ct);
    }

    public async Task Stop(Signal signal = Signal.Terminate)
    {
        if (child is not null)
            await child.Stop(signal, TimeSpan.FromSeconds(30));
        if (names is not null)
            await names.Stop(Signal.Kill, TimeSpan.FromSeconds(5));
        child = names = null;
    }

    private async Task<ChildCommand> Installed(CancellationToken ct)
    {
        var program = await LocalServers.ServerBinaries.RabbitMq(ct);
        var environment = await Configure(ct);

        // Left to itself RabbitMQ starts a name server that outlives it; this one is ours and ends with us.
        names ??= await Child.Start(new("epmd", LocalServers.ServerBinaries.Epmd(), [], Signal.Kill) { Environment = environment, LogFile = settings.LogFile });
        return new("rabbitmq", program, [], Signal.Terminate) { Environment = environment, LogFile = settings.LogFile };
    }

    private async Task<Dictionary<string, string?>> Configure(CancellationToken ct)
    {
        string In(string name) => Path.Combine(settings.Directory, name);
        Directory.CreateDirectory(settings.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // Quorum queues keep in memory what their common log holds until it is full: of 512 MiB, if it is not said.
        await File.WriteAllTextAsync(In("rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{settings.Ports.Amqp}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {settings.Ports.Management}
            default_pass = {settings.Password}
            raft.wal_max_size_bytes = 67108864

            """, ct);
        await File.WriteAllTextAsync(In("enabled_plugins"), settings.Management ? "[rabbitmq_management]." : "[].", ct);

        return new()
        {
            ["HOME"] = settings.Directory, // the Erlang cookie's place
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_CONFIG_FILE"] = In("rabbitmq.conf"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = In("enabled_plugins"),
            ["RABBITMQ_MNESIA_BASE"] = In("mnesia"),
            ["RABBITMQ_GENERATED_CONFIG_DIR"] = In("generated"),
            ["RABBITMQ_LOG_BASE"] = In("log"),
            ["RABBITMQ_UPGRADE_LOG"] = In("upgrade.log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_PID_FILE"] = In("pid"),
            // The host's name is part of RabbitMQ's data directory: data moved to another machine must be found again.
            ["RABBITMQ_NODENAME"] = "community@localhost",
            ["RABBITMQ_DIST_PORT"] = settings.Ports.Distribution.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_PORT"] = settings.Ports.Names.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_FLAGS"] = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
            ["ERL_CRASH_DUMP"] = In("crash.dump"),
            ["RUNNING_UNDER_SYSTEMD"] = "true" // the script becomes the server instead of watching over it
        };
    }

    private async Task<string?> Missing(CancellationToken ct)
    {
        if (Process.Exited.IsCompleted)
            throw new StartupException($"RabbitMQ ended with exit code {await Process.Exited} before it took connections. Its last lines:\n{Child.LastLines(settings.LogFile)}");
        return await Answers("127.0.0.1", settings.Ports.Amqp, ct)
            ? settings.Management ? await ManagementMissing(ct) : null
            : $"nobody speaks AMQP on port {settings.Ports.Amqp}.";
    }

    private async Task<string?> ManagementMissing(CancellationToken ct) =>
        await Listens(settings.Ports.Management, ct) ? null : $"nobody listens on the management port {settings.Ports.Management}.";

    /// <summary>Whether a server there answers the protocol header with its first frame.</summary>
    public static async Task<bool> Answers(string host, int port, CancellationToken ct)
    {
        using var socket = new TcpClient();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await socket.ConnectAsync(host, port, patience.Token);
            if (Equals(socket.Client.LocalEndPoint, socket.Client.RemoteEndPoint))
                return false; // a port that the kernel gives to outgoing connections can be connected to itself

            var stream = socket.GetStream();
            await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), patience.Token);
            var first = new byte[1];
            return await stream.ReadAsync(first, patience.Token) == 1 && first[0] == 1;
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    private static async Task<bool> Listens(int port, CancellationToken ct)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync("127.0.0.1", port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
