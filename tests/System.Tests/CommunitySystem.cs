using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Community.Client;
using Community.LocalServers;
using Community.SystemTests.OpenApi;
using Community.Testing;
using Npgsql;
using Xunit.Sdk;
using Xunit.v3;

// A test that takes its system's broker away must be alone with it.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Community.SystemTests;

/// <summary>
/// The whole system as a user starts it: the AppHost's executable on an empty data directory, with an owner. One process of
/// each service, and no dashboard, which would cost a fifth of the processor.
/// </summary>
public class CommunitySystem : IAsyncLifetime
{
    public static readonly string[] Services = ["membership", "payments", "content", "incentives", "analytics"];

    /// <summary>In the name and the address of everybody here, and nowhere else: whoever finds it has found personal data.</summary>
    public const string FamilyName = "Quillonbracken";

    /// <summary>By which the sandbox signs its webhooks.</summary>
    public const string SandboxSecret = "as the tests know it";

    /// <summary>By which one signs in elsewhere, and where the browser comes back to.</summary>
    internal const string Provider = "club";
    internal const string SignedIn = "http://127.0.0.1/signed-in";

    internal const string Password = "violet harbour 42";

    private readonly ConcurrentQueue<string> _console = new();
    private readonly ConcurrentDictionary<string, NpgsqlDataSource> _looks = new();
    private ImportedDump? _dump;
    private readonly string _data = Servers.NewDirectory("system");
    private readonly int _basePort = Ports.Reserve(20);
    private OtherSide? _club;
    private Child? _appHost;
    private JsonNode? _secrets;
    private Descriptions? _descriptions;
    private Person? _anybody;
    private readonly CancellationTokenSource _end = new();
    private volatile Person? _owner;
    private Task _renewal = Task.CompletedTask;

    /// <summary>How many processes of each service there are, behind one address.</summary>
    internal virtual int Replicas => 1;

    private protected virtual bool HasDashboard => false;

    internal ImportedDump Dump => _dump ??= new(this);

    internal Descriptions Descriptions => _descriptions ?? throw NotStarted();

    internal Person Anybody => _anybody ?? throw NotStarted();

    internal OtherSide Club => _club ?? throw NotStarted();

    internal Person Owner => _renewal.IsFaulted
        ? throw new InvalidOperationException("The owner's session is not renewed any more.", _renewal.Exception)
        : _owner ?? throw NotStarted();

    /// <summary>Taken by whoever must be the only one to change something for some minutes: the owner signs in again now and then.</summary>
    internal SemaphoreSlim Renewal { get; } = new(1);

    /// <summary>What two who set up at once were answered.</summary>
    internal IReadOnlyList<Answer> Foundings { get; private set; } = [];

    /// <summary>Where the whole system keeps what it keeps.</summary>
    internal string Data => _data;

    internal string Logs => Path.Combine(_data, "logs");

    /// <summary>What the AppHost said, its services' lines included.</summary>
    internal string Console => string.Join('\n', _console);

    internal Uri Broker => new($"amqp://guest:{Uri.EscapeDataString(Secret("messaging-password"))}@127.0.0.1:{_basePort + 11}");

    public virtual async ValueTask InitializeAsync()
    {
        _club = await OtherSide.Start(TimeProvider.System.GetUtcNow);
        _appHost = await Child.Start(new(
            "AppHost", Built("AppHost", "Community.AppHost"), ["--data", _data, "--base-port", $"{_basePort}", "--replicas", $"{Replicas}"], Signal.Terminate)
        {
            Environment = new Dictionary<string, string?>(
                // Given to the tests, not to this system.
                from name in Environment.GetEnvironmentVariables().Keys.Cast<string>()
                where name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)
                select KeyValuePair.Create(name, (string?)null))
            {
                ["DcpPublisher__DashboardPath"] = HasDashboard ? null : "/none",
                ["Tracing__PerSecond"] = HasDashboard ? "1000000" : null, // whatever could tell a name is in its files
                ["Gateways__Sandbox__Secret"] = SandboxSecret,
                ["RevenueShare__Percent"] = "60",
                ["RevenueShare__HoldDays"] = "0",
                ["Referrals__PercentOff"] = "10",
                ["Tax__Percent"] = "6",
                ["SignIn__RedirectUris__0"] = SignedIn,
                [$"SignIn__Providers__{Provider}__Kind"] = "Oidc",
                [$"SignIn__Providers__{Provider}__Authority"] = _club.Address,
                [$"SignIn__Providers__{Provider}__ClientId"] = OtherSide.ClientId,
                [$"SignIn__Providers__{Provider}__ClientSecret"] = OtherSide.ClientSecret,
                ["RateLimits__PerMinute"] = "1000000",
                ["RateLimits__AnonymousPerMinute"] = "1000000",
                ["RateLimits__CredentialsPerMinute"] = "1000000",
                ["RateLimits__CredentialsBurst"] = "1000000"
            },
            Output = _console.Enqueue
        });
        await Eventually.True(
            () => Task.FromResult(_appHost.Exited.IsCompleted || _console.Any(line => line.Contains("Ctrl-C stops it.", StringComparison.Ordinal))), $"a healthy system in {_data}", () => Written.In(Logs));
        Assert.False(_appHost.Exited.IsCompleted, Console);

        var community = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "community.json")))!;
        _secrets = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "secrets.json")));
        var services = community["services"]!.AsObject().ToDictionary(service => service.Key, service => (string)service.Value!);
        _descriptions = await Descriptions.Read(services);
        _anybody = new Person(services) { Descriptions = _descriptions, StateOfTheSystem = State };
        await Found((string)community["setupToken"]!);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
        Renewal.Dispose();
        foreach (var look in _looks.Values)
            await look.DisposeAsync();
        if (_appHost is not null)
            await _appHost.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
        if (_club is not null)
            await _club.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Somebody new, signed in with these roles.</summary>
    internal async Task<Person> Join(params string[] roles)
    {
        var (name, email) = Somebody();
        var id = (await Anybody.Membership.PostMembersAsync(new() { Email = email, Password = Password, DisplayName = name, SignIn = false }).Gives()).MemberId;

        foreach (var role in roles)
            await Owner.Membership.PutMembersByIdRolesByRoleAsync(id, role);

        return await SignIn(email, name, id);
    }

    /// <summary>Takes the broker away as a crash does, until the end of the outage; its data stays.</summary>
    internal async Task<Outage> TakeBrokerAway()
    {
        await RunningProcess.ListeningOn(_basePort + 11).Kill();

        return new(async () =>
        {
            await Eventually.True(() => Task.FromResult(!Ports.IsTaken(_basePort + 11)), "the broker's port to be free");
            await Start("messaging");
        });
    }

    /// <summary>Takes the database server away as a crash does, until the end of the outage; its data stays.</summary>
    internal async Task<Outage> TakeDatabaseAway()
    {
        var port = _basePort + 10;
        await RunningProcess.ListeningOn(port).Kill();

        return new(async () =>
        {
            // The backends of a killed server end a moment after it.
            await Eventually.True(() => Task.FromResult(!Ports.IsTaken(port)), "the end of the killed server's backends");
            await Start("postgres");
            await Task.WhenAll(Services.Select(AllReplicasAreHealthy));
        });
    }

    /// <summary>Kills a service, all replicas of it; at the end of the outage they are started again as they were.</summary>
    internal async Task<Outage> Kill(string service)
    {
        var processes = ReplicasOf(service);

        foreach (var process in processes)
            await process.Kill();

        return new(() => StartAgain(service, processes));
    }

    /// <summary>Kills the one replica that stands behind a connection to the database; the other one remains.</summary>
    /// <param name="applicationName">As <c>pg_stat_activity</c> tells it.</param>
    internal async Task<Outage> Kill(string service, string applicationName)
    {
        var process = RunningProcess.WithId(int.Parse(applicationName.Split(' ')[^1], CultureInfo.InvariantCulture));
        await process.Kill();

        return new(() => StartAgain(service, [process]));
    }

    /// <summary>The replica that runs a service's relay and projections, as <c>pg_stat_activity</c> names it; null while there is none.</summary>
    internal async Task<string?> Leader(string service)
    {
        await using var connection = await Database($"{service}db");
        await using var select = new NpgsqlCommand(
            """
            select application_name from pg_locks join pg_stat_activity using (pid)
            where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = 7350002
                and database = (select oid from pg_database where datname = current_database())
            """,
            connection);

        return (string?)await select.ExecuteScalarAsync();
    }

    /// <param name="name">As in <c>contentdb</c>.</param>
    internal async Task<NpgsqlConnection> Database(string name)
    {
        var connection = new NpgsqlConnection($"{ConnectionString(name)};Pooling=false");
        await connection.OpenAsync();

        return connection;
    }

    private string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={_basePort + 10};Username=postgres;Password={Secret("postgres-password")};Database={database}";

    /// <summary>Copies a service's database, as it is at one instant, to a name that is free afterwards; on the copy the service is called to rebuild.</summary>
    /// <param name="ofTheCopy">Asked before and after it.</param>
    /// <returns>Both answers, and what the service said.</returns>
    internal async Task<(T Before, T After, string Said)> RebuiltOffline<T>(string service, Func<string, Task<T>> ofTheCopy)
    {
        var copy = $"{service}copy";
        await using var server = await Database("postgres");
        await Drop();
        await using (var create = new NpgsqlCommand($"create database {copy}", server))
            await create.ExecuteNonQueryAsync();

        try
        {
            var programs = ServerBinaries.PostgresDirectory() ?? throw new InvalidOperationException("PostgreSQL's programs are not installed.");
            var at = $"-h 127.0.0.1 -p {_basePort + 10} -U postgres -w";
            await Run("sh", ["-euc", $"'{programs}/pg_dump' {at} {service}db | '{programs}/psql' {at} -q -v ON_ERROR_STOP=1 -d {copy} > /dev/null"],
                new Dictionary<string, string> { ["PGPASSWORD"] = Secret("postgres-password") });
            var before = await ofTheCopy(copy);
            var environment = ReplicasOf(service)[0].Environment.ToDictionary();
            var connection = $"ConnectionStrings__{service}db";
            environment[connection] = new NpgsqlConnectionStringBuilder(environment[connection]) { Database = copy }.ConnectionString;
            var name = string.Concat(char.ToUpperInvariant(service[0]), service[1..]);
            var said = await Run("dotnet", [Built($"services/{name}", $"Community.{name}.dll"), "rebuild"], environment);

            return (before, await ofTheCopy(copy), said);
        }
        finally
        {
            await Drop();
        }

        async Task Drop()
        {
            await using var drop = new NpgsqlCommand($"drop database if exists {copy} with (force)", server);
            await drop.ExecuteNonQueryAsync();
        }
    }

    private static async Task<string> Run(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, string.Join('\n', said));

        return said[0];
    }

    /// <summary>
    /// How many events of which kind each service has stored, a line for each. Not what analytics finds by rules, at its own
    /// time, nor what else it keeps of the facts that <see cref="AllIsHeard"/> waits for.
    /// </summary>
    internal async Task<string> StoredEvents()
    {
        var lines = new List<string>();

        foreach (var service in Services)
        {
            await using var connection = await Database($"{service}db");
            await using var select = new NpgsqlCommand("""
                select type, count(*) from mt_events
                where type not like 'decision-%' and type not in (
                    'payment-recorded.v1', 'refund-recorded.v1', 'content-recorded.v1', 'rating-recorded.v1', 'content-comment-recorded.v1', 'comment-deletion-recorded.v1')
                group by type order by type
                """, connection);
            await using var rows = await select.ExecuteReaderAsync();

            while (await rows.ReadAsync())
                lines.Add($"{service} {rows.GetString(0)} {rows.GetInt64(1)}");
        }

        return string.Join('\n', lines);
    }

    /// <summary>
    /// Waits until all that was said aloud has been heard, and that once: incentives keeps an event for each activity that
    /// could earn, analytics one for each activity, each joining and each thing told of a subscription. (Of the activities that the tests make use of.)
    /// </summary>
    internal async Task AllIsHeard()
    {
        await Eventually.Value(Difference, difference => difference == (0, 0), "incentives and analytics to have heard all, and nothing twice");
        // Figures are counted behind the log.
        await Eventually.Value(Uncounted, uncounted => uncounted <= 0, "analytics to have counted what it has heard");

        async Task<long> Uncounted()
        {
            await using var connection = await Database("analyticsdb");
            await using var select = new NpgsqlCommand("""
                select (select coalesce(max(seq_id), 0) from mt_events)
                    - coalesce((select last_seq_id from mt_event_progression where name = 'member-days:All'), 0)
                """, connection);

            return (long)(await select.ExecuteScalarAsync())!;
        }

        async Task<(long Incentives, long Analytics)> Difference()
        {
            var counts = await Task.WhenAll(
                Counts("payments", "type = 'order-paid.v1' and data->'lines'->0->>'kind' <> 'renewal'", """
                    type in ('subscription-started.v1', 'subscription-renewed.v1', 'subscription-changed.v1', 'subscription-past-due.v1', 'subscription-paused.v1',
                        'subscription-resumed.v1', 'subscription-ended.v1')
                    or type = 'subscription-change-undone.v1' and data->>'paused' = 'false'
                    """),
                Counts("content", """
                    type in ('content-published.v1', 'content-viewed.v1', 'content-shared.v1', 'reaction-added.v1', 'feedback-given.v1')
                    or type in ('topic-opened.v1', 'reply-posted.v1', 'comment-posted.v1') and data->>'authorId' is not null
                    """,
                    """
                    type = 'reply-accepted.v1' and coalesce(data->>'replyAuthorId', data->>'acceptedBy') is not null
                    or type = 'vote-cast.v1' and coalesce(data->>'voterId', data->>'subjectAuthorId') is not null
                    """,
                    "type = 'vote-cast.v1' and data->>'voterId' is not null"),
                Counts("membership", "type = 'member-joined.v1'"),
                Counts("incentives", "type = 'cause-recorded.v1'"),
                // What it keeps beside them of the same facts, as payments and contents, has consumers of its own.
                Counts("analytics", $"data->>'kind' = '{StoryScenarios.ToldByClients}'", "type in ('activity-recorded.v1', 'member-join-recorded.v1', 'recurring-revenue-recorded.v1')"));
            var (orders, worth) = (counts[0][0], counts[0][1]);
            var (done, accepted, voted) = (orders + counts[1][0], counts[1][1], counts[1][2]);

            return (done + accepted - counts[3][0], done + counts[2][0] + voted + worth + counts[4][0] - counts[4][1]);
        }
    }

    /// <summary>The queues of a service's consumers.</summary>
    internal async Task<IReadOnlyList<string>> Queues(string service)
    {
        await using var connection = await Database($"{service}db");
        await using var select = new NpgsqlCommand("select distinct queue from replayed", connection);
        await using var rows = await select.ExecuteReaderAsync();
        var queues = new List<string>();

        while (await rows.ReadAsync())
            queues.Add(rows.GetString(0));

        return queues;
    }

    internal async Task AllQueuesAreEmpty()
    {
        await using var collector = await MessageCollector.Open(Broker);

        foreach (var service in Services)
            foreach (var queue in await Queues(service))
                await Eventually.Value(() => collector.Waiting(queue), waiting => waiting == 0, $"{queue} to be empty");
    }

    /// <summary>No message failed for good, and none was of no use to anybody.</summary>
    internal async Task NothingIsSetAside()
    {
        await using var collector = await MessageCollector.Open(Broker);

        foreach (var service in Services)
            foreach (var queue in await Queues(service))
                Assert.Equal((queue, 0u, 0u), (queue, await collector.Waiting($"{queue}_error"), await collector.Waiting($"{queue}_skipped")));
    }

    internal static string Built(string project, string program) =>
        InRepository(project, "bin", Metadata("Configuration"), "net10.0", program);

    internal static string InRepository(params string[] path) => Path.Combine([Path.GetFullPath(Metadata("Root")), .. path]);

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
        _renewal = StaySignedIn(_owner);
    }

    // All tests together may take longer than an access token lives.
    private async Task StaySignedIn(Person owner)
    {
        using var often = new PeriodicTimer(TimeSpan.FromMinutes(3));

        while (await often.WaitForNextTickAsync(_end.Token))
        {
            await Renewal.WaitAsync(_end.Token);

            try
            {
                _owner = await SignIn(owner.Email, owner.Name, owner.Id);
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException or ApiException or XunitException)
            {
                // Amid an outage that a test has made; the next time comes before the token ends.
            }
            finally
            {
                Renewal.Release();
            }
        }
    }

    private async Task<Person> SignIn(string email, string name, Guid id)
    {
        var session = await Anybody.Membership.PostSessionsAsync(new() { Email = email, Password = Password }).Gives();

        return Anybody with { Token = session.AccessToken, Id = id, Name = name, Email = email };
    }

    private static (string Name, string Email) Somebody()
    {
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

        return ($"贺兰 {FamilyName} {mark}", $"{FamilyName.ToLowerInvariant()}.{mark}@example.org");
    }

    /// <summary>The processes of a service that run; Aspire's proxy stands before them, on the service's port.</summary>
    private IReadOnlyList<RunningProcess> ReplicasOf(string service) => RunningProcess.With(
        ("OTEL_SERVICE_NAME", value => value == service),
        ($"ConnectionStrings__{service}db", value => value.Contains($"Port={_basePort + 10};", StringComparison.Ordinal)));

    /// <summary>The process of a service or of the portal, where there is one of each.</summary>
    internal RunningProcess ProcessOf(string name) => RunningProcess.ListeningOn(new Uri(Anybody.Services[name]).Port);

    private async Task StartAgain(string service, IReadOnlyList<RunningProcess> processes)
    {
        foreach (var process in processes)
            await Start($"{service}-{process.Environment["OTEL_RESOURCE_ATTRIBUTES"].Split('=')[^1]}");

        await AllReplicasAreHealthy(service);
        await IsHealthyByTurns(service);
    }

    /// <summary>By turns the load balancer asks one and the other: whichever lives has to be known to it.</summary>
    internal async Task IsHealthyByTurns(string service)
    {
        var answers = 0;
        await Eventually.True(
            async () => (answers = await IsHealthy($"{service}/health") ? answers + 1 : 0) == 2 * Replicas, $"{service} healthy again");
    }

    private async Task Start(string resource)
    {
        using var resources = new AspireResources(new Uri($"http://127.0.0.1:{_basePort + 17}"), Secret("dashboard-key"));
        await resources.Start(resource);
    }

    private Task AllReplicasAreHealthy(string service) => Eventually.True(
        async () =>
        {
            var running = ReplicasOf(service);
            return running.Count == Replicas
                && (await Task.WhenAll(running.Select(replica => IsHealthy($"{replica.Environment["ASPNETCORE_URLS"]}/health")))).All(healthy => healthy);
        }, $"{Replicas} healthy processes of {service} again");

    private async Task<bool> IsHealthy(string address)
    {
        try
        {
            return (await Anybody.Get(address)).Status == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>How many events of a service fulfil each of the conditions.</summary>
    private async Task<long[]> Counts(string service, params string[] conditions)
    {
        var look = _looks.GetOrAdd($"{service}db", name => NpgsqlDataSource.Create(ConnectionString(name)));

        while (true)
        {
            try
            {
                await using var select = look.CreateCommand($"select array[{string.Join(", ", conditions.Select(condition => $"count(*) filter (where {condition})"))}] from mt_events");

                return (long[])(await select.ExecuteScalarAsync())!;
            }
            catch (NpgsqlException e) when (e is not PostgresException || e.SqlState == PostgresErrorCodes.AdminShutdown)
            {
                look.Clear(); // connections from before the server's or the database's end
                await using var connection = await Database($"{service}db");
            }
        }
    }

    // Which processes live and answer, and what the database's sessions wait for: on one line, for of a failure's text only the beginning may be kept.
    private async Task<string> State()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var processes = await Task.WhenAll(Services.SelectMany(ReplicasOf, (service, process) => (Service: service, Process: process)).Select(async one =>
            $"{one.Service} {one.Process.Id} {await Told(async () => ((int)(await http.GetAsync(new Uri($"{one.Process.Environment["ASPNETCORE_URLS"]}/health"))).StatusCode).ToString(CultureInfo.InvariantCulture))}"));

        return $"Processes: {string.Join(", ", processes)}. Sessions: {await Told(Sessions)}.";

        async Task<string> Sessions()
        {
            await using var connection = await Database("postgres");
            await using var select = new NpgsqlCommand(
                """
                select string_agg(line, ', ') from (
                    select concat_ws(' ', count(*), coalesce(nullif(application_name, ''), datname), state, wait_event, max(now() - xact_start)) as line
                    from pg_stat_activity where datname is not null and pid <> pg_backend_pid() group by application_name, datname, state, wait_event order by 1) sessions
                """, connection);

            return (string?)await select.ExecuteScalarAsync() ?? "none";
        }

        static async Task<string> Told(Func<Task<string>> ask)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or NpgsqlException)
            {
                return e.Message;
            }
        }
    }

    private string Secret(string name) => (string?)_secrets?[name] ?? throw NotStarted();

    private static InvalidOperationException NotStarted() => new("The system is not started.");


    private static string Metadata(string key) => typeof(CommunitySystem).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}

/// <summary>
/// A system for the tests of one class, which would disturb the others. It starts when the first of them does: xUnit makes the
/// fixture in the fast suite too, where none of them may run.
/// </summary>
public class SystemOfItsOwn : CommunitySystem
{
    private Task? _started;

    internal bool IsStarted => _started is { IsCompletedSuccessfully: true };

    public sealed override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    internal Task Started() => _started ??= base.InitializeAsync().AsTask();
}

/// <summary>
/// The same with two processes of every service, for what must hold when one of them dies, and with the dashboard, by which
/// ended ones are started again.
/// </summary>
public sealed class ReplicatedSystem : SystemOfItsOwn
{
    internal override int Replicas => 2;

    private protected override bool HasDashboard => true;
}

/// <summary>Tests of the long suite on a system with replicas.</summary>
[Collection(typeof(OnReplicas))]
public abstract class ReplicatedTests(Func<Task> start) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await start();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);

        return ValueTask.CompletedTask;
    }
}

[CollectionDefinition, TestClassOrderer<DumpLast>]
public sealed class OnOneSystem : ICollectionFixture<CommunitySystem>;

/// <summary>What looks at the whole system takes longer once the dump is on it.</summary>
public sealed class DumpLast : ITestClassOrderer
{
    public IReadOnlyCollection<TTestClass?> OrderTestClasses<TTestClass>(IReadOnlyCollection<TTestClass?> testClasses) where TTestClass : notnull, ITestClass =>
        [.. testClasses.OrderBy(tests => tests?.TestClassName == typeof(ImportTests).FullName)];
}

[CollectionDefinition]
public sealed class OnReplicas : ICollectionFixture<ReplicatedSystem>;
