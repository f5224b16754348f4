using System.Diagnostics;
using Community.EventStore;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;

namespace Community.Membership.Tokens;

public abstract record TokenEvent
{
    private protected TokenEvent() { }
}

/// <param name="Name">What its maker calls it; people write names of persons and machines there.</param>
/// <param name="Roles">The maker's own, at the time.</param>
[EventType("token-made.v1")]
public sealed record TokenMade(
    Guid MemberId, Sealed Name, IReadOnlyList<string> Scopes, IReadOnlyList<string> Roles, DateTimeOffset ExpiresAt, DateTimeOffset At) : TokenEvent;

[EventType("token-revoked.v1")]
public sealed record TokenRevoked(Guid MemberId, DateTimeOffset ExpiresAt, DateTimeOffset At) : TokenEvent;

internal abstract record TokenCommand(DateTimeOffset At);

internal sealed record MakeToken(
    Guid MemberId, Sealed Name, IReadOnlyList<string> Scopes, IReadOnlyList<string> Roles, DateTimeOffset ExpiresAt, DateTimeOffset At) : TokenCommand(At);

internal sealed record RevokeToken(DateTimeOffset At) : TokenCommand(At);

/// <summary>A long-lived token for a program: what its maker may, within its scopes.</summary>
internal abstract record ApiToken
{
    public static readonly Decider<ApiToken, TokenCommand, TokenEvent> Decider = new(new NotMade(), Decide, Evolve);

    private static Decision<TokenEvent> Decide(ApiToken token, TokenCommand command) => (token, command) switch
    {
        (NotMade, MakeToken c) => new TokenMade(c.MemberId, c.Name, c.Scopes, c.Roles, c.ExpiresAt, c.At),
        (Made, MakeToken) => Decision.Nothing,
        (NotMade, _) => new Rejection("not-found", "There is no such token."),
        (Made { RevokedAt: not null }, RevokeToken) => Decision.Nothing,
        (Made t, RevokeToken c) => new TokenRevoked(t.MemberId, t.ExpiresAt, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static Made Evolve(ApiToken token, TokenEvent @event) => (token, @event) switch
    {
        (NotMade, TokenMade e) => new Made(e.MemberId, e.Name, e.Scopes, e.Roles, e.ExpiresAt, e.At, RevokedAt: null),
        (Made t, TokenRevoked e) => t with { RevokedAt = t.RevokedAt ?? e.At }, // by its owner and with a role, at once
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {token.GetType().Name}.")
    };
}

internal sealed record NotMade : ApiToken;

internal sealed record Made(
    Guid MemberId, Sealed Name, IReadOnlyList<string> Scopes, IReadOnlyList<string> Roles,
    DateTimeOffset ExpiresAt, DateTimeOffset At, DateTimeOffset? RevokedAt) : ApiToken;

internal sealed record TokenRow(Guid Id, Guid MemberId, Made Token);

/// <summary>Inline: a revoked token is refused from the answer on.</summary>
internal sealed partial class TokenRows : SingleStreamProjection<TokenRow, Guid>
{
    public TokenRows() => IncludeType<TokenEvent>();

    public override TokenRow? Evolve(TokenRow? snapshot, Guid id, IEvent e) =>
        e.Data is TokenEvent fact && ApiToken.Decider.Evolve(snapshot?.Token ?? ApiToken.Decider.Initial, fact) is Made token
            ? new TokenRow(id, token.MemberId, token)
            : snapshot;
}
