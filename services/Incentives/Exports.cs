using Community.Incentives.Badges;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Privacy;

namespace Community.Incentives;

/// <summary>What this service hands out to a member about the member.</summary>
internal static class Exports
{
    public static readonly Disclosure[] All =
    [
        Disclosure.Of<PointsEarned>(e => [e.Data.MemberId]),
        Disclosure.Of<PointsWithheld>(e => [e.Data.MemberId]),
        Disclosure.Of<BadgeAwarded>(e => [e.Data.MemberId]),
        Disclosure.Nobodys<RuleSetAdopted>()
    ];
}
