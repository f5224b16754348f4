using Community.Analytics.Activity;
using Community.Analytics.Exports;
using Community.Web;
using Npgsql;

namespace Community.Analytics.Retention;

/// <param name="Cohort">By what members are grouped: their first activity (the default), joining or first payment.</param>
internal sealed record RetentionQuery(EnumParameter<RetentionMode>? Mode, EnumParameter<CohortBy>? Cohort);

internal static class RetentionEndpoints
{
    public static void MapRetention(this IEndpointRouteBuilder app)
    {
        app.MapGet("/retention", Retention).RequireRoles("operator").AnswersCsv().WithTag("Retention", "Who stays.")
            .WithSummary("Of those first active, joined or first paying in a week or month (the default), how many are active later");
        app.MapMembersBehind();
    }

    private static async Task<RetentionAnswer> Retention(
        [AsParameters] PeriodQuery query, [AsParameters] RetentionQuery retention, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var (period, range) = (query.PeriodOf(Period.Week, Period.Month), query.Range());
        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);
        var shape = await snapshot.Shape(period, range, zone, clock.GetUtcNow(), ct);

        return new RetentionAnswer(
            shape is null ? [] : await snapshot.Cohorts(shape, new(retention.Cohort?.Value ?? CohortBy.Activity, retention.Mode?.Value ?? RetentionMode.On, zone), ct), zone);
    }
}
