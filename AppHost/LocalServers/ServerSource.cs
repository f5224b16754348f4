using System.Globalization;

namespace Community.AppHost.LocalServers;

internal static class Images
{
    public const string PostgresTag = "17";
    public const string Postgres = $"postgres:{PostgresTag}";
    public const string RabbitMqTag = "4-management";
    public const string RabbitMq = $"rabbitmq:{RabbitMqTag}";
}

/// <param name="Runtime">The command of the container runtime.</param>
/// <param name="System">Tells the containers of one system from those of another.</param>
internal sealed record ContainerPlace(string Runtime, string System)
{
    // The runtime's client passes signals on, so the container ends as a local process would.
    public ChildCommand Run(string name, string image, int port, int innerPort, string directory, string innerDirectory, Signal stop, IReadOnlyDictionary<string, string?> environment, string[] arguments) =>
        new(name, Runtime,
        [
            "run", "--rm", "--name", $"community-{System}-{name}", "--hostname", name, "--stop-signal", ((int)stop).ToString(CultureInfo.InvariantCulture),
            "--publish", $"127.0.0.1:{port}:{innerPort}", "--volume", $"{directory}/container:{innerDirectory}",
            .. environment.Keys.SelectMany(key => new[] { "--env", key }), image, .. arguments
        ], stop)
        { Environment = environment };
}

/// <summary>Where a server comes from: a given one wins over a container, a container over a local process.</summary>
internal abstract record ServerSource
{
    private ServerSource() { }

    internal sealed record Given : ServerSource;

    /// <param name="Runtime">The container runtime's command.</param>
    internal sealed record Container(string Runtime) : ServerSource;

    internal sealed record Local : ServerSource;

    /// <param name="runtime">The container runtime that answers and has the image, if any.</param>
    public static ServerSource Of(string? given, string? runtime) =>
        given is { Length: > 0 } ? new Given()
        : runtime is null ? new Local()
        : new Container(runtime);

    public static async Task<ServerSource> Choose(string? given, string image, CancellationToken ct) =>
        Of(given, given is { Length: > 0 } ? null : await RuntimeWith(image, ct));

    private static async Task<string?> RuntimeWith(string image, CancellationToken ct)
    {
        foreach (var runtime in new[] { "docker", "podman" })
        {
            if (await Succeeds(runtime, TimeSpan.FromSeconds(5), ["info"], ct)
                && (await Succeeds(runtime, TimeSpan.FromSeconds(5), ["image", "inspect", image], ct)
                    || await Succeeds(runtime, TimeSpan.FromMinutes(5), ["pull", "--quiet", image], ct)))
                return runtime;
        }

        return null;
    }

    private static async Task<bool> Succeeds(string program, TimeSpan patience, string[] arguments, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            await Child.Run(new(program, program, arguments, Signal.Kill), limit.Token);
            return true;
        }
        catch (Exception e) when (e is StartRefused || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }
}
