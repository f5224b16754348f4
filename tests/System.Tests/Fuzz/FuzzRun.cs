using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.SystemTests.OpenApi;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests.Fuzz;

/// <summary>
/// Sends requests of all operations by all roles, then everything that was refused once more, on a system at rest: what it holds
/// then must stay as it is.
/// </summary>
internal sealed class FuzzRun : IAsyncDisposable
{
    private const int MostFaults = 60;

    /// <summary>A refresh token that comes a second time is refused, and ends its session.</summary>
    private const string EndsSessions = "/sessions/refresh";

    private readonly CommunitySystem _system;
    private readonly int _seed;
    private readonly TimeSpan? _longest;
    private readonly HttpClient _http;
    private readonly KnownValues _known;
    private readonly RequestMaker _maker;
    private readonly Callers _callers;
    private readonly IReadOnlyList<(string Service, Description Document, Operation Operation)> _operations;
    private readonly List<FuzzRequest> _refused = [];
    private readonly Dictionary<string, HashSet<string>> _refusedTraces = CommunitySystem.Services.ToDictionary(service => service, _ => new HashSet<string>());
    private readonly HashSet<(Operation, string Role)> _done = [];
    private readonly HashSet<string> _exceptedTables = [];
    private readonly Dictionary<string, NpgsqlConnection> _databases = [];
    private readonly Dictionary<string, (string Example, int Count)> _faults = [];
    private readonly SortedDictionary<int, int> _statuses = [];
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private int _network;

    /// <param name="longest">The longest that an answer may take; null: as long as it comes.</param>
    public FuzzRun(CommunitySystem system, int seed, TimeSpan? longest)
    {
        (_system, _seed, _longest) = (system, seed, longest);
        _known = new(system.Owner.Id);
        _maker = new(_known);
        _callers = new(system);
        _operations = [.. system.Descriptions.All.SelectMany(service => service.Description.Operations, (service, operation) => (service.Service, service.Description, operation))];
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8
        })
        { Timeout = Eventually.Silence };
    }

    public IEnumerable<string> Faults => _faults.Select(fault => $"{fault.Value.Count} times {fault.Key}: {fault.Value.Example}");

    public int Sent { get; private set; }

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"Seed {_seed}: {Sent} requests within {_since.Elapsed.TotalSeconds:0} s to {_operations.Count} operations by {Callers.Roles.Length} roles, {_known.Count} values known, {_callers.Replaced} callers made; "
        + $"answers {string.Join(", ", _statuses.Select(status => $"{status.Value} of {status.Key}"))}; slowest {Slowest.Took.TotalSeconds:0.0} s ({Slowest.Request})");

    private (TimeSpan Took, string Request) Slowest { get; set; } = (TimeSpan.Zero, "none");

    /// <param name="rounds">How often each operation is asked for.</param>
    /// <param name="roles">By how many roles in a round: always by an owner, who may most.</param>
    public async Task Try(int rounds, int roles)
    {
        await _callers.AreThere();
        await Prepare();

        for (var round = 0; round < rounds; round++)
        {
            await _callers.AreThere();

            foreach (var (service, document, operation) in _operations)
            {
                // Most may not do most things: who has been seen doing it comes first.
                var others = Callers.Roles.Where(role => role != Callers.Owner).ToArray();
                new Random(unchecked((_seed * 397) ^ ~Sent)).Shuffle(others);
                others = [.. others.OrderBy(role => !_done.Contains((operation, role)))];

                foreach (var role in others.Take(roles - 1).Prepend(Callers.Owner))
                {
                    // Of its own number, so that a request does not depend on how many values those before it drew.
                    var random = new Random(unchecked((_seed * 397) ^ Sent));
                    var request = _maker.Make(service, document, operation, role, asDescribed: random.Next(3) == 0, random);
                    var answer = await Send(request, random);
                    if (answer.IsRefusal)
                        _refused.Add(request);
                    if (_faults.Count >= MostFaults)
                        return;
                }
            }
        }
    }

    /// <summary>Refuses again what was refused, and looks what is stored before and after.</summary>
    public async Task RefuseAgain()
    {
        await _callers.AreThere();

        foreach (var service in _refused.GroupBy(request => request.Service))
        {
            await _system.Renewal.WaitAsync(TestContext.Current.CancellationToken);

            try
            {
                var before = (await AllAtRest())[service.Key];

                foreach (var operation in service.GroupBy(request => request.Operation))
                    before = await RefuseAgain(service.Key, [.. operation], before);
            }
            finally
            {
                _system.Renewal.Release();
            }
        }

        // Wrong passwords are counted: who looks at tables as above must have seen it.
        Assert.Contains("sign_in_failures", _exceptedTables);
    }

    /// <returns>What is stored afterwards.</returns>
    private async Task<StoredRows> RefuseAgain(string service, List<FuzzRequest> requests, StoredRows before)
    {
        while (true)
        {
            var refused = new List<FuzzRequest>();
            foreach (var request in requests)
            {
                if ((await Send(request, new Random(_seed))).IsRefusal)
                    refused.Add(request);
            }

            var now = await StoredRows.Of(await Database(service));
            if (refused.Count == requests.Count)
                _exceptedTables.UnionWith(now.ExceptedChanges(before));
            if (now.Changes(before) is not { Count: > 0 } changes)
                return before;

            if (refused.Count == requests.Count)
            {
                await Blame(service, refused, changes);

                return await AtRest(service);
            }

            // Some were done this time, for much has changed since; the others once more.
            (requests, before) = (refused, await AtRest(service));
        }
    }

    /// <summary>No event is the work of a refused request, whichever service has stored it, and no message was of no use.</summary>
    public async Task NothingCameOfIt()
    {
        foreach (var service in CommunitySystem.Services)
        {
            var database = await Database(service);
            await using var select = new NpgsqlCommand("select type, correlation_id from mt_events where correlation_id = any($1)", database);
            select.Parameters.Add(new() { Value = _refusedTraces.Values.SelectMany(traces => traces).ToArray() });
            await using var rows = await select.ExecuteReaderAsync();
            while (await rows.ReadAsync())
                Fault($"{service} has stored {rows.GetString(0)} of a refused request", rows.GetString(1));
        }

        await AllAtRest();
        await _system.NothingIsSetAside();

        foreach (var service in CommunitySystem.Services)
            await _system.Anybody.Get($"{service}/health").Gives(200);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var database in _databases.Values)
            await database.DisposeAsync();
    }

    /// <summary>Something of each kind, so that ids lead somewhere.</summary>
    private async Task Prepare()
    {
        var (creator, reviewer, member) = (_callers["creator"], _callers["reviewer"], _callers["member"]);
        var random = new Random(_seed);
        var content = await creator.Publish("Given to the fuzz", 100, reviewer);
        await creator.Publish("Given to all", null, reviewer);
        var product = (await _system.Product(content)).ProductId;
        await member.Pay(await member.Order(product));
        await _callers["expert"].Order(product);
        var topic = await member.Post("content/topics", new { kind = "question", title = "Why?", body = "Why so?" });
        await creator.Post($"content/topics/{topic.Json.Id("topicId")}/replies", new { body = "So." }).Gives(201);

        // What lists show, and what is made where all is as described.
        foreach (var asks in new[] { "POST", "GET" })
        {
            foreach (var (service, document, operation) in _operations.Where(operation => operation.Operation.Method == asks && operation.Operation.Path != "/setup"))
            {
                foreach (var role in new[] { Callers.Owner, "creator" })
                    await Send(_maker.Make(service, document, operation, role, asDescribed: true, random), random);
            }
        }

        await _callers.AreThere();
    }

    private async Task<FuzzAnswer> Send(FuzzRequest request, Random random)
    {
        var trace = ActivityTraceId.CreateRandom();
        var started = Stopwatch.GetTimestamp();
        FuzzAnswer answer;
        Sent++;

        try
        {
            using var message = request.Message(_system.Anybody.Services[request.Service], _callers[request.Role].Token, trace);
            // Each from another network: that one locks itself out is another test's concern.
            if (!message.Headers.Contains("X-Forwarded-For"))
                message.Headers.TryAddWithoutValidation("X-Forwarded-For", $"10.{(_network >> 16) & 255}.{(_network >> 8) & 255}.{_network++ & 255}");
            using var response = await _http.SendAsync(message, TestContext.Current.CancellationToken);
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            answer = new((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Headers.Contains("X-Content-Type-Options"), body, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
        {
            answer = new(null, null, false, e.ToString(), Stopwatch.GetElapsedTime(started));
        }

        _statuses[answer.Status ?? 0] = _statuses.GetValueOrDefault(answer.Status ?? 0) + 1;
        if (answer.Took > Slowest.Took)
            Slowest = (answer.Took, request.Name);
        Judge(request, answer);
        if (answer.IsRefusal && request.Operation.Path != EndsSessions)
            _refusedTraces[request.Service].Add(trace.ToString());
        if (answer.Status is >= 200 and < 300)
            await Follow(request, answer, random);

        return answer;
    }

    private async Task Follow(FuzzRequest request, FuzzAnswer answer, Random random)
    {
        if (answer.MediaType == "application/json" && answer.Body.Length is > 0 and < 200_000)
            _known.Learn(JsonNode.Parse(answer.Body), request.Operation.Path, random);
        _done.Add((request.Operation, request.Role));
        if (request.Service != "membership" || request.Operation.Method == "GET")
            return;

        // Whoever comes next must be let in, and those who ask must still be who they are.
        if (request.Operation.Path == "/settings")
            await _system.Owner.Ask(HttpMethod.Patch, "membership/settings", new StringContent("""{"registration":"open"}""", Encoding.UTF8, "application/json")).Gives(200);
        await _callers.AreThere();
    }

    private void Judge(FuzzRequest request, FuzzAnswer answer)
    {
        if (answer.Status is null or >= 500)
            Fault($"{request.Name} fails", $"{request} was answered {answer}");
        if (answer.Took > _longest)
            Fault($"{request.Name} takes long", $"{request} was answered {answer}");
        if (answer.Status is >= 300 and < 400 or < 200)
            Fault($"{request.Name} neither does nor refuses", $"{request} was answered {answer}");
        if (answer.IsRefusal && Wrong(answer) is { } wrong)
            Fault($"{request.Name} refuses without a problem ({wrong})", $"{request} was answered {answer}");
    }

    // What the web server itself does not understand has no service's answer.
    private static string? Wrong(FuzzAnswer answer)
    {
        if (!answer.IsOfTheService)
            return answer.Body.Length == 0 ? null : "a body of the server's own";
        if (answer.Body.Contains("   at ", StringComparison.Ordinal) || answer.Body.Contains("Exception", StringComparison.Ordinal))
            return "it tells of the code";
        if (answer.MediaType != "application/problem+json")
            return "it is none";

        try
        {
            return JsonNode.Parse(answer.Body) is JsonObject problem && (string?)problem["type"] is { } type && type.StartsWith("urn:community:", StringComparison.Ordinal)
                && (int?)problem["status"] == answer.Status && !string.IsNullOrEmpty((string?)problem["title"])
                ? null
                : "it lacks something";
        }
        catch (JsonException)
        {
            return "it is no JSON";
        }
    }

    /// <summary>Finds the one among refused requests that stores something.</summary>
    private async Task Blame(string service, IReadOnlyList<FuzzRequest> requests, IReadOnlyList<string> changes)
    {
        foreach (var request in requests)
        {
            var before = await StoredRows.Of(await Database(service));
            var answer = await Send(request, new Random(_seed));
            var changed = (await StoredRows.Of(await Database(service))).Changes(before);
            if (!answer.IsRefusal || changed.Count == 0)
                continue;

            Fault($"{request.Name} stores something of what it refuses", $"{request} was answered {answer}; {string.Join("; ", changed)}");

            return;
        }

        Fault($"{requests[0].Name} stores something of what it refuses, once", $"{string.Join("; ", changes)} after {string.Join(" | ", requests.Take(3))}");
    }

    private async Task<IReadOnlyDictionary<string, StoredRows>> AllAtRest()
    {
        await _system.AllQueuesAreEmpty();
        var all = await Task.WhenAll(CommunitySystem.Services.Select(async service => (Service: service, Rows: await AtRest(service))));

        return all.ToDictionary(one => one.Service, one => one.Rows);
    }

    /// <summary>What a service holds when nothing changes any more.</summary>
    private async Task<StoredRows> AtRest(string service)
    {
        var last = await StoredRows.Of(await Database(service));
        var since = Stopwatch.StartNew();

        return await Eventually.Value(
            async () =>
            {
                var now = await StoredRows.Of(await Database(service));
                if (now.Changes(last).Count > 0)
                    since.Restart();
                last = now;

                return now;
            },
            _ => since.Elapsed > TimeSpan.FromSeconds(1), $"{service} to rest", () => since.ElapsedTicks);
    }

    private async Task<NpgsqlConnection> Database(string service) =>
        _databases.TryGetValue(service, out var known) ? known : _databases[service] = await _system.Database($"{service}db");

    private void Fault(string what, string example) =>
        _faults[what] = _faults.TryGetValue(what, out var known) ? (known.Example, known.Count + 1) : (example, 1);
}
