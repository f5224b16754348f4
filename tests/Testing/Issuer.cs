using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Community.Testing;

/// <summary>Plays membership to another service: serves its keys over HTTP and signs tokens as it does.</summary>
public sealed class Issuer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "test" };

    private Issuer(WebApplication server) => _server = server;

    /// <summary>Base address, without a trailing slash.</summary>
    public string Address => _server.Urls.First();

    public static async Task<Issuer> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var issuer = new Issuer(server);
        server.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = "urn:community:membership",
            ["jwks_uri"] = $"{request.Scheme}://{request.Host}/.well-known/jwks.json"
        }));
        server.MapGet("/.well-known/jwks.json", () =>
        {
            var point = issuer._key.ECDsa.ExportParameters(false).Q;

            return Results.Json(new
            {
                keys = new[]
                {
                    new { kty = "EC", crv = "P-256", use = "sig", alg = "ES256", kid = issuer._key.KeyId, x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) }
                }
            });
        });
        await server.StartAsync();

        return issuer;
    }

    /// <summary>An access token for a member with these roles, as a session gives it.</summary>
    public string Token(Guid member, params string[] roles) => Token(member, roles, scopes: [], expires: TimeSpan.FromMinutes(15));

    /// <summary>An API token with scopes, or an access token that expires (or has expired) otherwise.</summary>
    public string Token(Guid member, string[] roles, string[] scopes, TimeSpan expires, ECDsaSecurityKey? key = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object> { ["sub"] = member.ToString(), ["name"] = "Test member", ["role"] = roles };

        if (scopes.Length > 0)
        {
            claims["scope"] = string.Join(' ', scopes);
            claims["jti"] = Guid.CreateVersion7(now).ToString();
        }
        else
        {
            claims["sid"] = Guid.CreateVersion7(now).ToString();
        }

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = "urn:community:membership",
            Audience = "urn:community",
            TokenType = "at+jwt",
            Claims = claims,
            IssuedAt = (now + expires).UtcDateTime.AddMinutes(-15),
            NotBefore = (now + expires).UtcDateTime.AddMinutes(-15),
            Expires = (now + expires).UtcDateTime,
            SigningCredentials = new SigningCredentials(key ?? _key, SecurityAlgorithms.EcdsaSha256)
        });
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
