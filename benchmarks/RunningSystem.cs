using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.LocalServers;
using Community.Testing;
using Npgsql;

namespace Community.Benchmarks;

/// <summary>The whole system as a user starts it: the AppHost's executable on a data directory of its own.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    public const string Password = "violet harbour 42";
    public const string Owner = "owner@example.org";
    private const string Mark = "COMMUNITY_BENCHMARK";
    private static readonly string[] Limits = ["PerMinute", "AnonymousPerMinute", "CredentialsPerMinute", "CredentialsBurst"];
    private static readonly HttpClient Http = new();
    private readonly Child _appHost;
    private readonly string _data;
    private readonly int _basePort;

    private RunningSystem(Child appHost, string data, int basePort) => (_appHost, _data, _basePort) = (appHost, data, basePort);

    public string Portal => $"http://127.0.0.1:{_basePort}";

    /// <param name="unlimited">Nobody is told to wait, however much one address asks.</param>
    public static async Task<RunningSystem> Start(string data, bool unlimited = false)
    {
        var console = new ConcurrentQueue<string>();
        var port = BasePort();
        var appHost = await Child.Start(new(
            "AppHost", Built.Path("AppHost", "Community.AppHost"), ["--data", data, "--base-port", port.ToString(CultureInfo.InvariantCulture)], Signal.Terminate)
        {
            Environment = new Dictionary<string, string?>(
                from limit in unlimited ? Limits : []
                select KeyValuePair.Create($"RateLimits__{limit}", (string?)"1000000"))
            {
                [Mark] = data
            },
            Output = console.Enqueue
        });
        var system = new RunningSystem(appHost, data, port);
        await Eventually.True(
            () => Task.FromResult(appHost.Exited.IsCompleted || console.Any(line => line.Contains("Ctrl-C stops it.", StringComparison.Ordinal))), "a healthy system");

        if (appHost.Exited.IsCompleted)
        {
            throw new InvalidOperationException(string.Join('\n', console));
        }

        return system;
    }

    /// <summary>An owner's API token for imports.</summary>
    public async Task<string> Found()
    {
        var community = await Community();
        var membership = await Service("membership");
        var account = new { setupToken = (string)community["setupToken"]!, email = Owner, password = Password, displayName = "Owner", communityName = "Programmers" };
        await Post($"{membership}/setup", account, null);
        var session = await Post($"{membership}/sessions", account, null);
        var token = await Post($"{membership}/tokens", new { name = "import", scopes = new[] { "import" } }, (string)session["accessToken"]!);

        return (string)token["token"]!;
    }

    /// <summary>Where a service answers.</summary>
    public async Task<string> Service(string name) => (string)(await Community())["services"]![name]!;

    public async Task<NpgsqlDataSource> Database(string service)
    {
        var secrets = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "secrets.json")))!;

        return NpgsqlDataSource.Create($"Host=127.0.0.1;Port={_basePort + 10};Username=postgres;Password={secrets["postgres-password"]};Database={service}db;Maximum Pool Size=2");
    }

    /// <summary>Resident memory by program, in MiB; what processes share is counted once.</summary>
    public IReadOnlyDictionary<string, double> Memory() => Processes.Below(_appHost.Id, $"{Mark}={_data}")
        .GroupBy(process => process.Name).ToDictionary(group => group.Key, group => group.Sum(process => process.Memory()));

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _appHost.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
    }

    private async Task<JsonNode> Community() => JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "community.json")))!;

    private static async Task<JsonNode> Post(string address, object body, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address)) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();

        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{address}: {(int)answer.StatusCode} {text}");
    }

    private static int BasePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(1000, 1500) * 20;

            if (!Enumerable.Range(port, 20).Any(Ports.IsTaken))
            {
                return port;
            }
        }
    }
}

/// <summary>Processes as Linux tells of them.</summary>
internal sealed record Processes(int Id, string Name)
{
    /// <summary>A process and all below it, and those that inherited <paramref name="mark"/>: Aspire's orchestrator and the services are nobody's children.</summary>
    public static IReadOnlyList<Processes> Below(int root, string? mark = null)
    {
        var parents = new Dictionary<int, int>();

        foreach (var id in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)))
        {
            if (Read($"/proc/{id}/stat") is { } stat)
            {
                parents[int.Parse(id!, CultureInfo.InvariantCulture)] = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
            }
        }

        bool IsBelow(int id) => id == root || (parents.TryGetValue(id, out var parent) && IsBelow(parent));

        return [.. parents.Keys.Where(id => IsBelow(id) || (mark is not null && Read($"/proc/{id}/environ")?.Split('\0').Contains(mark) == true)).Select(id => new Processes(id, NameOf(id)))];
    }

    /// <summary>Its proportional share of resident memory, in MiB; 0 where it has ended.</summary>
    public double Memory() => Read($"/proc/{Id}/smaps_rollup")?.Split('\n').FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal)) is { } line
        ? double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024
        : 0;

    private static string NameOf(int id)
    {
        var words = Read($"/proc/{id}/cmdline")?.Split('\0') ?? [];
        var assembly = words.FirstOrDefault(word => word.Contains("/Community.", StringComparison.Ordinal));

        return assembly is not null ? Path.GetFileName(assembly).Replace("Community.", "", StringComparison.Ordinal).Replace(".dll", "", StringComparison.Ordinal)
            : words.Any(word => word.Contains("/aspire.", StringComparison.OrdinalIgnoreCase)) ? "Aspire"
            : words.Any(word => word.Contains("postgres", StringComparison.Ordinal)) ? "PostgreSQL"
            : words.Any(word => word.Contains("erlang", StringComparison.Ordinal) || word.Contains("rabbit", StringComparison.Ordinal)) ? "RabbitMQ"
            : "others";
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // ended meanwhile
        }
    }
}
