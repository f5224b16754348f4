using System.Globalization;
using Community.Client;

namespace Community.Portal.Services;

/// <summary>How the community has arranged itself, as far as membership has told it.</summary>
internal sealed class CommunityProfile(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private static readonly Settings Unknown = new()
    {
        Name = "Community",
        TimeZone = "UTC",
        Currency = "CNY",
        Languages = ["zh", "en"],
        Registration = RegistrationMode.Open,
        Points = true
    };

    private volatile Known _known = new(Unknown, TimeZoneInfo.Utc, DateTimeOffset.MinValue);

    /// <summary>As it was last known; a page begins with <see cref="Get"/>.</summary>
    public string Name => _known.Settings.Name!;

    public Settings Settings => _known.Settings;

    /// <summary>In the community's time zone.</summary>
    public DateTimeOffset Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _known.Zone);

    /// <summary>When a day as a form tells it ends, in the community's time zone; null: no day was told.</summary>
    public DateTimeOffset? EndOf(string? day) => DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        && date < DateOnly.MaxValue && date.AddDays(1).ToDateTime(TimeOnly.MinValue) is var next
            ? new DateTimeOffset(next, _known.Zone.GetUtcOffset(next)).ToUniversalTime().AddTicks(-1) : null;

    public async Task<Settings> Get(CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        if (now - _known.At < Fresh)
        {
            return _known.Settings;
        }

        await using var scope = scopes.CreateAsyncScope();
        var told = (await scope.ServiceProvider.GetRequiredService<MembershipService>().Settings(ct)).Value ?? _known.Settings;
        var settings = told;
        settings.Name = told.Name is { Length: > 0 } name ? name : _known.Settings.Name;
        _known = new(settings, TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out var zone) ? zone : TimeZoneInfo.Utc, now);

        return settings;
    }

    /// <summary>What was changed a moment ago is to be seen at once.</summary>
    public void Forget() => _known = _known with { At = DateTimeOffset.MinValue };

    private sealed record Known(Settings Settings, TimeZoneInfo Zone, DateTimeOffset At);
}

/// <summary>By this document clients and the importer find the services of a community.</summary>
internal static class CommunityDocumentEndpoint
{
    private static readonly string[] Services = ["membership", "payments", "content", "incentives", "analytics"];

    public static void MapCommunityDocument(this IEndpointRouteBuilder app) =>
        app.MapGet(CommunityDocument.Path, async (CommunityProfile community, IConfiguration configuration, CancellationToken ct) => new CommunityDocument(
            (await community.Get(ct)).Name,
            Services.Select(service => (service, address: configuration[$"services:{service}:http:0"]))
                .Where(known => known.address is not null)
                .ToDictionary(known => known.service, known => (Uri?)new Uri(known.address!))));
}
