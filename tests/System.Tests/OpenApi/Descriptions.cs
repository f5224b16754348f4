using System.Collections.Concurrent;

namespace Community.SystemTests.OpenApi;

/// <summary>
/// Stands between everybody here and the services: no answer gets through that differs from its service's document,
/// in whichever test it comes.
/// </summary>
internal sealed class Descriptions : DelegatingHandler
{
    private readonly IReadOnlyDictionary<string, (string Service, Description Description)> _byOrigin;

    public Descriptions(IReadOnlyDictionary<string, (string Service, Description Description)> byOrigin)
        : base(new SocketsHttpHandler { AllowAutoRedirect = false }) => _byOrigin = byOrigin;

    /// <summary>Which operation gave which status, and whether its list had something in it.</summary>
    public ConcurrentBag<(string Service, Operation Operation, int Status, bool EmptyList)> Heard { get; } = [];

    public IEnumerable<(string Service, Description Description)> All => _byOrigin.Values;

    public IEnumerable<(string Service, Operation Operation)> Operations =>
        _byOrigin.Values.SelectMany(service => service.Description.Operations, (service, operation) => (service.Service, operation));

    /// <summary>Reads the documents as they are served, and lays them down for the linter.</summary>
    public static async Task<Descriptions> Read(IReadOnlyDictionary<string, string> services)
    {
        var directory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "openapi"));
        var byOrigin = new Dictionary<string, (string, Description)>();
        using var http = new HttpClient();

        foreach (var service in CommunitySystem.Services)
        {
            var text = await http.GetStringAsync(new Uri($"{services[service]}/openapi/v1.json"));
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, $"{service}.json"), text);
            byOrigin[new Uri(services[service]).GetLeftPart(UriPartial.Authority)] = (service, new Description(text));
        }

        return new(byOrigin);
    }

    /// <summary>The same documents, nothing heard yet.</summary>
    public Descriptions Anew() => new(_byOrigin);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!_byOrigin.TryGetValue(request.RequestUri!.GetLeftPart(UriPartial.Authority), out var known))
            return await base.SendAsync(request, cancellationToken);

        var sent = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        // The load balancer's own word, where no replica answers it; every answer of a service has this header.
        if ((int)response.StatusCode is 502 or 503 or 504 && !response.Headers.Contains("X-Content-Type-Options"))
            return response;

        var exchange = new Exchange(
            request.Method, request.RequestUri!, request.Headers.Authorization is not null, request.Headers,
            request.Content?.Headers.ContentType?.MediaType, sent, (int)response.StatusCode,
            [.. response.Headers.Concat(response.Content.Headers).Select(header => header.Key)],
            response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(cancellationToken));

        if (known.Description.Find(exchange.Method, exchange.Address.AbsolutePath) is { } operation)
            Heard.Add((known.Service, operation, exchange.Status, exchange.Body.Contains("\"items\":[]", StringComparison.Ordinal)));
        var faults = await known.Description.Faults(exchange);
        Assert.True(faults.Count == 0,
            $"{exchange.Method} {exchange.Address}, sent {Short(sent)}, answered {exchange.Status} {Short(exchange.Body)}, differs from the document of {known.Service}: {string.Join("; ", faults)}");

        return response;
    }

    private static string Short(string text) => text.Length > 1000 ? $"{text[..1000]}…" : text;
}
