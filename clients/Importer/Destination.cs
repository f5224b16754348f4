using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Client;
using Community.Client.Content;
using Community.Client.Incentives;
using Community.Client.Membership;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace Community.Importer;

/// <summary>The community that takes the import. What it is sent may be sent again: every item has its id.</summary>
internal sealed class Destination : IDisposable
{
    private static readonly string[] Needed = ["membership", "content", "incentives"];
    private static readonly ResiliencePropertyKey<string> LastCause = new("last-cause");

    private readonly IReadOnlyDictionary<string, Uri> _addresses;
    private readonly Dictionary<string, HttpClient> _clients;
    private readonly Services _services;

    private Destination(string name, IReadOnlyDictionary<string, Uri> addresses, Func<Uri, HttpClient> connect)
    {
        (Name, _addresses) = (name, addresses);
        _clients = Needed.ToDictionary(service => service, service => connect(addresses[service]));
        _services = new(new MembershipClient(_clients["membership"]), new ContentClient(_clients["content"]), new IncentivesClient(_clients["incentives"]));
    }

    public string Name { get; }

    /// <exception cref="ImportFailedException">Nobody answers there, or not as a community does.</exception>
    public static async Task<Destination> Find(Uri to, string token, TimeSpan patience, Action<string> say, CancellationToken ct)
    {
        // Whoever mistypes the address should not have to wait as long as one whose service restarts half-way.
        using var http = Connect(to, token, TimeSpan.FromSeconds(Math.Min(20, patience.TotalSeconds)), say);
        var address = new Uri($"{to.AbsoluteUri.TrimEnd('/')}{CommunityDocument.Path}");
        var community = await Read(http, address, ct);
        var services = (community.Services ?? new Dictionary<string, Uri?>())
            .Where(service => service.Value is { IsAbsoluteUri: true, Scheme: "http" or "https" })
            .ToDictionary(service => service.Key, service => new Uri($"{service.Value!.AbsoluteUri.TrimEnd('/')}/"));

        return Needed.Where(service => !services.ContainsKey(service)).ToArray() is { Length: > 0 } missing
            ? throw new ImportFailedException($"{address} does not tell the address of {string.Join(", ", missing)}.")
            : new Destination(community.Name ?? "", services, service => Connect(service, token, patience, say));
    }

    /// <exception cref="ImportFailedException">The service does not take the batch, or did not answer within the patience given.</exception>
    public async Task<Answer> Take(Kind kind, IReadOnlyList<Fact> batch, CancellationToken ct)
    {
        var address = new Uri(_addresses[kind.Service], kind.Path);
        Verdicts verdicts;

        try
        {
            verdicts = await kind.Send(_services, batch, ct);
        }
        catch (ApiException e) when (e.StatusCode == (int)HttpStatusCode.RequestEntityTooLarge)
        {
            return await TakeInHalves(kind, batch, ct);
        }
        catch (ApiException e) when (e.StatusCode == (int)HttpStatusCode.OK)
        {
            throw NoCommunity(address, e);
        }
        catch (ApiException e)
        {
            var problem = (e as ApiException<Problem>)?.Result;

            throw new ImportFailedException($"{Answered(address, (HttpStatusCode)e.StatusCode)}{(problem is null ? "" : $" {problem.Detail ?? problem.Title}")}", e);
        }

        var answered = verdicts.Taken + verdicts.Already + verdicts.Refused.Count;
        if (answered != batch.Count)
            throw new ImportFailedException($"{address} was sent {batch.Count} items and answered for {answered}.");

        var byId = batch.ToDictionary(fact => fact.Id);
        return new Answer(verdicts.Taken, verdicts.Already, [.. verdicts.Refused.Select(one => byId.TryGetValue(one.Id, out var fact)
            ? new Refused(fact, one.Code, one.Detail)
            : throw new ImportFailedException($"{address} refused {one.Id}, which it was not sent."))]);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private async Task<Answer> TakeInHalves(Kind kind, IReadOnlyList<Fact> batch, CancellationToken ct)
    {
        if (batch is [var single])
            return new Answer(0, 0, [new Refused(single, "too-large", "Larger than the service takes.")]);

        var half = batch.Count / 2;
        var first = await Take(kind, [.. batch.Take(half)], ct);
        var second = await Take(kind, [.. batch.Skip(half)], ct);

        return new Answer(first.Taken + second.Taken, first.Already + second.Already, [.. first.Refused, .. second.Refused]);
    }

    private static async Task<CommunityDocument> Read(HttpClient http, Uri address, CancellationToken ct)
    {
        using var response = await http.GetAsync(address, ct);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new ImportFailedException(Answered(address, response.StatusCode));

        try
        {
            return await response.Content.ReadFromJsonAsync<CommunityDocument>(ct) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw NoCommunity(address, e);
        }
    }

    private static ImportFailedException NoCommunity(Uri address, Exception e) => new($"{address} did not answer as a community does: {e.Message}", e);

    private static string Answered(Uri address, HttpStatusCode status)
    {
        using var response = new HttpResponseMessage(status); // for its words

        return $"{address} answered {(int)status} {response.ReasonPhrase}." + status switch
        {
            HttpStatusCode.Unauthorized => " The token is not accepted.",
            HttpStatusCode.Forbidden => " The token needs the scope 'import'.",
            _ => ""
        };
    }

    private static HttpClient Connect(Uri to, string token, TimeSpan patience, Action<string> say)
    {
        // A redirected POST would silently become a GET.
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        var retries = new ResilienceHandler(Retries(patience, say)) { InnerHandler = new WholeAnswer { InnerHandler = sockets } };

        return new HttpClient(new Patience(patience) { InnerHandler = retries })
        {
            BaseAddress = to,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) }
        };
    }

    private static ResiliencePipeline<HttpResponseMessage> Retries(TimeSpan patience, Action<string> say) => new ResiliencePipelineBuilder<HttpResponseMessage>()
        .AddTimeout(patience)
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
                given.Context.Properties.Set(LastCause, cause);
                say($"{(request is null ? "A service" : Origin(request))}: {cause}. Trying again in {given.RetryDelay.TotalSeconds:0.0} s.");
                return default;
            },
        })
        .AddTimeout(TimeSpan.FromSeconds(100))
        .Build();

    private static string Origin(HttpRequestMessage request) => request.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "";

    /// <summary>Says of whom the import gave up and why.</summary>
    private sealed class Patience(TimeSpan patience) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var context = ResilienceContextPool.Shared.Get(cancellationToken);
            request.SetResilienceContext(context);

            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (TimeoutRejectedException timeout)
            {
                throw new ImportFailedException($"{Origin(request)} was not ready within {patience.TotalSeconds:0} s: {context.Properties.GetValue(LastCause, "no answer")}.", timeout);
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
    }

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
}
