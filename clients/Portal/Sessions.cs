using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Community.Portal.Services;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Community.Portal;

/// <summary>
/// A visitor's session: the tokens of membership in an encrypted cookie that scripts cannot read. The portal keeps nothing.
/// </summary>
internal static class Sessions
{
    public const string AccessToken = "access_token";
    public const string FormCookie = "community-form";
    private const string DeviceCookie = "community-device";
    private const string RefreshToken = "refresh_token";
    private const string ExpiresAt = "expires_at";

    private static readonly TimeSpan JustIssued = TimeSpan.FromSeconds(5); // what such a session may not, it may not
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public static void AddSessions(this IServiceCollection services, IConfiguration configuration)
    {
        var protection = services.AddDataProtection().SetApplicationName("community-portal");

        // Without it they lie in the user's profile; several portals behind one address share a directory.
        if (configuration["DataProtection:Directory"] is { Length: > 0 } directory)
        {
            protection.PersistKeysToFileSystem(new DirectoryInfo(directory));
        }

        services.AddAntiforgery(options => options.Cookie.Name = FormCookie);
        services.AddSingleton<Refreshes>();
        services.AddSingleton<PendingSignIns>();
        services.AddAuthorization();
        services.AddCascadingAuthenticationState();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = "community-session";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = TimeSpan.FromDays(30);
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "back";
            options.Events.OnRedirectToAccessDenied = Denied;
            options.Events.OnValidatePrincipal = KeepFresh;
        });
    }

    public static void MapSessions(this IEndpointRouteBuilder app)
    {
        app.MapProviderSignIns();
        app.MapPost("/sign-out", async ([FromForm] string? back, HttpContext http, MembershipService membership, CancellationToken ct) =>
        {
            if (Languages.Local(back) is not { } path)
            {
                return Results.BadRequest();
            }

            // Should membership be away, its session ends by itself; here it ends now.
            await membership.SignOut(ct);
            await http.SignOutAsync();

            return Results.LocalRedirect(path);
        });
    }

    /// <summary>Who is signed in; null: nobody.</summary>
    public static Guid? Me(this ClaimsPrincipal user) => Guid.TryParse(user.FindFirstValue("sub"), out var id) ? id : null;

    /// <summary>Tells membership that this browser has signed in before: it is not slowed down by others' attempts.</summary>
    public static string? DeviceToken(this HttpContext http) => http.Request.Cookies[DeviceCookie] is { Length: > 0 and <= 200 } token ? token : null;

    public static Task SignIn(this HttpContext http, Tokens tokens, DateTimeOffset now)
    {
        var properties = new AuthenticationProperties { IsPersistent = true };
        Store(properties, tokens, now);

        if (tokens.DeviceToken is { } device)
        {
            http.Response.Cookies.Append(DeviceCookie, device, new() { Expires = now.AddYears(1), HttpOnly = true, SameSite = SameSiteMode.Strict, IsEssential = true });
        }

        return http.SignInAsync(PrincipalOf(tokens), properties);
    }

    /// <summary>Who was given a role after the session began has it in the next tokens: they are asked for, and the page once more.</summary>
    private static async Task Denied(RedirectContext<CookieAuthenticationOptions> denied)
    {
        var (http, now) = (denied.HttpContext, denied.HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());

        if (HttpMethods.IsGet(http.Request.Method) && (await http.AuthenticateAsync()).Properties is { } session && now - session.IssuedUtc > JustIssued
            && session.GetTokenValue(RefreshToken) is { } token
            && await http.RequestServices.GetRequiredService<Refreshes>().Get(token, now) is { Value: { } tokens })
        {
            await http.SignIn(tokens, now);
            http.Response.Redirect(http.Request.PathBase + http.Request.Path + http.Request.QueryString);
        }
        else
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound; // there is nothing here for this visitor
        }
    }

    private static async Task KeepFresh(CookieValidatePrincipalContext context)
    {
        var services = context.HttpContext.RequestServices;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();

        if (DateTimeOffset.TryParse(context.Properties.GetTokenValue(ExpiresAt), CultureInfo.InvariantCulture, out var expires) && expires - Ahead > now)
        {
            return;
        }

        var answer = context.Properties.GetTokenValue(RefreshToken) is { } token
            ? await services.GetRequiredService<Refreshes>().Get(token, now)
            : new(Outcome.Refused, null);

        switch (answer)
        {
            case { Outcome: Outcome.Given, Value: { } tokens }:
                Store(context.Properties, tokens, now);
                context.ReplacePrincipal(PrincipalOf(tokens));
                context.ShouldRenew = true;
                break;
            case { Outcome: Outcome.Away or Outcome.Busy }:
                break; // Signed in still; until membership is back the services take the visitor for anybody.
            default:
                context.RejectPrincipal();
                await context.HttpContext.SignOutAsync();
                break;
        }
    }

    // What membership just sent over its own connection needs no second proof here; the services check it.
    private static ClaimsPrincipal PrincipalOf(Tokens tokens) => new(new ClaimsIdentity(
        new JsonWebToken(tokens.AccessToken).Claims.Where(claim => claim.Type is "sub" or "name" or "role"),
        CookieAuthenticationDefaults.AuthenticationScheme, "name", "role"));

    private static void Store(AuthenticationProperties properties, Tokens tokens, DateTimeOffset now) => properties.StoreTokens(
    [
        new() { Name = AccessToken, Value = tokens.AccessToken },
        new() { Name = RefreshToken, Value = tokens.RefreshToken },
        new() { Name = ExpiresAt, Value = now.AddSeconds(tokens.ExpiresIn).ToString("O", CultureInfo.InvariantCulture) }
    ]);
}

/// <summary>
/// A refresh token is good for once, and a second use of it ends the session: the requests that a browser makes at once
/// share one refresh, and those that were under way with the old cookie get its answer for a while.
/// </summary>
internal sealed class Refreshes(IServiceScopeFactory scopes)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<string, (Lazy<Task<Answer<Tokens>>> Answer, DateTimeOffset At)> _recent = new();

    public async Task<Answer<Tokens>> Get(string refreshToken, DateTimeOffset now)
    {
        foreach (var (token, (_, at)) in _recent)
        {
            if (now - at > Remembered)
            {
                _recent.TryRemove(token, out _);
            }
        }

        var (answer, _) = _recent.GetOrAdd(refreshToken, token => (new(() => Ask(token)), now));
        var given = await answer.Value;

        if (given.Outcome is Outcome.Away or Outcome.Busy)
        {
            _recent.TryRemove(refreshToken, out _);
        }

        return given;
    }

    // Not cancelled with the request that happened to come first: others wait for it too.
    private async Task<Answer<Tokens>> Ask(string refreshToken)
    {
        await using var scope = scopes.CreateAsyncScope();

        return await scope.ServiceProvider.GetRequiredService<MembershipService>().Refresh(refreshToken, CancellationToken.None);
    }
}
