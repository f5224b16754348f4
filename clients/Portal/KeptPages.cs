using System.Globalization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Community.Portal;

/// <summary>
/// Whole pages for visitors, for half a minute, by address, language and theme. (Output caching of the framework keeps the
/// headers as they are before the answer starts: with the cookie that components add, and without what <see cref="PublicPages"/>
/// makes of them.)
/// </summary>
internal sealed class KeptPages : IDisposable
{
    private const long Largest = 200_000;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly string[] OfOneAnswer = [HeaderNames.Date, HeaderNames.SetCookie, HeaderNames.TransferEncoding, HeaderNames.ContentLength, HeaderNames.Server];

    private readonly MemoryCache _pages = new(new MemoryCacheOptions { SizeLimit = 32 << 20 });

    public void Dispose() => _pages.Dispose();

    public async Task Answer(HttpContext http, RequestDelegate next)
    {
        var key = KeyOf(http);

        if (_pages.TryGetValue(key, out Page? page))
        {
            foreach (var (name, value) in page!.Headers)
            {
                http.Response.Headers[name] = value;
            }

            await http.Response.Body.WriteAsync(page.Body, http.RequestAborted);

            return;
        }

        using var whole = new MemoryStream();
        var body = http.Response.Body;
        http.Response.Body = whole;

        try
        {
            await next(http);
        }
        finally
        {
            http.Response.Body = body;
        }

        whole.Position = 0;
        await whole.CopyToAsync(body, http.RequestAborted);

        // The answer has started: the headers are as they went out.
        if (http.IsKept() && http.Response.Headers.SetCookie.Count == 0 && whole.Length is > 0 and <= Largest)
        {
            var headers = http.Response.Headers.Where(header => !OfOneAnswer.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).ToArray();
            _pages.Set(key, new Page(whole.ToArray(), headers), new MemoryCacheEntryOptions { Size = whole.Length + 1_000, AbsoluteExpirationRelativeToNow = Long });
        }
    }

    // The host stands in canonical addresses; enhanced navigation is answered with a header of its own.
    private static string KeyOf(HttpContext http) => string.Join('\n',
        http.Request.Scheme, http.Request.Host, http.Request.Path, http.Request.QueryString, CultureInfo.CurrentUICulture.Name, CultureInfo.CurrentCulture.Name, Languages.Theme(http),
        http.Request.Headers.Accept.ToString().Contains("blazor-enhanced-nav", StringComparison.Ordinal));

    private sealed record Page(byte[] Body, IReadOnlyList<KeyValuePair<string, StringValues>> Headers);
}

internal static class KeptPagesRegistration
{
    public static void AddKeptPages(this IServiceCollection services) => services.AddSingleton<KeptPages>();

    /// <summary>Behind what knows who asks, and in which language.</summary>
    public static void UseKeptPages(this WebApplication app)
    {
        var pages = app.Services.GetRequiredService<KeptPages>();
        app.Use((http, next) => HttpMethods.IsGet(http.Request.Method) && http.User.Identity?.IsAuthenticated != true
            && http.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>() is not null ? pages.Answer(http, next) : next(http));
    }
}
