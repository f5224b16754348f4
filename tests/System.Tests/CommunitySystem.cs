using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Community.AppHost.LocalServers;
using Community.SystemTests;
using Community.Testing;
using Npgsql;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(CommunitySystem))]
// One system for all: a test that takes its broker away must be alone with it.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Community.SystemTests;

/// <summary>The whole system as a user starts it: the AppHost's executable on an empty data directory, with an owner.</summary>
public sealed class CommunitySystem : IAsyncLifetime
{
    public static readonly string[] Services = ["membership", "payments", "content", "incentives", "analytics"];

    /// <summary>In the name and the address of everybody here, and nowhere else: whoever finds it has found personal data.</summary>
    public const string FamilyName = "Quillonbracken";

    private const string Password = "violet harbour 42";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4);

    private readonly ConcurrentQueue<string> _console = new();
    private readonly List<Child> _startedAgain = [];
    private readonly string _data = Servers.NewDirectory("system");
    private readonly int _basePort = FreeBasePort();
    private Child? _appHost;
    private Child? _brokerStartedAgain;
    private JsonNode? _secrets;
    private Person? _anybody;
    private Person? _owner;

    public CommunitySystem() => Dump = new(this);

    internal ImportedDump Dump { get; }

    internal Person Anybody => _anybody ?? throw NotStarted();

    internal Person Owner => _owner ?? throw NotStarted();

    /// <summary>What two who set up at once were answered.</summary>
    internal IReadOnlyList<Answer> Foundings { get; private set; } = [];

    internal string Logs => Path.Combine(_data, "logs");

    /// <summary>What the AppHost said, its services' lines included.</summary>
    internal string Console => string.Join('\n', _console);

    internal Uri Broker => new($"amqp://guest:{Uri.EscapeDataString(Secret("messaging-password"))}@127.0.0.1:{_basePort + 11}");

    public async ValueTask InitializeAsync()
    {
        _appHost = await Child.Start(new(
            "AppHost", Built("AppHost", "Community.AppHost"), ["--data", _data, "--base-port", _basePort.ToString(CultureInfo.InvariantCulture)], Signal.Terminate)
        {
            Environment = new Dictionary<string, string?>(
                // Given to the tests, not to this system.
                from name in Environment.GetEnvironmentVariables().Keys.Cast<string>()
                where name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)
                select KeyValuePair.Create(name, (string?)null))
            {
                ["RateLimits__PerMinute"] = "1000000",
                ["RateLimits__AnonymousPerMinute"] = "1000000",
                ["RateLimits__CredentialsPerMinute"] = "1000000",
                ["RateLimits__CredentialsBurst"] = "1000000"
            },
            Output = _console.Enqueue
        });
        await Eventually.True(
            () => Task.FromResult(_appHost.Exited.IsCompleted || _console.Any(line => line.Contains("Ctrl-C stops it.", StringComparison.Ordinal))),
            StartLimit, $"a healthy system in {_data}");
        Assert.False(_appHost.Exited.IsCompleted, Console);

        var community = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "community.json")))!;
        _secrets = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "secrets.json")));
        _anybody = new Person(community["services"]!.AsObject().ToDictionary(service => service.Key, service => (string)service.Value!));
        await Found((string)community["setupToken"]!);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _startedAgain)
            await service.Stop(Signal.Terminate, TimeSpan.FromSeconds(30));
        if (_appHost is not null)
            await _appHost.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
        if (_brokerStartedAgain is not null)
            await _brokerStartedAgain.Stop(Signal.Terminate, TimeSpan.FromSeconds(30));
    }

    /// <summary>Somebody new, signed in with these roles.</summary>
    internal async Task<Person> Join(params string[] roles)
    {
        var (name, email) = Somebody();
        var member = await Anybody.Post("membership/members", new { email, password = Password, displayName = name }).Gives(201);
        var id = member.Id("memberId");

        foreach (var role in roles)
            await Owner.Put($"membership/members/{id}/roles/{role}").Gives(204);

        return await SignIn(email, name, id);
    }

    /// <summary>Takes the broker away as a crash does, until the end of the outage; its data stays.</summary>
    internal async Task<Outage> TakeBrokerAway()
    {
        var broker = RunningProcess.ListeningOn(_basePort + 11);
        await broker.Kill();

        return new(async () =>
        {
            _brokerStartedAgain = await broker.StartAgain(Path.Combine(Logs, "messaging.again.log"));
            await Eventually.True(
                () => RabbitMqServer.Answers("127.0.0.1", _basePort + 11, CancellationToken.None), TimeSpan.FromSeconds(60), "a broker that answers again");
        });
    }

    /// <summary>Kills a service; at the end of the outage it is started again as it was.</summary>
    internal async Task<Outage> Kill(string service)
    {
        var process = RunningProcess.ListeningOn(new Uri(Anybody.Services[service]).Port);
        await process.Kill();

        return new(async () =>
        {
            _startedAgain.Add(await process.StartAgain(Path.Combine(Logs, $"{service}.again.log")));
            await Eventually.True(() => IsHealthy(service), TimeSpan.FromSeconds(60), $"{service} healthy again");
        });
    }

    internal async Task<NpgsqlConnection> Database(string service)
    {
        var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={_basePort + 10};Username=postgres;Password={Secret("postgres-password")};Database={service}db;Pooling=false");
        await connection.OpenAsync();

        return connection;
    }

    /// <summary>How many events of which kind each service has stored, a line for each.</summary>
    internal async Task<string> StoredEvents()
    {
        var lines = new List<string>();

        foreach (var service in Services)
        {
            await using var connection = await Database(service);
            await using var select = new NpgsqlCommand("select type, count(*) from mt_events group by type order by type", connection);
            await using var rows = await select.ExecuteReaderAsync();

            while (await rows.ReadAsync())
                lines.Add($"{service} {rows.GetString(0)} {rows.GetInt64(1)}");
        }

        return string.Join('\n', lines);
    }

    /// <summary>
    /// Waits until all that was said aloud has been heard, and that once: incentives keeps an event for each activity that
    /// could earn, analytics one for each activity and each joining. (Of the activities that the tests make use of.)
    /// </summary>
    internal Task AllIsHeard()
    {
        return Eventually.Value(Difference, difference => difference == (0, 0), TimeSpan.FromSeconds(180), "incentives and analytics to have heard all, and nothing twice");

        async Task<(long Incentives, long Analytics)> Difference()
        {
            var done = await Count("payments", "type = 'order-paid.v1'") + await Count("content", """
                type in ('content-published.v1', 'content-viewed.v1')
                or type in ('topic-opened.v1', 'reply-posted.v1', 'comment-posted.v1') and data->>'authorId' is not null
                """);
            var accepted = await Count("content",
                "type = 'reply-accepted.v1' and data->>'replyAuthorId' is not null and data->>'replyAuthorId' is distinct from data->>'acceptedBy'");
            var joined = await Count("membership", "type = 'member-joined.v1'");

            return (
                done + accepted - await Count("incentives", "type in ('points-earned.v1', 'points-withheld.v1')"),
                done + joined - await Count("analytics", "true"));
        }
    }

    internal static string Built(string project, string program) =>
        Path.Combine(Path.GetFullPath(Metadata("Root")), project, "bin", Metadata("Configuration"), "net10.0", program);

    private async Task Found(string setupToken)
    {
        var founders = new[] { Somebody(), Somebody() };
        Foundings = await Task.WhenAll(founders.Select(founder => Anybody.Post("membership/setup", new
        {
            setupToken,
            email = founder.Email,
            password = Password,
            displayName = founder.Name,
            communityName = "Programmers"
        })));
        var won = Foundings.Single(answer => answer.Status == 201);
        var owner = founders[Foundings.ToList().IndexOf(won)];
        _owner = await SignIn(owner.Email, owner.Name, won.Json.Id("memberId"));
    }

    private async Task<Person> SignIn(string email, string name, Guid id)
    {
        var session = await Anybody.Post("membership/sessions", new { email, password = Password }).Gives(200);

        return new Person(Anybody.Services, session.Text("accessToken")) { Id = id, Name = name, Email = email };
    }

    private static (string Name, string Email) Somebody()
    {
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

        return ($"贺兰 {FamilyName} {mark}", $"{FamilyName.ToLowerInvariant()}.{mark}@example.org");
    }

    private async Task<bool> IsHealthy(string service)
    {
        try
        {
            return (await Anybody.Get($"{service}/health")).Status == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<long> Count(string service, string condition)
    {
        await using var connection = await Database(service);
        await using var select = new NpgsqlCommand($"select count(*) from mt_events where {condition}", connection);

        return (long)(await select.ExecuteScalarAsync())!;
    }

    private string Secret(string name) => (string?)_secrets?[name] ?? throw NotStarted();

    private static InvalidOperationException NotStarted() => new("The system is not started.");

    private static int FreeBasePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(1000, 1500) * 20;
            if (!Enumerable.Range(port, 20).Any(Ports.IsTaken))
                return port;
        }
    }

    private static string Metadata(string key) => typeof(CommunitySystem).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
