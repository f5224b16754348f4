using Community.Client.Analytics;

namespace Community.Portal.Services;

internal sealed class AnalyticsService(HttpClient http)
{
    private readonly AnalyticsClient _client = new(http);

    public Task<Answer<LifecycleAnswer>> Lifecycle(string? period, CancellationToken ct) =>
        Answers.Of(_client.GetLifecycleAsync(period == "week" ? Period4.Week : Period4.Month, null, null, ct));

    public Task<Answer<RetentionAnswer>> Retention(string? period, string? mode, string? cohort, CancellationToken ct) => Answers.Of(_client.GetRetentionAsync(
        period == "week" ? Period.Week : Period.Month, null, null, Wording.Find<Mode>(mode) ?? Mode.On, Wording.Find<Cohort2>(cohort) ?? Cohort2.Activity, ct));

    public Task<Answer<RevenueAnswer>> Revenue(CancellationToken ct) => Answers.Of(_client.GetRevenueAsync(null, null, ct));

    public Task<Answer<SurvivalAnswer>> Survival(CancellationToken ct) => Answers.Of(_client.GetSurvivalAsync(null, ct));

    public Task<Answer<ForecastAnswer>> Forecast(string? period, CancellationToken ct) =>
        Answers.Of(_client.GetForecastsMembersAsync(period == "week" ? Period6.Week : Period6.Month, 6, ct));

    public Task<Answer<WhatIfAnswer>> If(WhatIf wish, CancellationToken ct) => Answers.Of(_client.PostWhatIfAsync(wish, null, ct));

    public Task<Answer<FunnelAnswer>> Funnel(string? steps, int? window, CancellationToken ct) => Answers.Of(_client.GetFunnelAsync(steps, window, null, null, ct));

    public Task<Answer<Client.Analytics.ContentPage>> Contents(string? after, CancellationToken ct) => Answers.Of(_client.GetContentsStatisticsAsync(null, after, ct));

    public Task<Answer<DecisionPage>> Decisions(bool? open, string? after, CancellationToken ct) => Answers.Of(_client.GetDecisionsAsync(null, after, open, ct));

    public Task<Answer<object>> Resolve(Guid decision, DecisionAction action, string? note, CancellationToken ct) => Answers.Of(
        _client.PostDecisionsByIdResolutionAsync(decision, new() { Action = action, Note = note }, null, ct));

    /// <summary>Who is behind a figure.</summary>
    public Task<Answer<PageOfMemberBehind>> Behind(FigureAddress figure, string? after, CancellationToken ct) => Answers.Of(_client.GetMembersAsync(
        Wording.Find<Figure>(figure.Figure) ?? Figure.Active, figure.Start, Wording.Find<Period2>(figure.Period), figure.Cell, Wording.Find<Mode2>(figure.Mode),
        Wording.Find<Cohort3>(figure.Cohort), 50, after, ct));

    /// <summary>A table as the service writes it for spreadsheets.</summary>
    public async Task<Answer<byte[]>> Csv(string table, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(table, UriKind.Relative)) { Headers = { Accept = { new("text/csv") } } };

        try
        {
            using var response = await http.SendAsync(request, ct);

            return response.IsSuccessStatusCode
                ? new(Outcome.Given, await response.Content.ReadAsByteArrayAsync(ct))
                : new((int)response.StatusCode < 500 ? Outcome.Invalid : Outcome.Away, null);
        }
        catch (Exception e) when (e is HttpRequestException or Polly.ExecutionRejectedException)
        {
            return new(Outcome.Away, null);
        }
    }
}

/// <summary>One figure, as it stands in an address.</summary>
internal sealed record FigureAddress(string Figure, DateOnly Start, string? Period = null, int? Cell = null, string? Mode = null, string? Cohort = null)
{
    public string Link => Query.Of(
        "/admin/figures", ("figure", Figure), ("start", Start.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)), ("period", Period),
        ("cell", Cell?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("mode", Mode), ("cohort", Cohort));
}
