using Community.Client.Analytics;

namespace Community.Portal.Services;

internal sealed class AnalyticsService(HttpClient http)
{
    private readonly AnalyticsClient _client = new(http);

    public Task<Answer<ActivityAnswer>> Activity(CancellationToken ct) => Answers.Of(_client.GetActivityAsync(Period.Week, null, null, ct));

    public Task<Answer<LifecycleAnswer>> Lifecycle(CancellationToken ct) => Answers.Of(_client.GetLifecycleAsync(Period3.Month, null, null, ct));

    public Task<Answer<RetentionAnswer>> Retention(CancellationToken ct) => Answers.Of(_client.GetRetentionAsync(Period2.Month, null, null, Mode.On, ct));

    public Task<Answer<RevenueAnswer>> Revenue(CancellationToken ct) => Answers.Of(_client.GetRevenueAsync(null, null, ct));
}
