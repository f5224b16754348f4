using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Mvc;

namespace Community.Portal;

/// <summary>The texts of the pages: Words.resx in English, Words.zh.resx in Chinese.</summary>
public sealed class Words;

/// <summary>Chinese and English: as the visitor chose, else as the browser asks.</summary>
internal static class Languages
{
    public static readonly string[] Known = ["en", "zh"];

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

    public static void MapLanguages(this IEndpointRouteBuilder app) =>
        app.MapPost("/language", ([FromForm] string language, [FromForm] string? back, HttpContext http, TimeProvider clock) =>
        {
            if (Local(back) is not { } path)
            {
                return Results.BadRequest();
            }

            if (Known.Contains(language))
            {
                http.Response.Cookies.Append(
                    CookieRequestCultureProvider.DefaultCookieName,
                    CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(language)),
                    new() { Expires = clock.GetUtcNow().AddYears(1), HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true });
            }

            return Results.LocalRedirect(path);
        }).DisableAntiforgery().RequireSameOrigin();

    /// <summary>
    /// A path of ours, or home: nobody is sent elsewhere by a link that somebody else made. Null where it is no address at all:
    /// an address is written in ASCII.
    /// </summary>
    public static string? Local(string? path) =>
        path is not null && !Ascii.IsValid(path) ? null
        : path is ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";

    public static string Date(DateTimeOffset at) => at.ToString("d", CultureInfo.CurrentCulture);
}
