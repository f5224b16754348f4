namespace Community.Incentives.Points;

/// <param name="Days">In a row with points; days that were bridged do not count.</param>
/// <param name="Freezes">So many missed days would be bridged.</param>
internal readonly record struct Streak(int Days, int Freezes);

/// <summary>
/// Days of the community in a row on which a member earned points, up to today or yesterday. Seven of them earn a freeze, and
/// at most two are kept: a missed day uses one by itself, and the row goes on.
/// </summary>
internal static class Streaks
{
    public const int DaysForFreeze = 7;
    public const int MostFreezes = 2;

    /// <param name="days">With points, each once and in their order.</param>
    public static Streak Of(IEnumerable<DateOnly> days, DateOnly today)
    {
        var (length, freezes, last) = (0, 0, default(DateOnly?));

        foreach (var day in days)
        {
            Miss(day.DayNumber - (last ?? day).DayNumber - 1);
            length++;
            freezes = length % DaysForFreeze == 0 ? Math.Min(MostFreezes, freezes + 1) : freezes;
            last = day;
        }

        Miss(today.DayNumber - (last ?? today).DayNumber - 1);

        return new(length, freezes);

        void Miss(int missed) => (length, freezes) = missed <= 0 ? (length, freezes) : missed <= freezes ? (length, freezes - missed) : (0, 0);
    }
}
