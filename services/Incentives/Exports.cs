using Community.Incentives.AntiAbuse;
using Community.Incentives.Badges;
using Community.Incentives.Leaderboards;
using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Incentives.Rewards;
using Community.Incentives.Rules;
using Community.Privacy;

namespace Community.Incentives;

/// <summary>What this service hands out to a member about the member.</summary>
internal static class Exports
{
    public static readonly Disclosure[] All =
    [
        // Who else had a hand in it is theirs.
        Disclosure.Of<CauseRecorded>(
            e => [e.Data.ActorId, e.Data.AuthorId],
            (e, member) => e.ActorId == member
                ? e with { AuthorId = Only(member, e.AuthorId) }
                : new { e.Activity, e.AuthorId, e.Subject, e.Kind, e.Area, e.Quality, e.At }),
        Disclosure.Of<CauseWithdrawn>(e => [Disclosure.By(e)]),
        Disclosure.Of<PointsEarned>(e => [e.Data.MemberId], (e, member) => e with { Cause = CauseKeys.ShownTo(member, e.Cause) }),
        Disclosure.Of<PointsReversed>(e => [e.Data.MemberId], (e, member) => e with { Cause = CauseKeys.ShownTo(member, e.Cause) }),
        Disclosure.Of<PointsAdjusted>(e => [e.Data.MemberId]),
        Disclosure.Of<PointsSpent>(e => [e.Data.MemberId]),
        Disclosure.Of<PointsRefunded>(e => [e.Data.MemberId]),
        Disclosure.Of<PointsExpired>(e => [e.Data.MemberId]),
        Disclosure.Of<PointsWithheld>(e => [e.Data.MemberId]),
        Disclosure.Of<LevelChanged>(e => [e.Data.MemberId]),
        Disclosure.Of<LeaderboardChoiceMade>(e => [e.Data.MemberId]),
        Disclosure.Of<CauseHeld>(e => [e.Data.MemberId], (e, _) => new { e.MemberId, e.Because, e.At }), // who did it is theirs
        Disclosure.Of<CauseReleased>(e => [e.Data.MemberId], (e, _) => new { e.MemberId, e.Reason, e.Words, e.At }),
        Disclosure.Of<CauseHoldConfirmed>(e => [e.Data.MemberId], (e, _) => new { e.MemberId, e.Words, e.At }),
        Disclosure.Nobodys<LevelsSet>(),
        Disclosure.Nobodys<RewardOffered>(),
        Disclosure.Nobodys<RewardRetired>(),
        Disclosure.Nobodys<RewardReturned>(), // its redemption tells it
        Disclosure.Of<RewardTaken>(e => [e.Data.MemberId]),
        Disclosure.Of<RewardRedeemed>(e => [e.Data.MemberId]),
        Disclosure.Nobodys<RedemptionFulfilled>(),
        Disclosure.Of<RedemptionCancellationAsked>(e => [e.Data.MemberId]),
        Disclosure.Nobodys<RedemptionKept>(), // its redemption tells it
        Disclosure.Nobodys<RewardBudgetSet>(),
        Disclosure.Nobodys<RewardMonthCharged>(), // the redemption tells it
        Disclosure.Nobodys<RewardMonthReleased>(),
        Disclosure.Nobodys<RedemptionCancelled>(), // the refund tells it
        Disclosure.Of<BadgeAwarded>(e => [e.Data.MemberId], (e, member) => e with { Cause = e.Cause is { } cause ? CauseKeys.ShownTo(member, cause) : null }),
        Disclosure.Of<BadgeWithdrawn>(e => [e.Data.MemberId]),
        Disclosure.Nobodys<BadgeDefined>(),
        Disclosure.Nobodys<BadgeRetired>(),
        Disclosure.Nobodys<RuleSetAdopted>(),
        Disclosure.Nobodys<PointsSwitched>()
    ];

    private static Guid? Only(Guid member, Guid? id) => id == member ? id : null;
}
