using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Community.EndToEnd.Tests;
using Community.LocalServers;
using Community.Testing;
using Microsoft.Playwright;
using Xunit.Sdk;
using Xunit.v3;

// One browser and one system on two cores: tests that share them would only wait for each other.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Community.EndToEnd.Tests;

/// <summary>
/// The whole system as a user starts it, on an empty data directory, and a browser before it. All that happens here happens
/// in the browser; the first test that needs an owner sets the community up.
/// </summary>
public sealed class RunningCommunity : IAsyncLifetime
{
    public const string Password = "violet harbour 42";

    private readonly string _data = Servers.NewDirectory("endtoend");
    private readonly ConcurrentQueue<string> _console = new();
    private readonly List<Visitor> _visitors = [];
    private Child? _appHost;
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private Task<Visitor>? _owner;
    private Task<Story>? _story;

    internal Uri Portal { get; private set; } = new("http://127.0.0.1");

    internal string SetupToken { get; private set; } = "";

    /// <summary>Where each service answers, by its name.</summary>
    internal IReadOnlyDictionary<string, Uri> Services { get; private set; } = new Dictionary<string, Uri>();

    public async ValueTask InitializeAsync()
    {
        if (Chromium.Missing is not null)
        {
            return;
        }

        var basePort = Ports.Reserve(20);
        var playwright = Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout((float)Eventually.Silence.TotalMilliseconds);
        _appHost = await Child.Start(new(
            "AppHost", Path.Combine(Root, "AppHost", "bin", Metadata("Configuration"), "net10.0", "Community.AppHost"),
            ["--data", _data, "--base-port", basePort.ToString(CultureInfo.InvariantCulture)], Signal.Terminate)
        {
            Environment = new Dictionary<string, string?>(
                // Given to the tests, not to this system.
                from name in Environment.GetEnvironmentVariables().Keys.Cast<string>()
                where name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)
                select KeyValuePair.Create(name, (string?)null))
            {
                ["DcpPublisher__DashboardPath"] = "/none",
                ["RevenueShare__Percent"] = "60",
                ["RevenueShare__HoldDays"] = "0",
                ["RateLimits__PerMinute"] = "1000000",
                ["RateLimits__AnonymousPerMinute"] = "1000000",
                ["RateLimits__CredentialsPerMinute"] = "1000000",
                ["RateLimits__CredentialsBurst"] = "1000000"
            },
            Output = _console.Enqueue
        });
        _playwright = await playwright;
        _browser = await Chromium.Launch(_playwright);
        await Eventually.True(
            () => Task.FromResult(_appHost.Exited.IsCompleted || _console.Any(line => line.Contains("Ctrl-C stops it.", StringComparison.Ordinal))),
            "a healthy system", () => Written.In(Path.Combine(_data, "logs")));
        Assert.False(_appHost.Exited.IsCompleted, string.Join('\n', _console));

        var community = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "community.json")))!;
        Portal = new((string)community["services"]!["portal"]!);
        Services = community["services"]!.AsObject().ToDictionary(service => service.Key, service => new Uri((string)service.Value!));
        SetupToken = (string)community["setupToken"]!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in _visitors)
        {
            await visitor.DisposeAsync();
        }

        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();

        if (_appHost is not null)
        {
            await _appHost.Stop(Signal.Terminate, TimeSpan.FromSeconds(60));
        }
    }

    /// <summary>Somebody before the portal, in a browser of their own.</summary>
    internal async Task<Visitor> Enter(Manner? manner = null)
    {
        if (_browser is null)
        {
            Assert.Skip(Chromium.Missing ?? "The browser did not start.");
        }

        var visitor = await Visitor.Enter(_browser, Portal, manner ?? Manner.Usual);
        _visitors.Add(visitor);

        return visitor;
    }

    /// <summary>Who has set the community up, with a first plan.</summary>
    internal Task<Visitor> Owner() => _owner ??= Journey.SetUp(this, SetupToken);

    /// <summary>The great journey, told once for all tests that need what it leaves.</summary>
    internal Task<Story> Story() => _story ??= Journey.Tell(this, Manner.Usual);

    /// <summary>A name and an address that nobody has had.</summary>
    internal static (string Name, string Email) Somebody(string what)
    {
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

        return ($"{what} {mark}", $"{what.ToLowerInvariant()}.{mark}@example.org");
    }

    internal static string Root => Path.GetFullPath(Metadata("Root"));

    private static string Metadata(string key) => typeof(RunningCommunity).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}

[CollectionDefinition]
public sealed class OnOneCommunity : ICollectionFixture<RunningCommunity>;
