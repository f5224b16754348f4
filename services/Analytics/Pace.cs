namespace Community.Analytics;

/// <summary>How long a job that computes everything anew rests, so that it takes little of the machine and yet keeps nobody waiting.</summary>
internal static class Pace
{
    /// <summary>Twenty times as long as it took, but no more than a minute where that leaves it four fifths of the time.</summary>
    public static TimeSpan RestAfter(TimeSpan took)
    {
        var enough = took * 4 > TimeSpan.FromMinutes(1) ? took * 4 : TimeSpan.FromMinutes(1);

        return took * 20 < enough ? took * 20 : enough;
    }
}
