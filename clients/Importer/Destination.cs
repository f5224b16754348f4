using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace Community.Importer;

/// <summary>The community that takes the import. What it is sent may be sent again: every item has its id.</summary>
internal sealed class Destination : IDisposable
{
    private static readonly string[] _needed = ["membership", "content", "incentives"];
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ResiliencePropertyKey<TimeSpan> _patience = new("patience");
    private static readonly ResiliencePropertyKey<string> _lastCause = new("last-cause");

    private readonly HttpClient _http;
    private readonly TimeSpan _patienceForBatches;
    private Dictionary<string, Uri> _services = [];

    private Destination(string token, TimeSpan patience, Action<string> say)
    {
        _patienceForBatches = patience;

        // A redirected POST would silently become a GET.
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        _http = new HttpClient(new ResilienceHandler(Retries(say)) { InnerHandler = new WholeAnswer { InnerHandler = sockets } }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public string Name { get; private set; } = "";

    /// <exception cref="ImportFailedException">Nobody answers there, or not as a community does.</exception>
    public static async Task<Destination> Find(Uri to, string token, TimeSpan patience, Action<string> say, CancellationToken ct)
    {
        var destination = new Destination(token, patience, say);
        try
        {
            await destination.FindServices(new Uri($"{to.AbsoluteUri.TrimEnd('/')}/.well-known/community.json"), ct);
            return destination;
        }
        catch
        {
            destination.Dispose();
            throw;
        }
    }

    /// <exception cref="ImportFailedException">The service does not take the batch, or did not answer within the patience given.</exception>
    public async Task<Answer> Take(Kind kind, IReadOnlyList<Fact> batch, CancellationToken ct)
    {
        var address = new Uri($"{_services[kind.Service].AbsoluteUri.TrimEnd('/')}/{kind.Path}");
        using var request = new HttpRequestMessage(HttpMethod.Post, address);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new { Items = batch.Select(fact => fact.Item) }, _json));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json, "utf-8");

        using var response = await Send(request, _patienceForBatches, ct);
        if (response.StatusCode == HttpStatusCode.RequestEntityTooLarge)
            return await TakeInHalves(kind, batch, ct);

        var told = await Read<Told>(response, request, ct);
        var refused = told.Refused ?? [];
        if (told.Taken + told.Already + refused.Count != batch.Count)
            throw new ImportFailedException($"{address} was sent {batch.Count} items and answered for {told.Taken + told.Already + refused.Count}.");

        var byId = batch.ToDictionary(fact => fact.Id);
        return new Answer(told.Taken, told.Already, [.. refused.Select(one => byId.TryGetValue(one.Id, out var fact)
            ? new Refused(fact, one.Code, one.Detail ?? "")
            : throw new ImportFailedException($"{address} refused {one.Id}, which it was not sent."))]);
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> TakeInHalves(Kind kind, IReadOnlyList<Fact> batch, CancellationToken ct)
    {
        if (batch is [var single])
            return new Answer(0, 0, [new Refused(single, "too-large", "Larger than the service takes.")]);

        var half = batch.Count / 2;
        var first = await Take(kind, [.. batch.Take(half)], ct);
        var second = await Take(kind, [.. batch.Skip(half)], ct);

        return new Answer(first.Taken + second.Taken, first.Already + second.Already, [.. first.Refused, .. second.Refused]);
    }

    private async Task FindServices(Uri address, CancellationToken ct)
    {
        // Whoever mistypes the address should not have to wait as long as one whose service restarts half-way.
        var patience = TimeSpan.FromSeconds(Math.Min(20, _patienceForBatches.TotalSeconds));
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        using var response = await Send(request, patience, ct);
        var community = await Read<CommunityDocument>(response, request, ct);

        Name = community.Name ?? "";
        _services = (community.Services ?? [])
            .Where(service => service.Value is { IsAbsoluteUri: true, Scheme: "http" or "https" })
            .ToDictionary(service => service.Key, service => service.Value!);

        if (_needed.Where(service => !_services.ContainsKey(service)).ToArray() is { Length: > 0 } missing)
            throw new ImportFailedException($"{address} does not tell the address of {string.Join(", ", missing)}.");
    }

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, TimeSpan patience, CancellationToken ct)
    {
        var context = ResilienceContextPool.Shared.Get(ct);
        context.Properties.Set(_patience, patience);
        request.SetResilienceContext(context);
        try
        {
            return await _http.SendAsync(request, ct);
        }
        catch (TimeoutRejectedException timeout)
        {
            throw new ImportFailedException($"{Origin(request)} was not ready within {patience.TotalSeconds:0} s: {context.Properties.GetValue(_lastCause, "no answer")}.", timeout);
        }
        catch (HttpRequestException failure)
        {
            throw new ImportFailedException($"{Origin(request)} cannot be reached: {failure.Message}", failure);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static async Task<T> Read<T>(HttpResponseMessage response, HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            if (response.StatusCode == HttpStatusCode.OK && await response.Content.ReadFromJsonAsync<T>(_json, ct) is { } answer)
                return answer;
        }
        catch (Exception e) when (e is JsonException or HttpRequestException)
        {
            throw new ImportFailedException($"{request.RequestUri} did not answer as a community does: {e.Message}", e);
        }

        var hint = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => " The token is not accepted.",
            HttpStatusCode.Forbidden => " The token needs the scope 'import'.",
            _ => "",
        };
        throw new ImportFailedException($"{request.RequestUri} answered {(int)response.StatusCode} {response.ReasonPhrase}.{hint}{await Problem(response, ct)}");
    }

    private static async Task<string> Problem(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.Content.Headers.ContentType?.MediaType is not (MediaTypeNames.Application.ProblemJson or MediaTypeNames.Application.Json))
            return "";

        try
        {
            var problem = await response.Content.ReadFromJsonAsync<ProblemDocument>(_json, ct);
            return $" {problem?.Detail ?? problem?.Title}";
        }
        catch (Exception e) when (e is JsonException or HttpRequestException)
        {
            return ""; // the status says enough
        }
    }

    private static ResiliencePipeline<HttpResponseMessage> Retries(Action<string> say) => new ResiliencePipelineBuilder<HttpResponseMessage>()
        .AddTimeout(new TimeoutStrategyOptions
        {
            TimeoutGenerator = given => new(given.Context.Properties.GetValue(_patience, TimeSpan.FromMinutes(5))),
        })
        .AddRetry(new HttpRetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue, // the deadline above ends it
            Delay = TimeSpan.FromMilliseconds(500),
            MaxDelay = TimeSpan.FromSeconds(20),
            ShouldHandle = given => new(given.Outcome.Exception is HttpRequestException or TimeoutRejectedException
                || given.Outcome.Result?.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
                    or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.RequestTimeout),
            OnRetry = given =>
            {
                var request = given.Context.GetRequestMessage();
                var cause = given.Outcome.Exception?.Message ?? $"{(int)given.Outcome.Result!.StatusCode} {given.Outcome.Result.ReasonPhrase}";
                given.Context.Properties.Set(_lastCause, cause);
                say($"{(request is null ? "A service" : Origin(request))}: {cause}. Trying again in {given.RetryDelay.TotalSeconds:0.0} s.");
                return default;
            },
        })
        .AddTimeout(TimeSpan.FromSeconds(100))
        .Build();

    private static string Origin(HttpRequestMessage request) => request.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "";

    /// <summary>Lets an answer that breaks off be tried again like one that never came.</summary>
    private sealed class WholeAnswer : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            return response;
        }
    }

    internal sealed record Answer(int Taken, int Already, IReadOnlyList<Refused> Refused);

    internal sealed record Refused(Fact Fact, string Code, string Detail);

    private sealed record Told(int Taken, int Already, IReadOnlyList<ToldRefused>? Refused);

    private sealed record ToldRefused(Guid Id, string Code, string? Detail);

    private sealed record CommunityDocument(string? Name, Dictionary<string, Uri?>? Services);

    private sealed record ProblemDocument(string? Title, string? Detail);
}
