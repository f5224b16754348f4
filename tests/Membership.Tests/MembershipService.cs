using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Membership.Accounts.SignIn;
using Community.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

[assembly: AssemblyFixture(typeof(Community.Membership.Tests.MembershipService))]

namespace Community.Membership.Tests;

/// <summary>One membership on real servers for all tests, with a clock that the tests move; already set up by an owner.</summary>
public sealed class MembershipService : IAsyncLifetime
{
    public const string SetupToken = "the-setup-token";
    public const string GoodPassword = "violet harbour 42";

    private ServiceHost<Program>? _host;
    private Neighbour? _payments;
    private int _people;

    public MovableClock Clock { get; } = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));

    public ServiceHost<Program> Host => _host ?? throw new InvalidOperationException("Not started.");

    /// <summary>Plays payments.</summary>
    public Neighbour Payments => _payments ?? throw new InvalidOperationException("Not started.");

    public Person Owner { get; private set; } = new(Guid.Empty, "", "");

    /// <summary>The service's own count of rounds takes a tenth of a second for each password, and most tests are not about it.</summary>
    private static readonly PasswordHasher<Credentials> FewRounds = new(Options.Create(new PasswordHasherOptions { IterationCount = 1_000 }));

    public static Task<ServiceHost<Program>> StartAnother(
        TimeProvider clock, string? database = null, IReadOnlyDictionary<string, string?>? settings = null, Uri? messaging = null, bool ownHashing = false) =>
        ServiceHost<Program>.Start("membership", issuer: null, settings ?? new Dictionary<string, string?> { ["Setup:Token"] = SetupToken },
            database: database, messaging: messaging, configure: services =>
            {
                services.Replace(ServiceDescriptor.Singleton(clock));
                if (!ownHashing)
                    services.Replace(ServiceDescriptor.Singleton<IPasswordHasher<Credentials>>(FewRounds));
            });

    public async ValueTask InitializeAsync()
    {
        var messaging = await Servers.CreateVirtualHost("membership");
        _payments = await Neighbour.Start(messaging, ["payments"]);
        _host = await StartAnother(Clock, messaging: messaging);
        using var client = Host.Client();
        var owner = await client.PostAsJsonAsync("/setup", Setup("owner@example.org"), Ct).Ok(201);
        Owner = await SignIn("owner@example.org", owner.Id("memberId"));
    }

    /// <summary>Another one, with an owner and settings and a clock of its own.</summary>
    public static async Task<AnotherCommunity> SetUpAnother(object? settings = null, MovableClock? clock = null, IReadOnlyDictionary<string, string?>? configuration = null, bool ownHashing = false)
    {
        clock ??= new MovableClock(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
        var host = await StartAnother(clock, settings: new Dictionary<string, string?>(configuration ?? new Dictionary<string, string?>()) { ["Setup:Token"] = SetupToken }, ownHashing: ownHashing);
        using var client = host.Client();
        var owner = (await client.PostAsJsonAsync("/setup", Setup("owner@example.org"), Ct).Ok(201)).Id("memberId");
        var community = new AnotherCommunity(host, clock, owner);
        if (settings is not null)
        {
            using var asOwner = await community.SignIn("owner@example.org");
            await asOwner.PatchAsJsonAsync("/settings", settings, Ct).Ok(200);
        }

        return community;
    }

    public static object Setup(string email, string token = SetupToken) => new
    {
        setupToken = token,
        email,
        password = GoodPassword,
        displayName = "Olga Owner",
        communityName = "Programmers"
    };

    /// <summary>Somebody new, signed in; by a name of their own, for nobody is called as one of the staff is.</summary>
    public async Task<Person> Join(string? name = null, string? email = null)
    {
        var number = Interlocked.Increment(ref _people);
        name ??= $"Person {number}";
        email ??= $"person{number}@example.org";
        using var client = Host.Client();
        var member = await client.PostAsJsonAsync("/members", new { email, password = GoodPassword, displayName = name }, Ct).Ok(201);

        return await SignIn(email, member.Id("memberId"));
    }

    public async Task<Person> SignIn(string email, Guid id)
    {
        using var client = Host.Client();
        var tokens = await client.PostAsJsonAsync("/sessions", new { email, password = GoodPassword }, Ct).Ok(200);

        return new(id, tokens.Text("accessToken"), tokens.Text("refreshToken"));
    }

    /// <summary>An access token with the roles of now.</summary>
    public async Task<string> Renew(Person member)
    {
        using var client = Host.Client();

        return (await client.PostAsJsonAsync("/sessions/refresh", new { refreshToken = member.RefreshToken }, Ct).Ok(200)).Text("accessToken");
    }

    public async Task<string> ApiToken(Person maker, params string[] scopes)
    {
        using var client = Host.Client(maker.AccessToken);

        return (await client.PostAsJsonAsync("/tokens", new { name = "program", scopes }, Ct).Ok(201)).Text("token");
    }

    public async Task Grant(Person member, string role)
    {
        using var owner = Host.Client(Owner.AccessToken);
        await owner.PutAsync($"/members/{member.Id}/roles/{role}", null, Ct).Ok(204);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_payments is not null)
            await _payments.DisposeAsync();
    }

    internal static CancellationToken Ct => TestContext.Current.CancellationToken;
}

/// <summary>A community of a test's own.</summary>
public sealed record AnotherCommunity(ServiceHost<Program> Host, MovableClock Clock, Guid Owner) : IAsyncDisposable
{
    public async Task<HttpClient> SignIn(string email, string password = MembershipService.GoodPassword)
    {
        using var client = Host.Client();

        return Host.Client((await client.PostAsJsonAsync("/sessions", new { email, password }, MembershipService.Ct).Ok(200)).Text("accessToken"));
    }

    /// <summary>Somebody new, signed in; the address is the name's.</summary>
    public async Task<(HttpClient Client, Guid Id)> Join(string name, string? role = null)
    {
        using var anonymous = Host.Client();
        var id = (await anonymous.PostAsJsonAsync("/members", new { email = $"{name}@example.org", password = MembershipService.GoodPassword, displayName = role is null ? name : $"{name} the {role}" }, MembershipService.Ct).Ok(201)).Id("memberId");
        if (role is not null)
        {
            using var owner = await SignIn("owner@example.org");
            await owner.PutAsync($"/members/{id}/roles/{role}", null, MembershipService.Ct).Ok(204);
        }

        return (await SignIn($"{name}@example.org"), id);
    }

    /// <summary>The link of the latest mail of a kind to a member, as an owner sees it in the outbox.</summary>
    public async Task<string> TokenOf(Guid member, string kind)
    {
        using var owner = await SignIn("owner@example.org");
        var mails = (await owner.GetAsync("/outbox?limit=100", MembershipService.Ct).Ok(200))["items"]!.AsArray();
        var text = mails.First(mail => mail!.Id("memberId") == member && mail!.Text("kind") == kind)!.Text("text");

        return text.Split("token=")[1].Split('\n')[0].Trim();
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

public sealed record Person(Guid Id, string AccessToken, string RefreshToken);

internal static class Answers
{
    public static async Task<JsonNode> Ok(this Task<HttpResponseMessage> asked, int status)
    {
        using var answer = await asked;
        var text = await answer.Content.ReadAsStringAsync(MembershipService.Ct);
        Assert.True((int)answer.StatusCode == status, $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri}: {(int)answer.StatusCode} {text}");

        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    public static async Task<JsonNode> Problem(this Task<HttpResponseMessage> asked, int status, string code)
    {
        using var answer = await asked;
        var problem = await Task.FromResult(answer).Ok(status);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("urn:community:" + code, problem.Text("type"));
        Assert.NotEmpty(problem.Text("traceId"));

        return problem;
    }

    public static string Text(this JsonNode node, string name) => node[name]?.GetValue<string>() ?? throw new InvalidOperationException($"No {name} in {node}");

    public static Guid Id(this JsonNode node, string name) => Guid.Parse(node.Text(name));

    public static string[] Strings(this JsonNode node, string name) => [.. node[name]!.AsArray().Select(item => item!.GetValue<string>())];

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    public static JsonNode Claims(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;
}
