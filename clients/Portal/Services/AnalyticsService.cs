using Community.Client.Analytics;

namespace Community.Portal.Services;

internal sealed class AnalyticsService(HttpClient http)
{
    private readonly AnalyticsClient _client = new(http);

    public Task<Answer<ActivityAnswer>> Activity(CancellationToken ct) => Answers.Of(_client.GetActivityAsync(Period3.Week, null, null, ct));

    public Task<Answer<LifecycleAnswer>> Lifecycle(CancellationToken ct) => Answers.Of(_client.GetLifecycleAsync(Period4.Month, null, null, ct));

    public Task<Answer<RetentionAnswer>> Retention(CancellationToken ct) => Answers.Of(_client.GetRetentionAsync(Period.Month, null, null, Mode.On, null, ct));

    public Task<Answer<RevenueAnswer>> Revenue(CancellationToken ct) => Answers.Of(_client.GetRevenueAsync(null, null, ct));
}
