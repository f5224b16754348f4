namespace Community.Analytics.Figures;

internal enum Period
{
    Day,
    Week,
    Month
}

/// <summary>Calendar periods; weeks start on Monday (ISO 8601).</summary>
internal static class Calendar
{
    public static DateOnly StartOf(this Period period, DateOnly day) => period switch
    {
        Period.Day => day,
        Period.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
        Period.Month => new DateOnly(day.Year, day.Month, 1)
    };

    public static DateOnly Next(this Period period, DateOnly start) => period switch
    {
        Period.Day => start.AddDays(1),
        Period.Week => start.AddDays(7),
        Period.Month => start.AddMonths(1)
    };

    /// <summary>The date where clocks show the zone's time.</summary>
    public static DateOnly Today(this TimeProvider clock, string zone) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById(zone)).DateTime);

    /// <summary>All periods, without holes, from the one of a day to the one of another.</summary>
    public static IEnumerable<DateOnly> Between(this Period period, DateOnly first, DateOnly last)
    {
        for (var start = period.StartOf(first); start <= last; start = period.Next(start))
        {
            yield return start;
        }
    }
}
