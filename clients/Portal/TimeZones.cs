namespace Community.Portal;

internal static class TimeZones
{
    /// <summary>Zones of the IANA database by their offset, to choose one from.</summary>
    public static IReadOnlyList<(string Value, string Text)> All { get; } =
    [
        ("UTC", "UTC"),
        .. TimeZoneInfo.GetSystemTimeZones().Where(zone => zone.HasIanaId && zone.Id.Contains('/', StringComparison.Ordinal) && !zone.Id.StartsWith("Etc/", StringComparison.Ordinal))
            .OrderBy(zone => zone.BaseUtcOffset).ThenBy(zone => zone.Id, StringComparer.Ordinal)
            .Select(zone => (zone.Id, $"{(zone.BaseUtcOffset < TimeSpan.Zero ? "−" : "+")}{zone.BaseUtcOffset:hh\\:mm} {zone.Id.Replace('_', ' ')}"))
    ];
}
