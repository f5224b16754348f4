namespace Community.Payments.Charging;

/// <summary>A payment by a mandate whose outcome is not known.</summary>
/// <param name="Tries">How often the gateway was asked.</param>
/// <param name="DueAt">Before this nobody asks it.</param>
internal sealed record Charge(Guid PaymentId, int Tries, DateTimeOffset DueAt)
{
    /// <summary>The shortest wait is longer than a call takes at the most, with all its retries.</summary>
    public static readonly BackOff BackOff = new(TimeSpan.FromMinutes(5), TimeSpan.FromHours(6));
}
