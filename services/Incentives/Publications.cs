using Community.Incentives.Badges;
using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Incentives.Rewards;
using Community.Messaging;

namespace Community.Incentives;

internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<PointsEarned, Contracts.PointsEarned>(e => new(
            e.Id, e.Data.MemberId, e.Data.Points, e.Data.Rule, e.Data.RuleVersion, e.Data.Cause, e.Data.At)),
        Publication.Of<PointsReversed, Contracts.PointsReversed>(e => new(
            e.Id, e.Data.MemberId, e.Data.Points, e.Data.Rule, e.Data.RuleVersion, e.Data.Cause, e.Data.Because, e.Data.At)),
        Publication.Of<LevelChanged, Contracts.LevelChanged>(e => new(e.Data.MemberId, e.Data.Level, e.Data.Name, e.Data.Perks, e.Version, e.Data.At)),
        Publication.Of<BadgeAwarded, Contracts.BadgeAwarded>(e => new(
            e.Data.AwardId, e.Data.MemberId, e.Data.Name, e.Data.Class, e.Data.At, e.Data.Imported)),
        Publication.Of<RewardRedeemed, Contracts.RewardClaimed>(e => e.Data.Grant is not { } grant ? null : new(
            e.Data.RedemptionId, e.Data.MemberId, grant.PlanId, grant.Days, e.Data.Code, grant.PercentOff, grant.ValidDays, e.Data.At)),
        Publication.Of<RedemptionCancellationAsked, Contracts.RewardCancellationAsked>(e => new(e.Data.RedemptionId, e.Data.MemberId, e.Data.At)),
        Publication.Of<BadgeWithdrawn, Contracts.BadgeWithdrawn>(e => new(e.Data.AwardId, e.Data.MemberId, e.Data.At)),
    ];
}
