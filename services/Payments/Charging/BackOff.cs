namespace Community.Payments.Charging;

/// <summary>How long a gateway is left alone before it is asked again: doubled each time.</summary>
internal sealed record BackOff(TimeSpan Shortest, TimeSpan Longest)
{
    private const int MostDoublings = 20;

    /// <param name="tries">How often it was asked; below one counts as one.</param>
    public TimeSpan After(int tries) => TimeSpan.FromTicks(Math.Min(Longest.Ticks, Shortest.Ticks << Math.Clamp(tries - 1, 0, MostDoublings)));
}
