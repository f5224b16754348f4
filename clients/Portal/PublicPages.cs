using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Community.Portal;

/// <summary>
/// Pages that are the same for all visitors of one language who are not signed in: browsers and proxies may keep them for a
/// while. Razor components add a cookie for forms to every answer, and forbid to store it; these pages have no such form.
/// </summary>
internal static class PublicPages
{
    private const string Kept = "public, max-age=30";

    /// <summary>Before the answer begins: it is whole, and the same for everybody who is not signed in.</summary>
    public static void MayBeKept(this HttpContext http)
    {
        if (http.User.Identity?.IsAuthenticated != true && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            http.Items[typeof(PublicPages)] = true;
        }
    }

    /// <summary>Once the answer has started: whether it went out as one that may be kept.</summary>
    public static bool IsKept(this HttpContext http) => http.Items.ContainsKey(typeof(PublicPages)) && http.Response.Headers.CacheControl == Kept;

    public static void UsePublicPages(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // What is registered first runs last, behind what the components register.
        http.Response.OnStarting(() =>
        {
            if (http.Items.ContainsKey(typeof(PublicPages)) && http.Response.StatusCode == StatusCodes.Status200OK)
            {
                var headers = http.Response.Headers;
                headers.SetCookie = new StringValues(
                    [.. headers.SetCookie.Where(cookie => cookie?.StartsWith(Sessions.FormCookie + "=", StringComparison.Ordinal) == false)]);

                if (headers.SetCookie.Count == 0)
                {
                    headers.Remove(HeaderNames.Pragma);
                    headers.CacheControl = Kept;
                    headers.Vary = "Accept-Language, Cookie";
                }
            }

            return Task.CompletedTask;
        });

        return next(http);
    });
}
