using Community.Analytics.Activity;
using Npgsql;

namespace Community.Analytics.Forecasts;

/// <summary>The full periods of the community's life so far: the running one tells nothing yet.</summary>
/// <param name="Last">The start of the last of them.</param>
internal sealed record Past(Period Period, IReadOnlyList<double> Active, IReadOnlyList<Move> Moves, DateOnly Last, string TimeZone)
{
    /// <summary>The start of a period to come, from zero on.</summary>
    public DateOnly After(int t) => Period.Plus(Last, t + 1);

    /// <summary>Up to the last full period before an instant, also where nobody was active in the end.</summary>
    public static async Task<Past> Read(Period period, NpgsqlDataSource database, DateTimeOffset now, CancellationToken ct)
    {
        await using var snapshot = await ActivitySnapshot.Open(database, ct);

        return await Read(period, snapshot, now, ct);
    }

    /// <inheritdoc cref="Read(Period, NpgsqlDataSource, DateTimeOffset, CancellationToken)"/>
    public static async Task<Past> Read(Period period, ActivitySnapshot snapshot, DateTimeOffset now, CancellationToken ct)
    {
        var zone = await snapshot.TimeZone(ct);
        var running = period.StartOf(Calendar.DayIn(zone, now));
        var shape = await snapshot.Shape(period, DayRange.All with { To = running.AddDays(-1) }, zone, now, ct);

        return Of(period, shape is null ? [] : await snapshot.Lifecycle(shape, ct), running, zone);
    }

    public static Past Of(Period period, IReadOnlyList<LifecyclePeriod> lifecycle, DateOnly running, string zone)
    {
        var last = period.Plus(running, -1);
        var periods = lifecycle.Where(p => p.Start <= last).ToList();

        // Periods after the last activity, in which nobody was active.
        for (var start = periods is [.., var end] ? period.Next(end.Start) : running; start <= last; start = period.Next(start))
        {
            periods.Add(new LifecyclePeriod(start, 0, 0, 0, periods[^1].Active(), true));
        }

        // The first period is half a period, mostly: what moved in it tells nothing.
        return new Past(
            period, [.. periods.Select(p => (double)p.Active())],
            [.. periods.Skip(1).Select(p => new Move(p.New + p.Resurrecting, p.Returning + p.Dormant == 0 ? 0 : (double)p.Dormant / (p.Returning + p.Dormant)))], last, zone);
    }
}
