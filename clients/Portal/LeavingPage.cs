using System.Net;

namespace Community.Portal;

/// <summary>Leads to another site behind a form: browsers refuse its redirect there, for forms stay here (form-action).</summary>
internal static class LeavingPage
{
    public static Task Write(HttpContext http, string address)
    {
        var there = WebUtility.HtmlEncode(address);
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";

        return http.Response.WriteAsync($"""
            <!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={there}"><title>→</title></head>
            <body><p><a href="{there}">→ {WebUtility.HtmlEncode(Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Host : "")}</a></p></body></html>
            """, http.RequestAborted);
    }
}
