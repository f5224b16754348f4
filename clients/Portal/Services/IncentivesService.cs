using Community.Client.Incentives;

namespace Community.Portal.Services;

internal sealed class IncentivesService(HttpClient http)
{
    private readonly IncentivesClient _client = new(http);

    public Task<Answer<MemberPoints>> Points(Guid member, CancellationToken ct) => Answers.Of(_client.GetMembersByIdPointsAsync(member, null, ct));

    public Task<Answer<PageOfPointsEntry>> Entries(Guid member, string? after, CancellationToken ct) => Answers.Of(_client.GetMembersByIdPointsEntriesAsync(member, 30, after, ct));

    public Task<Answer<WhyAnswer>> Why(Guid member, Guid entry, CancellationToken ct) => Answers.Of(_client.GetMembersByIdPointsEntriesByEntryIdWhyAsync(member, entry, ct));

    public Task<Answer<PageOfMemberBadge>> Badges(Guid member, string? after, CancellationToken ct) => Answers.Of(_client.GetMembersByIdBadgesAsync(member, 50, after, ct));

    public Task<Answer<PageOfBadgeAnswer>> BadgeRules(CancellationToken ct) => Answers.Of(_client.GetBadgesRulesAsync(ct));

    public Task<Answer<BadgeAnswer>> Define(NewBadge badge, string key, CancellationToken ct) => Answers.Of(_client.PostBadgesAsync(badge, key, ct));

    public Task<Answer<object>> RetireBadge(Guid badge, CancellationToken ct) => Answers.Of(_client.DeleteBadgesByIdAsync(badge, ct));

    public Task<Answer<PageOfHeldCause>> Held(bool confirmed, string? after, CancellationToken ct) => Answers.Of(_client.GetHeldCausesAsync(50, after, confirmed, ct));

    public Task<Answer<object>> Release(string cause, string reason, string key, CancellationToken ct) =>
        Answers.Of(_client.PostHeldCausesReleasesAsync(new Release { Cause = cause, Reason = reason }, key, ct));

    public Task<Answer<object>> ConfirmHold(string cause, string reason, string key, CancellationToken ct) =>
        Answers.Of(_client.PostHeldCausesConfirmationsAsync(new Release { Cause = cause, Reason = reason }, key, ct));

    public Task<Answer<RuleChecksAnswer>> Check(IReadOnlyList<EarningRule> rules, CancellationToken ct) =>
        Answers.Of(_client.PostRulesChecksAsync(new RuleChecksRequest { Rules = [.. rules] }, null, ct));

    public Task<Answer<object>> SetBudget(int? pointsPerMonth, CancellationToken ct) => Answers.Of(_client.PutRewardsBudgetAsync(new BudgetRequest { PointsPerMonth = pointsPerMonth }, ct));

    public Task<Answer<PageOfLevelAnswer>> Levels(CancellationToken ct) => Answers.Of(_client.GetLevelsAsync(ct));

    public Task<Answer<RulesAnswer>> Rules(CancellationToken ct) => Answers.Of(_client.GetRulesAsync(null, ct));

    public Task<Answer<RuleSetAnswer>> Adopt(IReadOnlyList<EarningRule> rules, string? version, string key, CancellationToken ct) =>
        Answers.Of(_client.PostRulesAsync(new RuleSetRequest { Rules = [.. rules] }, key, version, ct));

    public Task<Answer<ReplayItem>> Try(IReadOnlyList<EarningRule> rules, string key, CancellationToken ct) =>
        Answers.Of(_client.PostRulesReplaysAsync(new ReplayRequest { Rules = [.. rules] }, key, ct));

    public Task<Answer<PageOfReplayItem>> Replays(CancellationToken ct) => Answers.Of(_client.GetRulesReplaysAsync(20, null, ct));

    public Task<Answer<ReplayAnswer>> Replay(Guid id, CancellationToken ct) => Answers.Of(_client.GetRulesReplaysByIdAsync(id, ct));

    public Task<Answer<ReplayMemberAnswer>> ReplayOf(Guid id, Guid member, CancellationToken ct) => Answers.Of(_client.GetRulesReplaysByIdMembersByMemberIdAsync(id, member, ct));

    public Task<Answer<object>> CancelReplay(Guid id, CancellationToken ct) => Answers.Of(_client.PostRulesReplaysByIdCancellationAsync(id, null, ct));

    public Task<Answer<RuleSetAnswer>> Apply(Guid replay, string from, string key, CancellationToken ct) =>
        Answers.Of(_client.PostRulesReplaysByIdApplicationAsync(replay, new ReplayApplication { From = from }, key, ct));

    public Task<Answer<BoardAnswer>> Leaderboard(Period period, string? after, CancellationToken ct) => Answers.Of(_client.GetLeaderboardAsync(50, after, period, null, null, ct));

    public Task<Answer<object>> ShowOnBoards(bool shown, CancellationToken ct) => Answers.Of(_client.PutMembersMeLeaderboardAsync(new BoardChoice { Shown = shown }, ct));

    public Task<Answer<PageOfRewardAnswer>> Rewards(string? after, CancellationToken ct) => Answers.Of(_client.GetRewardsAsync(100, after, ct));

    public Task<Answer<RewardAnswer>> Offer(NewReward reward, string key, CancellationToken ct) => Answers.Of(_client.PostRewardsAsync(reward, key, ct));

    public Task<Answer<object>> Retire(Guid reward, CancellationToken ct) => Answers.Of(_client.DeleteRewardsByIdAsync(reward, ct));

    public Task<Answer<LiabilityAnswer>> Liability(CancellationToken ct) => Answers.Of(_client.GetRewardsLiabilityAsync(ct));

    public Task<Answer<RedemptionAnswer>> Redeem(Guid reward, string? address, string key, CancellationToken ct) =>
        Answers.Of(_client.PostRedemptionsAsync(new NewRedemption { RewardId = reward, Address = address }, key, ct));

    public Task<Answer<PageOfRedemptionItem>> Redemptions(bool open, string? after, CancellationToken ct) =>
        Answers.Of(_client.GetRedemptionsAsync(20, after, open ? true : null, open ? Status.Open : null, ct));

    public Task<Answer<RedemptionAnswer>> Redemption(Guid id, CancellationToken ct) => Answers.Of(_client.GetRedemptionsByIdAsync(id, ct));

    public Task<Answer<object>> Fulfil(Guid redemption, string? note, CancellationToken ct) =>
        Answers.Of(_client.PostRedemptionsByIdFulfilmentAsync(redemption, new Fulfilment { Note = note }, null, ct));

    public Task<Answer<object>> CancelRedemption(Guid redemption, CancellationToken ct) => Answers.Of(_client.PostRedemptionsByIdCancellationAsync(redemption, new Cancellation(), null, ct));
}
