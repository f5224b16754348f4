using System.Text.Json;
using System.Text.Json.Serialization;
using Community.EventStore;

namespace Community.Membership.Members;

/// <summary>A member as others see it; the address and the language only the member and operators.</summary>
/// <remarks>What is required is said by attributes, so that the document says it of <c>NewProfile</c> too.</remarks>
/// <param name="Avatar">Path of the picture; null where there is none.</param>
internal record Profile(
    [property: JsonRequired] Guid MemberId,
    [property: JsonRequired] string? DisplayName,
    [property: JsonRequired] string? Bio,
    [property: JsonRequired] IReadOnlyList<string> Links,
    [property: JsonRequired] string? Avatar,
    [property: JsonRequired] IReadOnlyCollection<string> Roles,
    [property: JsonRequired] string? Tier,
    [property: JsonRequired] int? Level,
    [property: JsonRequired] DateTimeOffset JoinedAt,
    [property: JsonRequired] Standing Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Email,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? EmailConfirmed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Language? Language)
{
    public static Profile Of(Guid id, MemberDetails member, MemberKeys keys, DateTimeOffset now, bool withAddress) => new(
        id, keys.Open(member.Name), keys.Open(member.Bio), LinksOf(member, keys), member.AvatarId is null ? null : $"/members/{id}/avatar",
        member.Roles, member.Tier(now), Level: null, member.JoinedAt, member.Standing(now),
        withAddress ? keys.Open(member.Address) : null, withAddress ? member.ConfirmedAt is not null : null, withAddress ? member.Language : null);

    public static IReadOnlyList<string> LinksOf(MemberDetails member, MemberKeys keys) =>
        keys.Open(member.Links) is { } links ? JsonSerializer.Deserialize<string[]>(links)! : [];
}
