namespace Community.LocalServers;

internal static class Images
{
    public const string PostgresTag = "17";
    public const string Postgres = $"postgres:{PostgresTag}";
    public const string RabbitMqTag = "4-management";
    public const string RabbitMq = $"rabbitmq:{RabbitMqTag}";
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
        catch (Exception e) when (e is StartupException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }
}
