namespace Community.Membership.Contracts;

/// <summary>How the community has arranged itself, as a whole: of several, the one with the highest <paramref name="Version"/> holds.</summary>
/// <param name="TimeZone">A name of the IANA database; calendar periods are counted in it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Languages">BCP 47, the usual one first.</param>
/// <param name="Registration"><c>open</c>, <c>invitation</c> or <c>approval</c>.</param>
/// <param name="Points">Whether points are given.</param>
public sealed record CommunityArranged(
    string Name, string TimeZone, string Currency, IReadOnlyList<string> Languages, string Registration, bool Points, long Version, DateTimeOffset At);
