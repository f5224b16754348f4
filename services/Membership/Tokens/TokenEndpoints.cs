using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Community.EventStore;
using Community.Membership.Members;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Tokens;

internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/tokens").WithTag("Tokens", "Long-lived tokens for programs.");
        tokens.MapPost("", Make).ProducesProblem(404).WithSummary("Makes an API token, shown once");
        tokens.MapGet("", List).WithSummary("One's own tokens, without their secrets");
        tokens.MapDelete("/{id}", Revoke).WithSummary("Ends a token at once");

        var keys = app.MapGroup("/.well-known").AllowAnonymous().WithTag("Keys", "By which anybody checks the tokens of this community.");
        keys.MapGet("/openid-configuration", (TokenRules rules, IConfiguration configuration, HttpContext http) => TypedResults.Ok(new Metadata(
            rules.Issuer, $"{http.OwnAddress(configuration["Membership:Address"])}.well-known/jwks.json", [SecurityAlgorithms.EcdsaSha256])))
            .WithSummary("Who signs the tokens, and where the keys are");
        keys.MapGet("/jwks.json", async (SigningKeys signing, CancellationToken ct) =>
            TypedResults.Ok(new KeySet([.. (await signing.Published(ct)).Select(key => PublicKey.Of(key.Key))])))
            .WithSummary("The public keys (RFC 7517)");
    }

    private static async Task<Results<Created<ShownToken>, ProblemHttpResult>> Make(
        NewToken request, ClaimsPrincipal user, [AsParameters] TokenServices services, HttpContext http, CancellationToken ct)
    {
        var (store, ring, tokens, revocation, clock) = services;
        var now = clock.GetUtcNow();
        if (user.FindSession() is null)
            return Problems.Forbidden("Only a member who is signed in makes tokens; a token makes none.");
        if (request.ExpiresAt <= now || request.ExpiresAt > now + AccessTokens.LongestLife)
            throw new InvalidParameter("expiresAt", $"must be in the future, and within {AccessTokens.LongestLife.TotalDays} days");

        var member = user.MemberId();
        await using var query = store.QuerySession();
        // The roles of now and not those of the session's token, which may be a quarter of an hour old.
        if (await query.LoadAsync<MemberRow>(member, ct) is not { Member.Roles: var roles })
            return Problems.NotFound("member");
        if (request.Scopes.Contains(Scopes.Import) && !roles.Contains(Role.Operator) && !roles.Contains(Role.Owner))
            return Problems.Forbidden("Only operators import.");

        var id = http.NewId(clock);
        var keys = await ring.Create([member], ct);
        // A JWT knows seconds only; the token must not outlive what is told here.
        var expires = DateTimeOffset.FromUnixTimeSeconds((request.ExpiresAt ?? now + AccessTokens.LongestLife).ToUnixTimeSeconds());
        var make = new MakeToken(member, keys.Seal(member, request.Name), [.. request.Scopes.Distinct()], [.. roles], expires, now);
        var made = (Made)(await store.Handle(ApiToken.Decider, id, make, ct)).State;
        if ((await revocation.Check(user, ct)).IsRevoked)
        {
            // A new password ended the session while the token was made, and did not see it.
            await store.Handle(ApiToken.Decider, id, new RevokeToken(clock.GetUtcNow()), ct);

            return Problems.Problem(401, "unauthenticated", "The session has ended.");
        }

        http.Response.Headers.CacheControl = "no-store";

        return TypedResults.Created($"/tokens/{id}", new ShownToken(
            id, request.Name, made.Scopes, made.ExpiresAt, made.At, await tokens.ForProgram(id, made, ct)));
    }

    private static async Task<Ok<Page<ListedToken>>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, [AsParameters] TokenServices services, CancellationToken ct)
    {
        var (store, ring, _, _, clock) = services;
        var member = user.MemberId();
        var now = clock.GetUtcNow();
        var after = paging.Key<Guid>(out var last) ? last : Guid.Empty;
        await using var session = store.QuerySession();
        var mine = await session.Query<TokenRow>().AreLive(member, now).Where(row => row.MatchesSql("d.id > ?", after))
            .OrderBy(row => row.Id).Take(paging.Size + 1).ToListAsync(ct);
        var keys = await ring.Find([member], ct);
        var live = mine
            .Select(row => new ListedToken(row.Id, keys.Open(row.Token.Name), row.Token.Scopes, row.Token.ExpiresAt, row.Token.At))
            .ToList();

        return TypedResults.Ok(paging.Page(live, token => token.TokenId));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var (state, _) = await store.Load(ApiToken.Decider, id, asOf: null, ct);
        if (state is not Made token || (token.MemberId != user.MemberId() && !user.May(Role.Operator)))
            return Problems.NotFound("token");

        await store.Handle(ApiToken.Decider, id, new RevokeToken(clock.GetUtcNow()), ct);

        return TypedResults.NoContent();
    }

    private sealed record TokenServices(IDocumentStore Store, KeyRing Ring, AccessTokens Tokens, ITokenRevocation Revocation, TimeProvider Clock);

    private sealed record NewToken([Text(80)] string Name, [Scopes] IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt = null);

    private sealed record ListedToken(Guid TokenId, string? Name, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt, DateTimeOffset CreatedAt);

    private sealed record ShownToken(Guid TokenId, string? Name, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt, DateTimeOffset CreatedAt, string Token);

    private sealed record Metadata(
        string Issuer,
        [property: JsonPropertyName("jwks_uri")] string JwksUri,
        [property: JsonPropertyName("id_token_signing_alg_values_supported")] IReadOnlyList<string> Algorithms);

    private sealed record KeySet(IReadOnlyList<PublicKey> Keys);

    private sealed record PublicKey(string Kty, string Crv, string Use, string Alg, string Kid, string X, string Y)
    {
        public static PublicKey Of(ECDsaSecurityKey key)
        {
            var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;

            return new("EC", "P-256", "sig", SecurityAlgorithms.EcdsaSha256, key.KeyId, Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y));
        }
    }
}

internal static class Scopes
{
    public const string Import = "import";

    public static readonly IReadOnlyList<string> All = ["read", "write", Import];
}

internal sealed class ScopesAttribute() : ValidationAttribute("must be at least one of read, write, import")
{
    public override bool IsValid(object? value) => value is IReadOnlyList<string> { Count: > 0 and <= 3 } scopes && scopes.All(Scopes.All.Contains);
}
