using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Community.SystemTests;

/// <summary>Somebody before the five APIs and the portal: with a token, or anybody.</summary>
/// <param name="Services">Addresses by name.</param>
internal sealed record Person(IReadOnlyDictionary<string, string> Services, string? Token = null)
{
    /// <summary>Holds each answer against the document of its service.</summary>
    public required HttpClient Http { get; init; }

    /// <summary>Asked where no answer came.</summary>
    public Func<Task<string>> StateOfTheSystem { get; init; } = () => Task.FromResult("");

    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public string Email { get; init; } = "";

    /// <param name="address">Service and path, as in <c>content/contents</c>, or an absolute address.</param>
    public Task<Answer> Get(string address) => Ask(HttpMethod.Get, address);

    public Task<Answer> Post(string address, object? body = null, string? idempotencyKey = null) =>
        Ask(HttpMethod.Post, address, body is null ? null : JsonContent.Create(body), ("Idempotency-Key", idempotencyKey));

    public Task<Answer> Put(string address, object? body = null) => Ask(HttpMethod.Put, address, body is null ? null : JsonContent.Create(body));

    public async Task<Answer> Ask(HttpMethod method, string address, HttpContent? body = null, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Address(address)) { Content = body };

        if (Token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);

        foreach (var (name, value) in headers.Where(header => header.Value is not null))
            request.Headers.TryAddWithoutValidation(name, value);

        using var response = await Send(request);

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

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request)
    {
        try
        {
            return await Http.SendAsync(request, TestContext.Current.CancellationToken);
        }
        catch (TaskCanceledException e) when (e.InnerException is TimeoutException)
        {
            throw new TimeoutException($"{request.Method} {request.RequestUri} was not answered within {Http.Timeout.TotalSeconds:0} s. {await StateOfTheSystem()}", e);
        }
    }

    private Uri Address(string address)
    {
        if (address.StartsWith("http", StringComparison.Ordinal))
            return new Uri(address);

        var parts = address.Split('/', 2);

        return new Uri($"{Services[parts[0]]}/{parts[1]}");
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

    public static string Text(this JsonNode node, string name) => (string?)node[name] ?? throw new JsonException($"No {name} in {node}");

    public static Guid Id(this JsonNode node, string name) => Guid.Parse(node.Text(name));
}
