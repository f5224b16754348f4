using Community.Portal.Services;
using Microsoft.AspNetCore.Mvc;

namespace Community.Portal;

/// <summary>
/// A community to look at, as the AppHost starts it with <c>--demo</c>: <c>Demo:Password</c> is the password of its accounts, and
/// whoever comes signs in as one of them by a button. Without the setting there is neither button nor address.
/// </summary>
internal sealed class Demo(IConfiguration configuration)
{
    public const string Path = "/sign-in/demo";

    /// <summary>The accounts, in the order of what they may.</summary>
    public static readonly IReadOnlyList<string> Roles = ["owner", "operator", "reviewer", "moderator", "creator", "expert", "member"];

    public bool IsOn => Password is not null;

    public string? Password => configuration["Demo:Password"] is { Length: > 0 } password ? password : null;

    public static string AddressOf(string role) => $"{role}@demo.example";
}

internal static class DemoEndpoints
{
    public static void MapDemo(this WebApplication app)
    {
        if (app.Services.GetRequiredService<Demo>().IsOn)
            app.MapPost(Demo.Path, SignIn);
    }

    private static async Task<IResult> SignIn(
        [FromForm] string role, [FromForm] string? back, Demo demo, HttpContext http, MembershipService membership, TimeProvider clock, CancellationToken ct)
    {
        if (demo.Password is not { } password || !Demo.Roles.Contains(role) || Languages.Local(back) is not { } path)
            return Results.BadRequest();

        var answer = await membership.SignIn(Demo.AddressOf(role), password, null, ct, http.DeviceToken());

        if (answer.Value is not { } tokens)
            return Results.LocalRedirect(DeedEndpoints.Told("/sign-in", ("fault", answer.Problem?.Code ?? "away")));

        await http.SignIn(tokens, clock.GetUtcNow());

        return Results.LocalRedirect(path);
    }
}
