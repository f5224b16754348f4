namespace Community.Portal.Services;

/// <summary>The name that the community gave itself, as far as membership has told it.</summary>
internal sealed class CommunityName(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private volatile Known _known = new("Community", DateTimeOffset.MinValue);

    public async Task<string> Get(CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        if (now - _known.At < Fresh)
        {
            return _known.Name;
        }

        await using var scope = scopes.CreateAsyncScope();
        var answer = await scope.ServiceProvider.GetRequiredService<MembershipService>().Settings(ct);
        var name = answer.Value?.Name is { Length: > 0 } told ? told : _known.Name;
        _known = new(name, now);

        return name;
    }

    private sealed record Known(string Name, DateTimeOffset At);
}

/// <summary>By this document clients and the importer find the services of a community.</summary>
internal static class CommunityDocument
{
    private static readonly string[] Services = ["membership", "payments", "content", "incentives", "analytics"];

    public static void MapCommunityDocument(this IEndpointRouteBuilder app) =>
        app.MapGet("/.well-known/community.json", async (CommunityName name, IConfiguration configuration, CancellationToken ct) => new
        {
            Name = await name.Get(ct),
            Services = Services.Select(service => (service, address: configuration[$"services:{service}:http:0"]))
                .Where(known => known.address is not null)
                .ToDictionary(known => known.service, known => known.address)
        });
}
