namespace Community.Content.Access;

/// <param name="Amount">In minor units, above zero.</param>
/// <param name="Currency">ISO 4217.</param>
internal sealed record Price(long Amount, string Currency);

/// <summary>What opens a content for those who neither wrote nor review it: any one of these; none: it is free.</summary>
internal sealed record Requirements(Price? Price, string? Tier, int? Level)
{
    public static readonly Requirements None = new(null, null, null);
}
