using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;
using Npgsql;

namespace Community.Analytics.Ingestion;

/// <param name="TimeZone">A name of the IANA database, in which calendar periods are counted: the past's, too.</param>
/// <param name="Version">Of the arrangement that the community gave itself.</param>
[EventType("time-zone-recorded.v1")]
public sealed record TimeZoneRecorded(string TimeZone, long Version, DateTimeOffset At);

internal sealed record RecordTimeZone(string TimeZone, long Version, DateTimeOffset At);

/// <summary>Heard in any order: the highest version holds. Also an arrangement that leaves the zone as it was is recorded, or an older one heard late would undo it.</summary>
internal sealed record CommunityTimeZone(long Version)
{
    public static readonly Guid Stream = StreamId.Of("community", "time-zone");

    public static readonly Decider<CommunityTimeZone, RecordTimeZone, TimeZoneRecorded> Decider = new(
        new(0),
        (zone, c) => c.Version <= zone.Version ? Decision.Nothing : new TimeZoneRecorded(c.TimeZone, c.Version, c.At),
        (_, e) => new(e.Version));

    /// <summary>The zone that holds, as a scalar of SQL: UTC where none was heard.</summary>
    /// <param name="log">The schema of the events.</param>
    public static string InForce(string log = "public") =>
        $"coalesce((select data ->> 'timeZone' from {log}.mt_events where stream_id = '{Stream}' order by version desc limit 1), 'UTC')";
}

internal sealed class RecordCommunityTimeZone(IDocumentStore store, NpgsqlDataSource database, ILogger<RecordCommunityTimeZone> log) : IConsumer<CommunityArranged>
{
    public async Task Consume(ConsumeContext<CommunityArranged> context)
    {
        var arranged = context.Message;
        await store.Handle(
            CommunityTimeZone.Decider, CommunityTimeZone.Stream, new RecordTimeZone(await Known(arranged.TimeZone, context.CancellationToken), arranged.Version, arranged.At), context);
    }

    // PostgreSQL counts in it, by a copy of the database of its own, and knows the names in any case of letters.
    private async Task<string> Known(string zone, CancellationToken ct)
    {
        await using var known = database.CreateCommand("select name from pg_timezone_names where lower(name) = lower($1) order by name = $1 desc, name limit 1");
        known.Parameters.Add(new() { Value = zone });

        if (await known.ExecuteScalarAsync(ct) is string name)
        {
            return name;
        }

        log.LogWarning("PostgreSQL does not know the time zone {Zone}: figures are counted in UTC", zone);

        return "UTC";
    }
}
