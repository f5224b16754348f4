using Community.Incentives.Points;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class StreakTests
{
    private static readonly DateOnly First = new(2026, 3, 2);

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("#", 1, 0)]
    [InlineData("##.", 0, 0)] // yesterday was missed, and nothing bridges it
    [InlineData("##?", 2, 0)] // today is not over
    [InlineData("#######", 7, 1)]
    [InlineData("#######.?", 7, 0)] // the freeze was used
    [InlineData("#######..?", 0, 0)]
    [InlineData("#######.#", 8, 0)]
    [InlineData("#######.######", 13, 0)]
    [InlineData("#######.#######", 14, 1)]
    [InlineData("##############..#", 15, 0)]
    [InlineData("#####################...#", 1, 0)] // two freezes at most
    [InlineData("###.#", 1, 0)]
    public void A_missed_day_uses_a_freeze_and_ends_the_row_without_one(string days, int length, int freezes)
    {
        var active = days.Select((day, n) => (day, n)).Where(one => one.day == '#').Select(one => First.AddDays(one.n));
        // A day that is marked as missed is over; one with a question mark is today.
        var today = First.AddDays(days.EndsWith('.') ? days.Length : Math.Max(0, days.Length - 1));

        Assert.Equal(new Streak(length, freezes), Streaks.Of(active, today));
    }

    /// <summary>Day by day, with freezes as a pile.</summary>
    [SeededProperty]
    public void It_is_what_is_counted_day_by_day(bool[] days)
    {
        var (length, freezes) = (0, 0);

        foreach (var (n, isActive) in days.Index())
        {
            if (isActive)
            {
                length++;
                freezes = length % 7 == 0 ? Math.Min(2, freezes + 1) : freezes;
            }
            else if (n < days.Length - 1 && length > 0)
            {
                (length, freezes) = freezes > 0 ? (length, freezes - 1) : (0, 0);
            }
        }

        var active = days.Index().Where(one => one.Item).Select(one => First.AddDays(one.Index));
        Assert.Equal(new Streak(length, freezes), Streaks.Of(active, First.AddDays(Math.Max(0, days.Length - 1))));
    }
}
