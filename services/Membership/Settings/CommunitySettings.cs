using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using Community.EventStore;
using Community.Web;

namespace Community.Membership.Settings;

/// <summary>Who may join: anybody, whoever has an invitation, or whoever is let in. An invitation lets in at once in all of them.</summary>
public enum Registration { Open, Invitation, Approval }

/// <summary>The settings of the community. As a whole, so that what is published needs no past to be understood.</summary>
/// <param name="TimeZone">A name of the IANA database; calendar periods are counted in it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Languages">BCP 47, the first one is the usual one.</param>
public sealed record CommunitySettings(
    string Name, string TimeZone, string Currency, IReadOnlyList<string> Languages, Registration Registration, bool Points)
{
    public static CommunitySettings Initial(string name) => new(name, "UTC", "CNY", ["zh", "en"], Registration.Open, Points: true);

    public bool Equals(CommunitySettings? other) => other is not null
        && (Name, TimeZone, Currency, Registration, Points) == (other.Name, other.TimeZone, other.Currency, other.Registration, other.Points)
        && Languages.SequenceEqual(other.Languages);

    public override int GetHashCode() => HashCode.Combine(Name, TimeZone, Currency, Registration, Points);
}

[EventType("community-arranged.v1")]
public sealed record CommunityConfigured(CommunitySettings Settings, Guid By, DateTimeOffset At) : CommunityEvent;

/// <summary>A name of the IANA time zone database, as this machine knows it.</summary>
internal sealed partial class TimeZoneAttribute() : ValidationAttribute("must be a time zone of the IANA database, such as Asia/Shanghai")
{
    public override bool IsValid(object? value) => value is null || (value is string name && (name == "UTC"
        || (Place().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId)));

    // The framework looks a name up as a path.
    [GeneratedRegex(@"\A[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}\z")]
    private static partial Regex Place();
}

/// <summary>One to ten languages that are known by a tag of BCP 47, each once.</summary>
internal sealed class LanguagesAttribute() : ValidationAttribute("must be 1 to 10 different languages of BCP 47, such as zh or en-GB")
{
    private static readonly HashSet<string> Known =
        [.. CultureInfo.GetCultures(CultureTypes.AllCultures).Select(culture => culture.Name).Where(name => name.Length > 0)];

    public override bool IsValid(object? value) => value is null || (value is IReadOnlyList<string> { Count: > 0 and <= 10 } languages
        && languages.All(Known.Contains) && languages.Distinct().Count() == languages.Count);
}
