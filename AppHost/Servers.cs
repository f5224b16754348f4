using System.Collections.Concurrent;
using Community.LocalServers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.AppHost;

/// <summary>
/// Where PostgreSQL and RabbitMQ come from: given, in containers that Aspire runs, or as processes of this machine, which
/// we run as the same Aspire resources and end after the services.
/// </summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private readonly List<LocalServer> local = [];
    private readonly List<Task> starts = [];
    private readonly ConcurrentBag<Task> begun = [];

    private Servers(Options options, DataDirectory data, ServerSource postgres, ServerSource messaging) =>
        (Options, Data, Postgres, Messaging) = (options, data, postgres, messaging);

    public Options Options { get; }

    public DataDirectory Data { get; }

    public ServerSource Postgres { get; }

    public ServerSource Messaging { get; }

    /// <summary>Looks whether a container runtime answers, unless the servers are given.</summary>
    /// <exception cref="StartupException">A port is taken.</exception>
    public static async Task<Servers> Choose(IDistributedApplicationBuilder builder, Options options, DataDirectory data)
    {
        var postgres = await ServerSource.Choose(builder.Configuration.GetConnectionString("postgres"), Images.Postgres, CancellationToken.None);
        var messaging = await ServerSource.Choose(builder.Configuration.GetConnectionString("messaging"), Images.RabbitMq, CancellationToken.None);
        if (new[] { postgres, messaging }.OfType<ServerSource.Container>().FirstOrDefault() is { Runtime: var runtime })
            builder.Configuration["DcpPublisher:ContainerRuntime"] = runtime;
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true"; // the services have ended before we end what they stand on
        await FixedPorts.BecomeFree(
        [
            .. Options.Services.Select((name, offset) => (name, options.BasePort + offset)),
            .. postgres is ServerSource.Given ? [] : new[] { ("postgres", options.BasePort + 10) },
            .. messaging is ServerSource.Given ? [] : new[] { 11, 13, 14 }.Select(offset => ("messaging", options.BasePort + offset))
        ]);
        return new(options, data, postgres, messaging);
    }

    /// <summary>Done when those that we run ourselves take connections.</summary>
    /// <exception cref="StartupException">One does not.</exception>
    public async Task Started(CancellationToken ct)
    {
        await foreach (var start in Task.WhenEach(starts).WithCancellation(ct))
            await start;
    }

    /// <summary>Runs a server by ourselves that would else be a container; to whoever refers to it, it is the same resource.</summary>
    /// <param name="children">What becomes available with it.</param>
    public void Run<T>(IResourceBuilder<T> builder, string host, int port, LocalServer server, Func<IEnumerable<IResource>> children)
        where T : ContainerResource, IResourceWithConnectionString
    {
        var resource = builder.Resource;
        foreach (var image in resource.Annotations.OfType<ContainerImageAnnotation>().ToList())
            resource.Annotations.Remove(image); // without one, Aspire leaves it to us

        builder.WithEndpoint("tcp", endpoint =>
        {
            endpoint.IsProxied = false; // the server itself listens
            endpoint.TargetPort = endpoint.Port = port;
            endpoint.AllocatedEndpoint = new(endpoint, host, port);
        });
        builder.WithInitialState(new() { ResourceType = server.Kind, Properties = [], State = KnownResourceStates.NotStarted });
        builder.ApplicationBuilder.Eventing.Subscribe<ResourceReadyEvent>(resource, async (ready, _) =>
        {
            // After Aspire's own subscriber, which makes the databases.
            foreach (var child in children())
                await Publish(ready.Services, child, KnownResourceStates.Running);
        });
        local.Add(server);
        if (server.Process is not null)
            AddStart(builder, server);

        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        starts.Add(start.Task);
        builder.ApplicationBuilder.Eventing.Subscribe<InitializeResourceEvent>(resource, async (initialize, ct) =>
        {
            begun.Add(start.Task);
            try
            {
                await initialize.Eventing.PublishAsync(new BeforeResourceStartedEvent(resource, initialize.Services), ending.Token);
                await Publish(initialize.Services, resource, KnownResourceStates.Starting);
                await server.Start(ending.Token);
                foreach (var available in children().Prepend(resource))
                    await initialize.Eventing.PublishAsync(new ConnectionStringAvailableEvent(available, initialize.Services), ending.Token);
                await Publish(initialize.Services, resource, KnownResourceStates.Running);
                _ = Watch(initialize.Services, resource, server);
                if (server.Process is not null)
                    _ = Follow(server.LogFile, initialize.Services.GetRequiredService<ResourceLoggerService>().GetLogger(resource));
                Console.WriteLine($"  {resource.Name,-12}{host}:{port}");
                start.SetResult();
            }
            catch (OperationCanceledException)
            {
                start.SetCanceled(CancellationToken.None);
            }
            catch (StartupException refused)
            {
                start.SetException(refused);
                initialize.Logger.LogError("{Refusal}", refused.Message);
                await Publish(initialize.Services, resource, KnownResourceStates.FailedToStart);
            }
        });
    }

    /// <summary>Ends what we run. The services have to have ended before.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await Task.WhenAll(begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(local.Select(server => server.Stop()));
        ending.Dispose();
    }

    /// <summary>Starts a server that has ended, by the dashboard, as Aspire does with what it runs itself.</summary>
    private void AddStart<T>(IResourceBuilder<T> builder, LocalServer server) where T : ContainerResource => builder.WithCommand(
        KnownResourceCommands.StartCommand, "Start",
        async context =>
        {
            try
            {
                await Publish(context.Services, builder.Resource, KnownResourceStates.Starting);
                await server.Start(ending.Token);
                await Publish(context.Services, builder.Resource, KnownResourceStates.Running);
                _ = Watch(context.Services, builder.Resource, server);
                return CommandResults.Success();
            }
            catch (StartupException refused)
            {
                await Publish(context.Services, builder.Resource, KnownResourceStates.FailedToStart);
                return CommandResults.Failure(refused.Message);
            }
        },
        new CommandOptions
        {
            IconName = "Play",
            IsHighlighted = true,
            UpdateState = context => KnownResourceStates.TerminalStates.Contains(context.ResourceSnapshot.State?.Text)
                ? ResourceCommandState.Enabled
                : ResourceCommandState.Hidden
        });

    private async Task Watch(IServiceProvider services, IResource resource, LocalServer server)
    {
        if (server.Process?.Invoke() is not { } process)
            return;

        var exitCode = await process.Exited;
        if (ending.IsCancellationRequested)
            return;

        await Console.Error.WriteLineAsync($"{resource.Name} ended with exit code {exitCode}. Its last lines, from {server.LogFile}:\n{Child.LastLines(server.LogFile)}");
        await services.GetRequiredService<ResourceNotificationService>().PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.Exited, ExitCode = exitCode });
    }

    /// <summary>Shows the lines of a log file in the dashboard.</summary>
    private async Task Follow(string file, ILogger logger)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        using var glance = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            do
            {
                while (await reader.ReadLineAsync(ending.Token) is { } line)
                    logger.LogInformation("{Line}", line);
            }
            while (await glance.WaitForNextTickAsync(ending.Token));
        }
        catch (OperationCanceledException)
        {
            // We end.
        }
    }

    private static Task Publish(IServiceProvider services, IResource resource, string state) =>
        services.GetRequiredService<ResourceNotificationService>().PublishUpdateAsync(resource, snapshot => snapshot with { State = state });
}

/// <param name="Process">What runs, where it is ours.</param>
internal sealed record LocalServer(string Kind, string LogFile, Func<CancellationToken, Task> Start, Func<Task> Stop, Func<Child>? Process);

internal static class ServerExtensions
{
    private const string Kind = "Local process";

    public static IResourceBuilder<PostgresServerResource> RunBy(this IResourceBuilder<PostgresServerResource> builder, Servers servers)
    {
        var resource = builder.Resource;
        var databases = () => builder.ApplicationBuilder.Resources.OfType<PostgresDatabaseResource>().Where(database => database.Parent == resource);
        switch (servers.Postgres)
        {
            case ServerSource.Local:
                var port = servers.Options.BasePort + 10;
                var logFile = LogFile.New(servers.Data.Logs, resource.Name);
                var settings = new PostgresSettings(Path.Combine(servers.Data.FullPath, "postgres"), port, servers.Data.Secret("postgres-password")) { LogFile = logFile };
                var server = new PostgresServer(settings);
                servers.Run(builder, "127.0.0.1", port, new(Kind, logFile, server.Start, () => server.Stop(), () => server.Process), databases);
                break;
            case ServerSource.Given:
                var connectionString = builder.ApplicationBuilder.Configuration.GetConnectionString(resource.Name)!;
                var given = new NpgsqlConnectionStringBuilder(connectionString);
                builder.WithConnectionStringRedirection(new ConnectionStringResource($"given-{resource.Name}", ReferenceExpression.Create($"{connectionString}")));
                servers.Run(builder, given.Host ?? "localhost", given.Port, new("Given", "", ct => Answers(resource.Name, connectionString, ct), () => Task.CompletedTask, null), databases);
                break;
            case ServerSource.Container:
                builder.WithArgs([.. PostgresServer.Options()]);
                MakeMounts(resource);
                break;
        }

        return builder;
    }

    public static IResourceBuilder<IResourceWithConnectionString> RunBy(this IResourceBuilder<RabbitMQServerResource> builder, Servers servers)
    {
        var name = builder.Resource.Name;
        switch (servers.Messaging)
        {
            case ServerSource.Local:
                var port = servers.Options.BasePort + 11;
                var logFile = LogFile.New(servers.Data.Logs, name);
                var settings = new RabbitMqSettings(Path.Combine(servers.Data.FullPath, "messaging"), new(port, port + 1, port + 2, port + 3), servers.Data.Secret("messaging-password")) { LogFile = logFile };
                var server = new RabbitMqServer(settings);
                servers.Run(builder, "127.0.0.1", port, new(Kind, logFile, server.Start, () => server.Stop(), () => server.Process), () => []);
                break;
            case ServerSource.Given:
                // A broker's address may hold more than a RabbitMQ resource can say: virtual host, TLS, options.
                builder.ApplicationBuilder.Resources.Remove(builder.Resource);
                return builder.ApplicationBuilder.AddConnectionString(name, ReferenceExpression.Create($"{builder.ApplicationBuilder.Configuration.GetConnectionString(name)}"));
            case ServerSource.Container:
                MakeMounts(builder.Resource);
                break;
        }

        return builder;
    }

    // A directory to be mounted has to be there.
    private static void MakeMounts(ContainerResource resource)
    {
        foreach (var mount in resource.Annotations.OfType<ContainerMountAnnotation>())
            Directory.CreateDirectory(mount.Source!);
    }

    private static async Task Answers(string name, string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection($"{connectionString};Database=postgres;Pooling=false");
            await connection.OpenAsync(ct);
        }
        catch (NpgsqlException e)
        {
            throw new StartupException($"The databases cannot be made on {name}: {e.Message}");
        }
    }
}
