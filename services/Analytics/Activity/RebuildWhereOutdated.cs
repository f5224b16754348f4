using Community.Analytics.Ingestion;
using Community.EventStore;
using Npgsql;

namespace Community.Analytics.Activity;

/// <summary>
/// Wherever the read model is counted in another zone than the one that holds, or without the cells of cohorts, has it built
/// anew beside the serving one. Again and again: a zone may change while the read model is being built for the one before.
/// </summary>
internal sealed class RebuildWhereOutdated(NpgsqlDataSource database, TimeProvider clock, ILogger<RebuildWhereOutdated> log)
    : PeriodicJob("count-anew", TimeSpan.FromSeconds(2), clock, log)
{
    // One that failed or was called off is not asked for again at once.
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    private static readonly string Outdated =
        $"""
        select (exists (select from member_days) or exists (select from member_starts))
            and not exists (select from member_calendar where time_zone = {CommunityTimeZone.InForce()} and has_cells)
            and not exists (
                select from projection_rebuilds
                where projection = '{MemberDays.ProjectionName}' and (ended_at is null or (ended_at > $1 and status in ('failed', 'cancelled'))))
        """;

    protected override async Task Do(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        await using var outdated = database.CreateCommand(Outdated);
        outdated.Parameters.Add(new() { Value = now - Pause });

        if ((bool)(await outdated.ExecuteScalarAsync(ct))!
            && await RebuildRequest.Ask(database, Guid.CreateVersion7(now), MemberDays.ProjectionName, by: null, now, ct))
        {
            Log.LogInformation("The community's time zone is another, or cohorts were not counted: activity is counted anew");
        }
    }
}
