using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Community.Testing;

/// <summary>Where members sign in elsewhere: an OpenID provider with keys of its own, and GitHub in the shape of its public OAuth documents; both check PKCE.</summary>
public sealed class OtherSide : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "provider-key" };
    private readonly RsaSecurityKey _stranger = new(RSA.Create(2048)) { KeyId = "provider-key" };
    private readonly ConcurrentDictionary<string, (IDictionary<string, string?> Asked, Somebody Who)> _codes = [];
    private readonly ConcurrentDictionary<string, Somebody> _tokens = [];
    private readonly Func<DateTimeOffset> _now;

    public const string ClientId = "our-client";
    public const string ClientSecret = "our-secret";

    private OtherSide(WebApplication server, Func<DateTimeOffset> now) => (_server, _now) = (server, now);

    public string Address => _server.Urls.First();

    /// <summary>Makes the next tokens wrong in one way: <c>nonce</c>, <c>audience</c>, <c>issuer</c>, <c>key</c> or <c>expired</c>.</summary>
    public string? Lie { get; set; }

    public static async Task<OtherSide> Start(Func<DateTimeOffset> now)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var side = new OtherSide(server, now);
        server.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = side.Address,
            ["authorization_endpoint"] = $"{side.Address}/authorize",
            ["token_endpoint"] = $"{side.Address}/token",
            ["jwks_uri"] = $"{side.Address}/keys"
        }));
        server.MapGet("/keys", () =>
        {
            var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(side._key.Rsa.ExportParameters(false)) { KeyId = side._key.KeyId });

            return Results.Json(new { keys = new[] { new { kty = key.Kty, kid = key.Kid, n = key.N, e = key.E, use = "sig", alg = "RS256" } } });
        });
        server.MapPost("/token", async (HttpRequest request) => side.Exchange(await request.ReadFormAsync()) is { } exchanged
            ? Results.Json(new { id_token = side.IdToken(exchanged), access_token = "x", token_type = "Bearer" })
            : Results.Json(new { error = "invalid_grant" }, statusCode: 400));
        server.MapPost("/login/oauth/access_token", async (HttpRequest request) =>
        {
            if (side.Exchange(await request.ReadFormAsync()) is not { } exchanged)
                return Results.Json(new { error = "bad_verification_code", error_description = "The code passed is incorrect or expired." });

            var token = $"gho_{RandomNumberGenerator.GetHexString(20)}";
            side._tokens[token] = exchanged.Who;

            return Results.Json(new { access_token = token, scope = "read:user,user:email", token_type = "bearer" });
        });
        server.MapGet("/api/user", (HttpRequest request) => side.Whose(request) is { } who
            ? Results.Json(new { id = long.Parse(who.Subject, System.Globalization.CultureInfo.InvariantCulture), login = "octo", name = (string?)null })
            : Results.StatusCode(401));
        server.MapGet("/api/user/emails", (HttpRequest request) => side.Whose(request) is { } who
            ? Results.Json(new object[] { new { email = "other@example.org", primary = false, verified = false }, new { email = who.Email, primary = true, verified = who.Verified } })
            : Results.StatusCode(401));
        await server.StartAsync();

        return side;
    }

    /// <summary>The browser goes to the address and somebody agrees there; what it comes back with.</summary>
    public string Agree(string address, Somebody who)
    {
        var query = QueryHelpers.ParseQuery(new Uri(address).Query).ToDictionary(part => part.Key, part => (string?)part.Value.ToString());

        if ((query["response_type"], query["code_challenge_method"]) != ("code", "S256"))
            throw new InvalidOperationException($"No code with PKCE is asked for: {address}");

        var code = RandomNumberGenerator.GetHexString(16);
        _codes[code] = (query, who);

        return code;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private (IDictionary<string, string?> Asked, Somebody Who)? Exchange(IFormCollection form)
    {
        if (!_codes.TryRemove(form["code"].ToString(), out var known))
            return null;

        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        var good = form["client_id"] == ClientId && form["client_secret"] == ClientSecret
            && form["redirect_uri"] == known.Asked["redirect_uri"] && challenge == known.Asked["code_challenge"];

        return good ? known : null;
    }

    private Somebody? Whose(HttpRequest request) => _tokens.GetValueOrDefault(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal));

    private string IdToken((IDictionary<string, string?> Asked, Somebody Who) exchanged) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Lie == "issuer" ? "https://elsewhere.example" : Address,
        Audience = Lie == "audience" ? "another-client" : ClientId,
        Expires = _now().UtcDateTime.AddMinutes(Lie == "expired" ? -5 : 5),
        IssuedAt = _now().UtcDateTime,
        Claims = new Dictionary<string, object>
        {
            ["sub"] = exchanged.Who.Subject,
            ["email"] = exchanged.Who.Email,
            ["email_verified"] = exchanged.Who.Verified,
            ["name"] = exchanged.Who.Name,
            ["nonce"] = Lie == "nonce" ? "another" : exchanged.Asked["nonce"]!
        },
        SigningCredentials = new SigningCredentials(Lie == "key" ? _stranger : _key, SecurityAlgorithms.RsaSha256)
    });
}

public sealed record Somebody(string Subject, string Email, bool Verified = true, string Name = "Some Body");
