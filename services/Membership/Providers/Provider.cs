using System.Buffers.Text;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Community.Membership.Providers;

/// <summary>Who somebody is elsewhere.</summary>
/// <param name="Subject">What the provider calls the account for ever.</param>
/// <param name="Email">Null where the provider has not verified one.</param>
internal sealed record Identity(string Subject, string? Email, string? Name);

/// <summary>The provider does not answer, or answers what nobody can use.</summary>
internal sealed class ProviderFault(string message, Exception? inner = null) : Exception(message, inner);

internal enum ProviderKind { Oidc, GitHub }

/// <summary>From <c>SignIn:Providers:&lt;name&gt;</c>.</summary>
internal sealed record ProviderSettings
{
    public ProviderKind Kind { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientSecret { get; init; } = "";

    /// <summary>Of OIDC: the issuer, whose document names all else.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Of GitHub Enterprise, another than that of github.com.</summary>
    public string Address { get; init; } = "https://github.com";

    public string ApiAddress { get; init; } = "https://api.github.com";
}

/// <summary>Authorization code with PKCE (RFC 6749, 7636; OAuth 2.1), by OpenID Connect or in GitHub's own shape.</summary>
internal sealed class Provider(string name, ProviderSettings settings, HttpClient http, TimeProvider clock)
{
    private static readonly JsonWebTokenHandler Reader = new() { MapInboundClaims = false };

    private readonly ConfigurationManager<OpenIdConnectConfiguration> _document = new(
        $"{settings.Authority.TrimEnd('/')}/.well-known/openid-configuration", new OpenIdConnectConfigurationRetriever(),
        new HttpDocumentRetriever(http) { RequireHttps = !IsLoopback(settings.Authority) });

    public string Name => name;

    public ProviderKind Kind => settings.Kind;

    public async Task<string> Address(string state, Attempt attempt, CancellationToken ct)
    {
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(attempt.Verifier)));
        var endpoint = Kind == ProviderKind.Oidc ? (await Document(ct)).AuthorizationEndpoint : $"{settings.Address}/login/oauth/authorize";
        var query = new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = settings.ClientId,
            ["redirect_uri"] = attempt.RedirectUri,
            ["scope"] = Kind == ProviderKind.Oidc ? "openid email profile" : "read:user user:email",
            ["state"] = state,
            ["code_challenge"] = challenge,
            ["code_challenge_method"] = "S256"
        };
        if (Kind == ProviderKind.Oidc)
            query["nonce"] = attempt.Nonce;

        return QueryHelpers.AddQueryString(endpoint, query);
    }

    /// <summary>Who it is; null: the provider refuses the code.</summary>
    /// <exception cref="ProviderFault">It does not answer, or not as it should.</exception>
    public async Task<Identity?> Recognize(string code, Attempt attempt, CancellationToken ct)
    {
        try
        {
            var document = Kind == ProviderKind.Oidc ? await Document(ct) : null;
            using var request = new HttpRequestMessage(HttpMethod.Post, document?.TokenEndpoint ?? $"{settings.Address}/login/oauth/access_token")
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "authorization_code",
                    ["code"] = code,
                    ["redirect_uri"] = attempt.RedirectUri,
                    ["client_id"] = settings.ClientId,
                    ["client_secret"] = settings.ClientSecret,
                    ["code_verifier"] = attempt.Verifier
                })
            };
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var answer = await http.SendAsync(request, ct);
            if ((int)answer.StatusCode is >= 500 or 429)
                throw new ProviderFault($"{name} answered {(int)answer.StatusCode}.");

            using var tokens = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct));
            // GitHub refuses with 200 and an error in the body.
            if (!answer.IsSuccessStatusCode || tokens.RootElement.TryGetProperty("error", out _))
                return null;

            return document is not null
                ? await OfIdToken(Text(tokens.RootElement, "id_token"), document, attempt)
                : await OfGitHub(Text(tokens.RootElement, "access_token"), ct);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            throw new ProviderFault($"{name} does not answer as it should.", e);
        }
    }

    private async Task<Identity> OfIdToken(string token, OpenIdConnectConfiguration document, Attempt attempt)
    {
        var result = await Reader.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = document.Issuer,
            ValidAudience = settings.ClientId,
            IssuerSigningKeys = document.SigningKeys,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256],
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (_, expires, _, _) => expires > clock.GetUtcNow().UtcDateTime.AddMinutes(-1)
        });
        if (!result.IsValid || result.ClaimsIdentity.FindFirst("nonce")?.Value != attempt.Nonce)
        {
            _document.RequestRefresh(); // its keys may have changed
            throw new ProviderFault($"{name}'s token is not good.", result.Exception);
        }

        var claims = result.ClaimsIdentity;
        var verified = string.Equals(claims.FindFirst("email_verified")?.Value, "true", StringComparison.OrdinalIgnoreCase);

        // An empty one would be everybody's, and the second to come would be the first.
        return new(claims.FindFirst("sub")?.Value is { } subject && !string.IsNullOrWhiteSpace(subject) ? subject : throw new ProviderFault($"{name} names nobody."), verified ? claims.FindFirst("email")?.Value : null, claims.FindFirst("name")?.Value);
    }

    private async Task<Identity> OfGitHub(string token, CancellationToken ct)
    {
        using var user = await Get("/user", token, ct);
        using var addresses = await Get("/user/emails", token, ct);
        var address = addresses.RootElement.EnumerateArray()
            .Where(known => known.GetProperty("verified").GetBoolean())
            .OrderByDescending(known => known.GetProperty("primary").GetBoolean())
            .Select(known => known.GetProperty("email").GetString()).FirstOrDefault();
        var name = user.RootElement.TryGetProperty("name", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : Text(user.RootElement, "login");

        return user.RootElement.GetProperty("id").GetInt64() is > 0 and var id
            ? new(id.ToString(CultureInfo.InvariantCulture), address, name)
            : throw new ProviderFault($"{this.Name} names nobody.");
    }

    private async Task<JsonDocument> Get(string path, string token, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, settings.ApiAddress + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.github+json"));
        request.Headers.UserAgent.ParseAdd("Community");
        using var answer = await http.SendAsync(request, ct);
        answer.EnsureSuccessStatusCode();

        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct));
    }

    private async Task<OpenIdConnectConfiguration> Document(CancellationToken ct)
    {
        try
        {
            return await _document.GetConfigurationAsync(ct);
        }
        catch (InvalidOperationException e)
        {
            throw new ProviderFault($"{name} does not tell where it is.", e);
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new JsonException($"{name} is null.");

    private static bool IsLoopback(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.IsLoopback;
}
