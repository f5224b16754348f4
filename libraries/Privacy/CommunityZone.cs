using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Privacy;

/// <summary>
/// Where the community lives: its calendar days and years are counted there. As membership tells, which every service that
/// counts days hears (<see cref="HearCommunityZone"/>); UTC until then.
/// </summary>
public sealed class CommunityZone(NpgsqlDataSource database, TimeProvider clock)
{
    private const int Most = 1000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private volatile Reading? _last;

    /// <summary>The one that holds.</summary>
    public async Task<TimeZoneInfo> Now(CancellationToken ct) => (await Read(ct)) is [var latest, ..] ? latest.Zone : TimeZoneInfo.Utc;

    /// <summary>The one that held at an instant; before the community had arranged itself, its first.</summary>
    public async Task<TimeZoneInfo> At(DateTimeOffset instant, CancellationToken ct)
    {
        var arranged = await Read(ct);

        return arranged is [.., var first] ? (arranged.FirstOrDefault(one => one.At <= instant) ?? first).Zone : TimeZoneInfo.Utc;
    }

    // The latest first. The message reaches one replica: the others look.
    private async Task<IReadOnlyList<Arranged>> Read(CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        if (_last is { } last && (now - last.At).Duration() < Fresh)
        {
            return last.Arranged;
        }

        var arranged = new List<Arranged>();
        await using var select = database.CreateCommand("select time_zone, at from community_zones order by version desc limit $1");
        select.Parameters.Add(new() { Value = Most });

        await using (var rows = await select.ExecuteReaderAsync(ct))
        {
            while (await rows.ReadAsync(ct))
            {
                arranged.Add(new Arranged(TimeZoneInfo.FindSystemTimeZoneById(rows.GetString(0)), rows.GetFieldValue<DateTimeOffset>(1)));
            }
        }

        _last = new Reading(arranged, now);

        return arranged;
    }

    private sealed record Arranged(TimeZoneInfo Zone, DateTimeOffset At);

    private sealed record Reading(IReadOnlyList<Arranged> Arranged, DateTimeOffset At);
}

public static class CalendarDays
{
    public static IHostApplicationBuilder AddCommunityZone(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CommunityZone>();
        builder.Services.AddSingleton<IStorePart, CommunityZoneTable>();
        builder.AddConsumer<HearCommunityZone>();

        return builder;
    }

    public static DateOnly DayOf(this TimeZoneInfo zone, DateTimeOffset at) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone).DateTime);

    /// <summary>When the day begins: at midnight, or with the first minute that the clocks show.</summary>
    public static DateTimeOffset StartOf(this TimeZoneInfo zone, DateOnly day)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);

        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(15);
        }

        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);

        return new DateTimeOffset(Math.Clamp(local.Ticks - offset.Ticks, 0, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
    }
}

public sealed class HearCommunityZone(IDocumentStore store, NpgsqlDataSource database, ILogger<HearCommunityZone> log) : IConsumer<CommunityArranged>
{
    public async Task Consume(ConsumeContext<CommunityArranged> context)
    {
        var arranged = context.Message;
        var zone = await Known(arranged.TimeZone, context.CancellationToken);
        await store.Once(context, session => session.QueueSqlCommand(
            "insert into community_zones (version, time_zone, at) values (?, ?, ?) on conflict do nothing",
            arranged.Version, zone, arranged.At.ToUniversalTime()));
    }

    // By its own name, in whatever case it came. PostgreSQL counts in it too, by a copy of the database of its own.
    private async Task<string> Known(string name, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select name from pg_timezone_names where lower(name) = lower($1) order by name = $1 desc limit 1");
        select.Parameters.Add(new() { Value = name });

        if (await select.ExecuteScalarAsync(ct) is string known && TimeZoneInfo.TryFindSystemTimeZoneById(known, out _))
        {
            return known;
        }

        log.LogWarning("This machine does not know the time zone {Zone}: days are counted in UTC", name);

        return TimeZoneInfo.Utc.Id;
    }
}

internal sealed class CommunityZoneTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("community_zones");
        table.AddColumn<long>("version").AsPrimaryKey();
        table.AddColumn("time_zone", "text").NotNull();
        table.AddColumn("at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}
