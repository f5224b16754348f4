using System.Security.Claims;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.Web;
using Marten;

namespace Community.Membership.Accounts.Sessions;

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
        if (token.FindSession() is { } session)
            return await sessions.IsOver(session, ct);

        return !Guid.TryParse(token.FindFirstValue("jti"), out var id) || await query.LoadAsync<TokenRow>(id, ct) is not { Token.RevokedAt: null };
    }
}
