using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
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
    public async Task<string?> ForSession(Guid member, Guid session, CancellationToken ct)
    {
        await using var query = store.QuerySession();
        if (await query.LoadAsync<MemberRow>(member, ct) is not { } row || row.Member.Standing(clock.GetUtcNow()) != Standing.Active)
            return null;

        return await Write(member, row.Member.Roles, clock.GetUtcNow() + Life, new()
        {
            ["sid"] = session.ToString(),
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

/// <summary>Here, where sessions, tokens and roles are kept, their end counts at once.</summary>
internal sealed class EndedTokens(SessionTable sessions, IDocumentStore store, TimeProvider clock) : ITokenRevocation
{
    public async ValueTask<TokenState> Check(ClaimsPrincipal token, CancellationToken ct)
    {
        await using var query = store.QuerySession();
        if (token.FindMemberId() is not { } member || await query.LoadAsync<MemberRow>(member, ct) is not { } row
            || row.Member.Standing(clock.GetUtcNow()) != Standing.Active || await HasEnded(token, query, ct))
            return TokenState.Revoked;

        return new(false, [.. token.FindAll("role").Select(claim => claim.Value).Where(role => !row.Member.Roles.Contains(role))]);
    }

    private async ValueTask<bool> HasEnded(ClaimsPrincipal token, IQuerySession query, CancellationToken ct)
    {
        if (Guid.TryParse(token.FindFirstValue("sid"), out var session))
            return await sessions.IsOver(session, ct);

        return !Guid.TryParse(token.FindFirstValue("jti"), out var id) || await query.LoadAsync<TokenRow>(id, ct) is not { Token.RevokedAt: null };
    }
}
