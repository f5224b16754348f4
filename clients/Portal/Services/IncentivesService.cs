using Community.Client.Incentives;

namespace Community.Portal.Services;

internal sealed class IncentivesService(HttpClient http)
{
    private readonly IncentivesClient _client = new(http);

    public Task<Answer<MemberPoints>> Points(Guid member, CancellationToken ct) => Answers.Of(_client.GetMembersByIdPointsAsync(member, null, ct));

    public Task<Answer<PageOfPointsEntry>> Entries(Guid member, string? after, CancellationToken ct) => Answers.Of(_client.GetMembersByIdPointsEntriesAsync(member, 30, after, ct));

    public Task<Answer<PageOfLevelAnswer>> Levels(CancellationToken ct) => Answers.Of(_client.GetLevelsAsync(ct));

    public Task<Answer<RulesAnswer>> Rules(CancellationToken ct) => Answers.Of(_client.GetRulesAsync(null, ct));
}
