#pragma warning disable EXTEXP0001 // Taking the standard resilience off one client is still marked experimental.
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Community.Web;

/// <summary>
/// Membership's public keys: fetched when first needed, kept, and read again every few minutes, so that a new key is known
/// before it signs. Once read, they outlast an absence of membership.
/// </summary>
internal sealed class PublishedKeys(HttpClient http) : IConfigurationManager<OpenIdConnectConfiguration>
{
    // Named by service discovery, inside the installation: no HTTPS there.
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _keys = new(
        "http://membership/.well-known/openid-configuration",
        new BesideTheDocument(),
        new HttpDocumentRetriever(http) { RequireHttps = false })
    {
        AutomaticRefreshInterval = TimeSpan.FromMinutes(5),
        // After a token of an unknown key, at the earliest; forged tokens must not make us a nuisance.
        RefreshInterval = TimeSpan.FromSeconds(30)
    };

    // The caller waits, so one short try; the next request tries again.
    internal static void AddClient(IServiceCollection services) => services
        .AddHttpClient(nameof(PublishedKeys), client => client.Timeout = TimeSpan.FromSeconds(5))
        .RemoveAllResilienceHandlers();

    /// <exception cref="KeysAwayException">The keys were never read, and membership does not answer now.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        try
        {
            return await _keys.GetConfigurationAsync(cancel);
        }
        catch (InvalidOperationException e)
        {
            throw new KeysAwayException(e);
        }
    }

    public void RequestRefresh() => _keys.RequestRefresh();

    /// <summary>
    /// The keys stand beside the document. Where it says that they are is an address for clients of the community, which services
    /// inside it may not reach.
    /// </summary>
    private sealed class BesideTheDocument : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = OpenIdConnectConfiguration.Create(await retriever.GetDocumentAsync(address, cancel));
            configuration.JsonWebKeySet = new JsonWebKeySet(await retriever.GetDocumentAsync(new Uri(new Uri(address), "jwks.json").ToString(), cancel));
            foreach (var key in configuration.JsonWebKeySet.GetSigningKeys())
                configuration.SigningKeys.Add(key);

            return configuration;
        }
    }
}

/// <summary>Whether a token is good cannot be said now: no 401, which would make clients throw it away.</summary>
internal sealed class KeysAwayException(Exception inner) : Exception("Membership's keys cannot be read.", inner);
