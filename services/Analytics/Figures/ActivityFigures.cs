using System.Data;
using System.Globalization;
using Community.Analytics.Zone;
using Community.ServiceDefaults;
using Dapper;
using Npgsql;

namespace Community.Analytics.Figures;

/// <summary>A range of days as asked for, both inclusive.</summary>
internal sealed record Range(DateOnly From, DateOnly To)
{
    /// <exception cref="InvalidParameter">They are no dates, or in the wrong order.</exception>
    public static Range Of(string? from, string? to)
    {
        var range = new Range(Date("from", from) ?? DateOnly.MinValue, Date("to", to) ?? DateOnly.MaxValue);

        return range.From <= range.To ? range : throw new InvalidParameter("from", "must not be after to");
    }

    private static DateOnly? Date(string field, string? text) =>
        text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date
        : throw new InvalidParameter(field, "must be a date of the form yyyy-MM-dd");
}

internal sealed record KindCount(DateOnly Start, string Kind, long Count);

internal sealed record PeriodCount(DateOnly Start, long Count);

/// <summary>How many members of a cohort were active in a period, or, for "on or after", were so for the last time.</summary>
internal sealed record CohortCount(DateOnly Cohort, DateOnly Start, long Count);

/// <param name="Fresh">First active in this period.</param>
/// <param name="Returning">Active in the one before, too.</param>
/// <param name="Resurrecting">Not in the one before, but earlier.</param>
internal sealed record ArrivalCount(DateOnly Start, long Fresh, long Returning, long Resurrecting);

/// <summary>
/// Asks the read model, as it is at one instant: sums by period, small whatever the number of activities. What came after
/// the range is not known to any answer.
/// </summary>
internal sealed class ActivityFigures : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private ActivityFigures(NpgsqlConnection connection) => _connection = connection;

    public static async Task<ActivityFigures> Open(NpgsqlDataSource database, CancellationToken ct)
    {
        var figures = new ActivityFigures(await database.OpenConnectionAsync(ct));

        try
        {
            // The lock before the snapshot: a read model built anew may take these tables' place at any time, and must do so
            // before all queries of one answer or after them.
            await figures._connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
            await figures._connection.ExecuteAsync(new CommandDefinition(
                "lock table member_days, member_periods, member_calendar in access share mode", cancellationToken: ct));

            return figures;
        }
        catch
        {
            await figures.DisposeAsync();

            throw;
        }
    }

    /// <summary>The time zone in which all of it is counted, or will be where nothing is yet.</summary>
    public Task<string> TimeZone(CancellationToken ct) => _connection.QuerySingleAsync<string>(new CommandDefinition(
        $"select coalesce((select time_zone from member_calendar), case when exists (select from member_days) then 'UTC' else {CommunityZone.InForce()} end)",
        cancellationToken: ct));

    /// <summary>The first and the last day with activity; null: none at all.</summary>
    public async Task<Range?> Extent(CancellationToken ct)
    {
        var (first, last) = await _connection.QuerySingleAsync<(DateOnly?, DateOnly?)>(new CommandDefinition(
            "select min(day), max(day) from member_days", cancellationToken: ct));

        return first is { } from && last is { } to ? new Range(from, to) : null;
    }

    public Task<IReadOnlyList<KindCount>> Kinds(Period period, Range range, CancellationToken ct) => Rows<KindCount>(
        """
        select date_trunc(@period, day::timestamp)::date as start, kind, sum(count)::bigint as count
        from member_days where day between @From and @To group by 1, 2
        """, period, range, ct);

    public Task<IReadOnlyList<PeriodCount>> Active(Period period, Range range, CancellationToken ct) => Rows<PeriodCount>(
        """
        select start, count(*) as count
        from (select distinct date_trunc(@period, day::timestamp)::date as start, member_id from member_days where day between @From and @To) active
        group by start
        """, period, range, ct);

    /// <summary>Members active on a day, summed over the days of each period.</summary>
    public Task<IReadOnlyList<PeriodCount>> ActiveDays(Period period, Range range, CancellationToken ct) => Rows<PeriodCount>(
        """
        select date_trunc(@period, day::timestamp)::date as start, count(*) as count
        from (select distinct day, member_id from member_days where day between @From and @To) active
        group by 1
        """, period, range, ct);

    public Task<IReadOnlyList<CohortCount>> Cohorts(Period period, Range range, bool last, CancellationToken ct) => Rows<CohortCount>(
        $"""
        with seen as (select member_id, start, first_day from member_periods where period = @period and first_day <= @To),
        members as (
            select member_id, min(start) as cohort, max(start) as last from seen group by member_id having min(first_day) >= @From)
        {(last
            ? "select cohort, last as start, count(*) as count from members group by 1, 2"
            : "select cohort, start, count(*) as count from members join seen using (member_id) group by 1, 2")}
        """, period, range, ct);

    public Task<IReadOnlyList<ArrivalCount>> Arrivals(Period period, Range range, CancellationToken ct) => Rows<ArrivalCount>(
        """
        select start,
            count(*) filter (where previous is null) as fresh,
            count(*) filter (where previous = before) as returning,
            count(*) filter (where previous < before) as resurrecting
        from (
            select start, lag(start) over (partition by member_id order by start) as previous, (start - ('1 ' || @period)::interval)::date as before
            from member_periods where period = @period and first_day <= @To) seen
        group by start
        """, period, range, ct);

    // Closing ends the transaction: it has only read.
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<IReadOnlyList<T>> Rows<T>(string sql, Period period, Range range, CancellationToken ct) =>
        [.. await _connection.QueryAsync<T>(new CommandDefinition(sql, new { period = period.ToWord(), range.From, range.To }, cancellationToken: ct))];
}
