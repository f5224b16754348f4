using System.Globalization;
using System.Security.Claims;
using Community.EventStore;
using Marten;

namespace Community.Membership.Tokens;

/// <summary>What a session's access token says of it; an API token says none of this.</summary>
internal static class SessionClaims
{
    public const string Session = "sid";

    /// <summary>As OpenID Connect calls it; a session that was continued is as old as its sign-in.</summary>
    public const string SignedInAt = "auth_time";

    public static Guid? FindSession(this ClaimsPrincipal user) => Guid.TryParse(user.FindFirstValue(Session), out var session) ? session : null;

    public static DateTimeOffset? FindSignedInAt(this ClaimsPrincipal user) =>
        long.TryParse(user.FindFirstValue(SignedInAt), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}

/// <summary>The end of API tokens, for what else ends them.</summary>
internal static class TokensAccess
{
    /// <summary>Revokes, in the transaction that takes the role, the tokens that carry it: they would outlive it by months.</summary>
    public static Task<IReadOnlyList<Besides>> TokensWith(this IDocumentStore store, string role, Guid member, DateTimeOffset at, CancellationToken ct) =>
        store.Tokens(member, token => token.Roles.Contains(role), at, ct);

    /// <summary>Revokes all of a member's, in the transaction in which the member goes.</summary>
    public static Task<IReadOnlyList<Besides>> AllTokens(this IDocumentStore store, Guid member, DateTimeOffset at, CancellationToken ct) =>
        store.Tokens(member, _ => true, at, ct);

    /// <summary>A member's tokens that are good.</summary>
    public static async Task<IReadOnlyList<TokenRow>> LiveTokens(this IDocumentStore store, Guid member, DateTimeOffset at, CancellationToken ct)
    {
        await using var query = store.QuerySession();

        return await query.Query<TokenRow>().AreLive(member, at).ToListAsync(ct);
    }

    public static IQueryable<TokenRow> AreLive(this IQueryable<TokenRow> tokens, Guid member, DateTimeOffset at) =>
        tokens.Where(row => row.MemberId == member && row.Token.RevokedAt == null && row.Token.ExpiresAt > at);

    /// <summary>The end of each of them, for the transaction of what ends them.</summary>
    public static IReadOnlyList<Besides> Endings(this IEnumerable<TokenRow> tokens, DateTimeOffset at) =>
        [.. tokens.Select(row => Besides.Append(row.Id, new TokenRevoked(row.MemberId, row.Token.ExpiresAt, at)))];

    private static async Task<IReadOnlyList<Besides>> Tokens(
        this IDocumentStore store, Guid member, Func<Made, bool> which, DateTimeOffset at, CancellationToken ct) =>
        (await store.LiveTokens(member, at, ct)).Where(row => which(row.Token)).Endings(at);
}
