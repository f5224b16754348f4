using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Client;
using Community.Client.Analytics;
using Community.Client.Content;
using Community.Client.Incentives;
using Community.Client.Membership;
using Community.Client.Payments;
using Community.SystemTests.OpenApi;

namespace Community.SystemTests;

/// <summary>
/// Somebody before the five APIs and the portal: with a token, or anybody. What a client would ask goes by the typed clients; what no
/// client could ask, what is read as it was sent, and the portal are asked by address.
/// </summary>
/// <param name="Services">Addresses by name.</param>
internal sealed record Person(IReadOnlyDictionary<string, string> Services, string? Token = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Hold each answer against the document of its service.</summary>
    public required Descriptions Descriptions { get; init; }

    /// <summary>Asked where no answer came.</summary>
    public Func<Task<string>> StateOfTheSystem { get; init; } = () => Task.FromResult("");

    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public string Email { get; init; } = "";

    public MembershipClient Membership => new(Http("membership"));

    public PaymentsClient Payments => new(Http("payments"));

    public ContentClient Content => new(Http("content"));

    public IncentivesClient Incentives => new(Http("incentives"));

    public AnalyticsClient Analytics => new(Http("analytics"));

    /// <param name="address">Service and path, as in <c>content/contents</c>, or an absolute address.</param>
    public Task<Answer> Get(string address) => Ask(HttpMethod.Get, address);

    public Task<Answer> Post(string address, object? body = null, string? idempotencyKey = null) =>
        Ask(HttpMethod.Post, address, body is null ? null : JsonContent.Create(body), ("Idempotency-Key", idempotencyKey));

    public Task<Answer> Put(string address, object? body = null) => Ask(HttpMethod.Put, address, body is null ? null : JsonContent.Create(body));

    public async Task<Answer> Ask(HttpMethod method, string address, HttpContent? body = null, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Address(address)) { Content = body };

        foreach (var (name, value) in headers.Where(header => header.Value is not null))
            request.Headers.TryAddWithoutValidation(name, value);

        using var response = await Http().SendAsync(request, TestContext.Current.CancellationToken);

        return new Answer(
            $"{method} {address}", (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.Tag,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
        { RetryAfter = response.Headers.RetryAfter?.ToString() };
    }

    /// <summary>All items of a list, page by page.</summary>
    public async Task<IReadOnlyList<JsonNode>> All(string address)
    {
        var items = new List<JsonNode>();
        string? next = null;

        do
        {
            var page = await Get($"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit=100{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}").Gives(200);
            items.AddRange(page["items"]!.AsArray().Select(item => item!));
            next = (string?)page["next"];
        }
        while (next is not null);

        return items;
    }

    // The handler's connections are everybody's, and its patience is the time limit.
    private HttpClient Http(string? service = null) => new(new Asking(this), disposeHandler: false)
    {
        BaseAddress = service is null ? null : new Uri($"{Services[service]}/"),
        Timeout = Timeout.InfiniteTimeSpan
    };

    private Uri Address(string address)
    {
        if (address.StartsWith("http", StringComparison.Ordinal))
            return new Uri(address);

        var parts = address.Split('/', 2);

        return new Uri($"{Services[parts[0]]}/{parts[1]}");
    }

    /// <summary>Sends what somebody asks with their token, and says how the system is where no answer comes.</summary>
    private sealed class Asking(Person person) : DelegatingHandler(person.Descriptions)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (person.Token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", person.Token);

            using var limit = new CancellationTokenSource(Patience);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken, TestContext.Current.CancellationToken);

            try
            {
                return await base.SendAsync(request, end.Token);
            }
            catch (OperationCanceledException e) when (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{request.Method} {request.RequestUri} was not answered within {Patience.TotalSeconds:0} s. {await person.StateOfTheSystem()}", e);
            }
        }
    }
}

internal sealed record Answer(string Request, int Status, string? MediaType, string? Version, string Body)
{
    public string? RetryAfter { get; init; }

    public JsonNode Json => Body.Length > 0 && MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? JsonNode.Parse(Body)! : new JsonObject();
}

internal static class Answers
{
    public static async Task<JsonNode> Gives(this Task<Answer> asked, int status)
    {
        var answer = await asked;
        Assert.True(answer.Status == status, $"{status} expected: {answer}");

        return answer.Json;
    }

    /// <summary>What the service answered, where it did what it was asked.</summary>
    public static async Task<T> Gives<T>(this Task<ApiResponse<T>> asked) => (await asked).Result;

    /// <summary>The service does not do what it is asked.</summary>
    public static async Task IsRefused(this Task asked, int status)
    {
        var refusal = await Assert.ThrowsAnyAsync<ApiException>(() => asked);
        Assert.True(refusal.StatusCode == status, $"{status} expected: {refusal.StatusCode} {(refusal as ApiException<Problem>)?.Result}");
    }

    public static string Text(this JsonNode node, string name) => (string?)node[name] ?? throw new JsonException($"No {name} in {node}");

    public static Guid Id(this JsonNode node, string name) => Guid.Parse(node.Text(name));
}
