using Microsoft.AspNetCore.Http;

namespace Community.EventSourcing;

/// <summary><c>ETag</c> is the stream's version; <c>If-Match</c> guards an update.</summary>
public static class Versions
{
    public static void SetVersion(this HttpContext context, long version) =>
        context.Response.Headers.ETag = $"\"{version}\"";

    /// <summary>The version that the caller knows; null where it names none, or any (<c>*</c>). What is no version of ours matches none.</summary>
    public static long? ExpectedVersion(this HttpContext context) => context.Request.Headers.IfMatch.ToString().Trim() switch
    {
        "" or "*" => null,
        var tag when tag is ['"', .. var inner, '"'] && long.TryParse(inner, System.Globalization.NumberStyles.None, null, out var version) => version,
        _ => -1
    };
}
