using System.Data;
using Community.Analytics.Ingestion;
using Dapper;
using Npgsql;

namespace Community.Analytics.Activity;

/// <param name="Fresh">First active in this period.</param>
/// <param name="Returning">Active in the one before, too.</param>
/// <param name="Resurrecting">Not in the one before, but earlier.</param>
internal sealed record ArrivalCount(DateOnly Start, long Fresh, long Returning, long Resurrecting);

internal sealed record LifecyclePeriod(DateOnly Start, long New, long Returning, long Resurrecting, long Dormant, bool Complete)
{
    public long Active() => New + Returning + Resurrecting;
}

/// <summary>
/// The read models of activity as they are at one instant: sums by period, small whatever the number of activities. What
/// other modules know of activity they ask of this.
/// </summary>
internal sealed class ActivitySnapshot : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private ActivitySnapshot(NpgsqlConnection connection) => _connection = connection;

    public static async Task<ActivitySnapshot> Open(NpgsqlDataSource database, CancellationToken ct)
    {
        var snapshot = new ActivitySnapshot(await database.OpenConnectionAsync(ct));

        try
        {
            // The lock before the snapshot: a read model built anew may take these tables' place at any time, and must do so
            // before all queries of one answer or after them.
            await snapshot._connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
            await snapshot._connection.ExecuteAsync(new CommandDefinition(
                "lock table member_days, member_periods, member_calendar, member_starts, retention_cells in access share mode", cancellationToken: ct));

            return snapshot;
        }
        catch
        {
            await snapshot.DisposeAsync();

            throw;
        }
    }

    /// <summary>The time zone in which all of it is counted, or will be where nothing is yet.</summary>
    public Task<string> TimeZone(CancellationToken ct) => _connection.QuerySingleAsync<string>(new CommandDefinition(
        $"select coalesce((select time_zone from member_calendar), case when exists (select from member_days) or exists (select from member_starts) then 'UTC' else {CommunityTimeZone.InForce()} end)",
        cancellationToken: ct));

    /// <summary>Whether <c>retention_cells</c> were kept from the beginning; they come with the next rebuild of a read model that is older than they are.</summary>
    public Task<bool> HasCells(CancellationToken ct) => _connection.QuerySingleAsync<bool>(new CommandDefinition(
        "select exists (select from member_calendar where has_cells)", cancellationToken: ct));

    /// <summary>The first and the last day with activity; null: none at all.</summary>
    public async Task<DayRange?> Extent(CancellationToken ct)
    {
        var (first, last) = await _connection.QuerySingleAsync<(DateOnly?, DateOnly?)>(new CommandDefinition(
            "select min(day), max(day) from member_days", cancellationToken: ct));

        return first is { } from && last is { } to ? new DayRange(from, to) : null;
    }

    /// <summary>How an answer is shaped that is asked at an instant; null: there is no activity yet.</summary>
    public async Task<FigureShape?> Shape(Period period, DayRange range, string zone, DateTimeOffset now, CancellationToken ct)
    {
        var yesterday = Calendar.DayIn(zone, now).AddDays(-1);

        return await Extent(ct) is { } extent ? new FigureShape(period, range, extent, range.To < yesterday ? range.To : yesterday) : null;
    }

    /// <summary>New, returning, resurrecting and dormant members; active(t) = active(t−1) + new + resurrecting − dormant.</summary>
    public async Task<IReadOnlyList<LifecyclePeriod>> Lifecycle(FigureShape shape, CancellationToken ct) => shape.Lifecycle(await Rows<ArrivalCount>(
        """
        select start,
            count(*) filter (where previous is null) as fresh,
            count(*) filter (where previous = before) as returning,
            count(*) filter (where previous < before) as resurrecting
        from (
            select start, lag(start) over (partition by member_id order by start) as previous, (start - ('1 ' || @period)::interval)::date as before
            from member_periods where period = @period and first_day <= @To) seen
        group by start
        """, new { period = shape.Period.Word(), shape.Range.To }, ct));

    /// <summary>Any further question to the same instant.</summary>
    public async Task<IReadOnlyList<T>> Rows<T>(string sql, object parameters, CancellationToken ct) =>
        [.. await _connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: ct))];

    // Closing ends the transaction: it has only read.
    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}

/// <summary>From sums of the read model to lists without holes. Definitions: docs/analytics.md.</summary>
/// <param name="Extent">From the first to the last day with activity: ranges are clipped to it.</param>
/// <param name="LastWholeDay">The last day that is over and within the range.</param>
internal sealed record FigureShape(Period Period, DayRange Range, DayRange Extent, DateOnly LastWholeDay)
{
    // What is before the range is not shown, but remembered: it decides who is new.
    public IEnumerable<DateOnly> Shown => Period.Between(Range.From > Extent.From ? Range.From : Extent.From, End);

    public DateOnly End => Range.To < Extent.To ? Range.To : Extent.To;

    public bool IsComplete(DateOnly start) => Period.Next(start).AddDays(-1) <= LastWholeDay;

    public IReadOnlyList<LifecyclePeriod> Lifecycle(IEnumerable<ArrivalCount> rows)
    {
        var byStart = rows.ToDictionary(row => row.Start);
        var answer = new List<LifecyclePeriod>();
        long activeBefore = 0;

        foreach (var start in Period.Between(Extent.From, End))
        {
            var row = byStart.GetValueOrDefault(start, new ArrivalCount(start, 0, 0, 0));
            var period = new LifecyclePeriod(start, row.Fresh, row.Returning, row.Resurrecting, activeBefore - row.Returning, IsComplete(start));
            answer.Add(period);
            activeBefore = period.Active();
        }

        var shown = Shown.ToHashSet();

        return answer.FindAll(period => shown.Contains(period.Start));
    }
}

internal static class PeriodWords
{
    /// <summary>As SQL's <c>date_trunc</c> and the read models have it.</summary>
    public static string Word(this Period period) => Web.EnumWords.ToWord(period);
}
