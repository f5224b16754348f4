using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Community.Testing;

/// <summary>One service in the test process, listening on a real port, on a database and a virtual host of its own.</summary>
public sealed class ServiceHost<TProgram> : IAsyncDisposable
    where TProgram : class
{
    private readonly Factory _factory;

    private readonly bool _ownsMessaging;

    private ServiceHost(Factory factory, string database, Uri messaging, bool ownsMessaging) =>
        (_factory, Database, Messaging, _ownsMessaging) = (factory, database, messaging, ownsMessaging);

    /// <summary>Connection string of the service's database.</summary>
    public string Database { get; }

    /// <summary>AMQP address of the service's virtual host.</summary>
    public Uri Messaging { get; }

    public IServiceProvider Services => _factory.Services;

    /// <param name="service">Its name on the bus: its database is <c>&lt;service&gt;db</c>.</param>
    /// <param name="issuer">Whose tokens it believes; null for membership itself.</param>
    /// <param name="settings">More configuration, by colon-separated keys.</param>
    /// <param name="database">An existing database, where the service is started again.</param>
    /// <param name="messaging">An existing virtual host, likewise.</param>
    /// <param name="configure">More registrations, such as a controlled clock.</param>
    public static async Task<ServiceHost<TProgram>> Start(
        string service,
        Issuer? issuer,
        IReadOnlyDictionary<string, string?>? settings = null,
        string? database = null,
        Uri? messaging = null,
        Action<IServiceCollection>? configure = null)
    {
        if (database is null)
            (database, configure) = await SchemaTemplate<TProgram>.CreateDatabase(service, configure);
        var ownsMessaging = messaging is null;
        messaging ??= await Servers.CreateVirtualHost(service);
        var all = new Dictionary<string, string?>
        {
            [$"ConnectionStrings:{service}db"] = database,
            ["ConnectionStrings:messaging"] = messaging.ToString(),
            ["Sealing:MasterKey"] = TestKeys.Master,
            ["RateLimits:PerMinute"] = "1000000",
            ["RateLimits:AnonymousPerMinute"] = "1000000",
            ["RateLimits:CredentialsPerMinute"] = "1000000",
            ["RateLimits:CredentialsBurst"] = "1000000",
            ["services:membership:http:0"] = issuer?.Address
        };

        foreach (var (key, value) in settings ?? new Dictionary<string, string?>())
        {
            all[key] = value;
        }

        var factory = new Factory(all, configure);
        factory.UseKestrel(0);
        factory.StartServer();

        return new ServiceHost<TProgram>(factory, database, messaging, ownsMessaging);
    }

    /// <summary>A client of the service, with a token or anonymous.</summary>
    public HttpClient Client(string? token = null)
    {
        var client = _factory.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false, BaseAddress = _factory.ClientOptions.BaseAddress });

        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _factory.DisposeAsync();

        if (_ownsMessaging)
        {
            await Servers.DeleteVirtualHost(Messaging);
        }
    }

    private sealed class Factory(IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection>? configure)
        : WebApplicationFactory<TProgram>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");

            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            // A process would end; here an unfinished stop would keep its messages.
            builder.ConfigureServices(services => services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(5)));

            if (configure is not null)
            {
                builder.ConfigureServices(configure);
            }
        }
    }
}

internal static class TestKeys
{
    // Made anew in each run, the same for all services of the run.
    public static readonly string Master = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
