using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Community.Web;

namespace Community.Analytics;

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

    public static DateOnly Next(this Period period, DateOnly start) => period.Plus(start, 1);

    /// <summary>The start of the period that comes a number of periods after, or before, another.</summary>
    public static DateOnly Plus(this Period period, DateOnly start, int periods) => period switch
    {
        Period.Day => start.AddDays(periods),
        Period.Week => start.AddDays(7 * periods),
        Period.Month => start.AddMonths(periods)
    };

    /// <summary>The date where clocks show the zone's time.</summary>
    public static DateOnly Today(this TimeProvider clock, string zone) => DayIn(zone, clock.GetUtcNow());

    /// <inheritdoc cref="Today"/>
    public static DateOnly DayIn(string zone, DateTimeOffset at) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(zone)).DateTime);

    /// <summary>All periods, without holes, from the one of a day to the one of another.</summary>
    public static IEnumerable<DateOnly> Between(this Period period, DateOnly first, DateOnly last)
    {
        for (var start = period.StartOf(first); start <= last; start = period.Next(start))
        {
            yield return start;
        }
    }
}

/// <summary>A range of days as asked for, both inclusive.</summary>
internal sealed record DayRange(DateOnly From, DateOnly To)
{
    public static readonly DayRange All = new(DateOnly.MinValue, DateOnly.MaxValue);

    /// <exception cref="InvalidParameter">They are no dates, or in the wrong order.</exception>
    public static DayRange Of(string? from, string? to)
    {
        var range = new DayRange(Date("from", from) ?? DateOnly.MinValue, Date("to", to) ?? DateOnly.MaxValue);

        return range.From <= range.To ? range : throw new InvalidParameter("from", "must not be after to");
    }

    private static DateOnly? Date(string field, string? text) =>
        text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date
        : throw new InvalidParameter(field, "must be a date of the form yyyy-MM-dd");
}

/// <summary><c>from</c> and <c>to</c> are dates, both inclusive, clipped to what is there.</summary>
internal sealed record PeriodQuery(
    EnumParameter<Period>? Period, [property: DataType(DataType.Date)] string? From, [property: DataType(DataType.Date)] string? To)
{
    /// <summary>A month where none is named.</summary>
    public Period PeriodOf(params Period[] allowed)
    {
        var period = Period?.Value ?? Analytics.Period.Month;

        return allowed.Contains(period) ? period : throw new InvalidParameter("period", $"must be {string.Join(" or ", allowed.Select(EnumWords.ToWord))}");
    }

    public DayRange Range() => DayRange.Of(From, To);
}
