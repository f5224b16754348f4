using System.Text.Json;
using System.Text.Json.Serialization;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;

namespace Community.Membership.Members;

/// <summary>A member as others see it; the address and the language only the member and operators.</summary>
/// <param name="Avatar">Path of the picture; null where there is none.</param>
internal sealed record Profile(
    Guid MemberId,
    string? DisplayName,
    string? Bio,
    IReadOnlyList<string> Links,
    string? Avatar,
    IReadOnlyCollection<string> Roles,
    string? Tier,
    int? Level,
    DateTimeOffset JoinedAt,
    Standing Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Email,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? EmailConfirmed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Language? Language)
{
    /// <summary>Of who has just joined, and asked for one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SessionTokens? Session { get; init; }

    public static Profile Of(Guid id, Joined member, MemberKeys keys, DateTimeOffset now, bool withAddress) => new(
        id, keys.Open(member.Name), keys.Open(member.Bio), LinksOf(member, keys), member.AvatarId is null ? null : $"/members/{id}/avatar",
        member.Roles, member.Tier(now), Level: null, member.JoinedAt, member.Standing(now),
        withAddress ? keys.Open(member.Address) : null, withAddress ? member.ConfirmedAt is not null : null, withAddress ? member.Language : null);

    public static IReadOnlyList<string> LinksOf(Joined member, MemberKeys keys) =>
        keys.Open(member.Links) is { } links ? JsonSerializer.Deserialize<string[]>(links)! : [];
}

/// <summary>The members for lists and sign-in; personal data stays sealed here too.</summary>
/// <param name="DueAt">When something of the member's ends by itself.</param>
internal sealed record MemberRow(Guid Id, Joined Member, DateTimeOffset? DueAt)
{
    public static MemberRow Of(Guid id, Joined member) => new(id, member, member.DueAt);
}

/// <summary>Inline: who has just joined signs in at once, and a role counts from the next token on.</summary>
internal sealed partial class MemberRows : SingleStreamProjection<MemberRow, Guid>
{
    public MemberRows() => IncludeType<MemberEvent>();

    public override MemberRow? Evolve(MemberRow? snapshot, Guid id, IEvent e) => e.Data is MemberEvent fact and not (MemberApplied or ApplicationDeclined)
        ? MemberRow.Of(id, (Joined)Member.Decider.Evolve(snapshot?.Member ?? Member.Decider.Initial, fact))
        : snapshot;
}
