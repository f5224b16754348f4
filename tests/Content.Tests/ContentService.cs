using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Payments.Contracts;

[assembly: AssemblyFixture(typeof(Community.Content.Tests.ContentService))]

namespace Community.Content.Tests;

/// <summary>The service on real servers, and a neighbour who plays payments and hears what content says.</summary>
public sealed class ContentService : IAsyncLifetime
{

    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private Neighbour? _neighbour;

    public Issuer Issuer => _issuer ?? throw new InvalidOperationException("Not started.");

    public ServiceHost<Program> Host => _host ?? throw new InvalidOperationException("Not started.");

    public Neighbour Neighbour => _neighbour ?? throw new InvalidOperationException("Not started.");

    public HttpClient Anybody => Host.Client();

    public async ValueTask InitializeAsync()
    {
        _issuer = await Issuer.Start();
        _host = await ServiceHost<Program>.Start("content", _issuer);
        _neighbour = await Neighbour.Start(
            _host.Messaging, ["payments", "membership", "incentives"], past: null,
            typeof(Contracts.ContentPublished), typeof(Contracts.CommentPosted), typeof(Contracts.TopicOpened), typeof(Contracts.VoteCast),
            typeof(Contracts.ContentViewed), typeof(Contracts.ReactionAdded), typeof(Contracts.FeedbackGiven));
    }

    /// <summary>A new member with these roles.</summary>
    public Person Person(params string[] roles)
    {
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

        return new(id, Host.Client(_issuer!.Token(id, ["member", .. roles], [], TimeSpan.FromMinutes(15))));
    }

    /// <summary>A program with an API token.</summary>
    public HttpClient Program(params string[] scopes) =>
        Host.Client(_issuer!.Token(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), ["member", "operator"], scopes, TimeSpan.FromMinutes(15)));

    /// <summary>Payments says that the member has paid for the content, or has got all of it back.</summary>
    public Task Say(object fact) => Neighbour.Publish(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), fact);

    public static OrderLine[] Line(Guid content) => [new(content, "content", content, 1, 9900, "CNY")];

    public async ValueTask DisposeAsync()
    {
        if (_neighbour is not null)
        {
            await _neighbour.DisposeAsync();
        }

        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_issuer is not null)
        {
            await _issuer.DisposeAsync();
        }
    }
}

public sealed record Person(Guid Id, HttpClient Http);

/// <summary>Requests as a client writes them.</summary>
internal static class Asking
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<JsonObject> Read(this HttpClient http, string path, HttpStatusCode expected = HttpStatusCode.OK) =>
        await Json(await http.GetAsync(new Uri(path, UriKind.Relative), Ct), expected);

    public static async Task<JsonObject> Send(
        this HttpClient http, HttpMethod method, string path, object? body, HttpStatusCode expected, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body switch
        {
            null => null,
            string raw => new StringContent(raw, System.Text.Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body)
        };

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await Json(await http.SendAsync(request, Ct), expected);
    }

    public static Task<JsonObject> Post(this HttpClient http, string path, object? body, HttpStatusCode expected) =>
        http.Send(HttpMethod.Post, path, body, expected);

    public static string Text(this JsonNode node, string name) => node[name]!.GetValue<string>();

    public static Guid Id(this JsonNode node, string name) => Guid.Parse(node.Text(name));

    private static async Task<JsonObject> Json(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(
            response.StatusCode == expected,
            $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}, not {(int)expected}: {text}");

        if ((int)expected >= 400)
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        }

        var answer = text.Length == 0 ? [] : JsonSerializer.Deserialize<JsonObject>(text)!;

        if (response.Headers.ETag is { } tag)
        {
            answer["etag"] = tag.Tag;
        }

        if (response.Headers.Location is { } location)
        {
            answer["location"] = location.ToString();
        }

        return answer;
    }
}
