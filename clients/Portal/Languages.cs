using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Community.Portal.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Localization;

namespace Community.Portal;

/// <summary>The texts of the pages: Words.resx in English, Words.zh.resx in Chinese.</summary>
public sealed class Words;

/// <summary>Chinese and English: as the visitor chose, else as the browser asks. Light and dark the same way.</summary>
internal static class Languages
{
    public const string ThemeCookie = "theme";

    public static readonly string[] Known = ["en", "zh"];

    private static readonly string[] Themes = ["light", "dark"];

    public static void AddLanguages(this IServiceCollection services)
    {
        services.AddLocalization();
        services.AddSingleton(HtmlEncoder.Create(UnicodeRanges.All)); // Chinese as it is, not six times as long
        services.AddRequestLocalization(options =>
        {
            options.SetDefaultCulture("en").AddSupportedCultures(Known).AddSupportedUICultures(Known);
            options.RequestCultureProviders = [new CookieRequestCultureProvider(), new AcceptLanguageHeaderRequestCultureProvider()];
            options.ApplyCurrentCultureToResponseHeaders = true;
        });
    }

    public static void MapLanguages(this IEndpointRouteBuilder app)
    {
        app.MapPost("/language", ([FromForm] string language, [FromForm] string? back, HttpContext http, TimeProvider clock) =>
        {
            if (Local(back) is not { } path)
            {
                return Results.BadRequest();
            }

            if (Known.Contains(language))
            {
                http.Response.Cookies.Append(
                    CookieRequestCultureProvider.DefaultCookieName, CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(language)), Kept(clock));
            }

            return Results.LocalRedirect(path);
        }).DisableAntiforgery().RequireSameOrigin();
        app.MapPost("/theme", ([FromForm] string? theme, [FromForm] string? back, HttpContext http, TimeProvider clock) =>
        {
            if (Local(back) is not { } path)
            {
                return Results.BadRequest();
            }

            if (Themes.Contains(theme))
            {
                http.Response.Cookies.Append(ThemeCookie, theme!, Kept(clock));
            }
            else
            {
                http.Response.Cookies.Delete(ThemeCookie);
            }

            return Results.LocalRedirect(path);
        }).DisableAntiforgery().RequireSameOrigin();
    }

    /// <summary>Light or dark, as the visitor chose; null: as the system has it.</summary>
    public static string? Theme(HttpContext? http) => http?.Request.Cookies[ThemeCookie] is { } theme && Themes.Contains(theme) ? theme : null;

    /// <summary>
    /// A path of ours, or home: nobody is sent elsewhere by a link that somebody else made. Null where it is no address at all:
    /// an address is written in ASCII.
    /// </summary>
    public static string? Local(string? path) =>
        path is not null && !Ascii.IsValid(path) ? null
        : path is ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";

    /// <summary>The address of the page that is shown, without what was told once.</summary>
    public static string Here(NavigationManager navigation) => Local("/" + navigation.ToBaseRelativePath(navigation.Uri)) ?? "/";

    public static string Date(DateTimeOffset at, CommunityProfile community) => community.Local(at).ToString("d", CultureInfo.CurrentCulture);

    /// <summary>Within a week how long ago, before that the date.</summary>
    public static string Ago(IStringLocalizer<Words> words, DateTimeOffset at, DateTimeOffset now, CommunityProfile community) => (now - at) switch
    {
        { TotalSeconds: < -60 } => community.Local(at).ToString("d", CultureInfo.CurrentCulture),
        { TotalMinutes: < 1 } => words["JustNow"],
        { TotalHours: < 1 } gone => words["MinutesAgo", (int)gone.TotalMinutes],
        { TotalDays: < 1 } gone => words["HoursAgo", (int)gone.TotalHours],
        { TotalDays: < 7 } gone => words["DaysAgo", (int)gone.TotalDays],
        _ => community.Local(at).ToString("d", CultureInfo.CurrentCulture)
    };

    private static CookieOptions Kept(TimeProvider clock) =>
        new() { Expires = clock.GetUtcNow().AddYears(1), HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true };
}
