using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Community.Membership.Tokens;

/// <summary>Writes the tokens that all services read.</summary>
internal sealed class AccessTokens(SigningKeys keys, TokenRules rules, IDocumentStore store, KeyRing ring, TimeProvider clock)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    /// <summary>Of an API token.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(366);

    private static readonly JsonWebTokenHandler Writer = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>A token of a session; null if the member is gone, or stopped.</summary>
    public async Task<string?> ForSession(Guid member, Guid session, DateTimeOffset signedInAt, CancellationToken ct)
    {
        await using var query = store.QuerySession();
        if (await query.LoadAsync<MemberRow>(member, ct) is not { } row || row.Member.Standing(clock.GetUtcNow()) != Standing.Active)
            return null;

        return await Write(member, row.Member.Roles, clock.GetUtcNow() + Life, new()
        {
            [SessionClaims.Session] = session.ToString(),
            [SessionClaims.SignedInAt] = signedInAt.ToUnixTimeSeconds(),
            ["name"] = (await ring.Find([member], ct)).Open(row.Member.Name) ?? ""
        }, ct);
    }

    /// <summary>An API token; it names nobody, since it lives long.</summary>
    public Task<string> ForProgram(Guid id, Made token, CancellationToken ct) => Write(token.MemberId, token.Roles, token.ExpiresAt, new()
    {
        ["jti"] = id.ToString(),
        ["scope"] = string.Join(' ', token.Scopes)
    }, ct);

    private async Task<string> Write(Guid member, IEnumerable<string> roles, DateTimeOffset expires, Dictionary<string, object> claims, CancellationToken ct)
    {
        claims["sub"] = member.ToString();
        claims["role"] = roles.ToArray();

        return Writer.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = rules.Issuer,
            Audience = rules.Audience,
            TokenType = TokenRules.Type,
            IssuedAt = clock.GetUtcNow().UtcDateTime,
            Expires = expires.UtcDateTime,
            Claims = claims,
            SigningCredentials = await keys.Current(ct)
        });
    }
}
