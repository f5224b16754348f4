namespace Community.LocalServers;

/// <summary>Finds the servers' programs, and installs what is missing where that is allowed.</summary>
internal static class ServerBinaries
{
    public static async Task<string> Postgres(string? major, CancellationToken ct) =>
        await Find(() => PostgresDirectory(major), major is null ? "postgresql" : $"postgresql-{major}", ct);

    public static async Task<string> RabbitMq(CancellationToken ct) =>
        await Find(RabbitMqServer, "rabbitmq-server", ct);

    public static string? PostgresDirectory(string? major = null) =>
        Versions("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Concat(Versions("/opt/homebrew/opt", "postgresql@*").Select(version => Path.Combine(version, "bin")))
            .Concat(SearchPath())
            .Where(directory => File.Exists(Path.Combine(directory, "postgres")) && File.Exists(Path.Combine(directory, "initdb")))
            .FirstOrDefault(directory => major is null || directory.Contains($"/{major}/", StringComparison.Ordinal) || directory.Contains($"@{major}/", StringComparison.Ordinal));

    // Debian's wrapper on the path insists on its own user and data; the script behind it does not.
    public static string? RabbitMqServer() =>
        new[] { "/usr/lib/rabbitmq/bin" }.Concat(SearchPath()).Append("/opt/homebrew/sbin")
            .Select(directory => Path.Combine(directory, "rabbitmq-server"))
            .FirstOrDefault(File.Exists);

    public static string Epmd() =>
        SearchPath().Concat(["/usr/lib/erlang/bin", "/opt/homebrew/bin"])
            .Select(directory => Path.Combine(directory, "epmd"))
            .FirstOrDefault(File.Exists) ?? throw new StartupException("Erlang's epmd is not on the PATH; RabbitMQ needs it.");

    public static bool MayInstall => Environment.IsPrivilegedProcess && File.Exists("/usr/bin/apt-get");

    public static async Task<string> Find(Func<string?> find, string package, CancellationToken ct)
    {
        if (find() is { } found)
            return found;
        if (!MayInstall)
            throw new StartupException($"{package} is not installed, and no container runtime answers. Install it: {Advice(package)}");

        Console.WriteLine($"{package} is not installed; installing it by apt-get.");
        try
        {
            await Apt("install", package);
        }
        catch (StartupException)
        {
            await Apt("update");
            await Apt("install", package);
        }

        return find() ?? throw new StartupException($"apt-get installed {package}, and its programs are still not found.");

        Task Apt(params string[] what) => Child.Run(
            new("apt-get", "/usr/bin/apt-get", ["-q", "-y", "-o", "DPkg::Lock::Timeout=120", "--no-install-recommends", .. what], Signal.Terminate)
            {
                Environment = new Dictionary<string, string?> { ["DEBIAN_FRONTEND"] = "noninteractive" }
            }, ct);
    }

    private static string Advice(string package) =>
        OperatingSystem.IsMacOS() ? $"brew install {package.Replace("-server", "", StringComparison.Ordinal)}"
        : File.Exists("/usr/bin/dnf") ? $"sudo dnf install {package}"
        : $"sudo apt-get install {package}";

    private static IEnumerable<string> Versions(string directory, string pattern = "*") =>
        Directory.Exists(directory)
            ? Directory.EnumerateDirectories(directory, pattern).OrderByDescending(path => path, StringComparer.OrdinalIgnoreCase)
            : [];

    private static string[] SearchPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
}
