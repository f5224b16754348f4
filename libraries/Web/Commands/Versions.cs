using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Community.Web;

/// <summary><c>ETag</c> is the stream's version; <c>If-Match</c> guards an update.</summary>
public static partial class Versions
{
    /// <param name="seen">
    /// What of it who asks may see, where others see more or less: two bodies of one version are never one entity, or a cache
    /// would give the one for the other.
    /// </param>
    public static void SetVersion(this HttpContext context, long version, string? seen = null) =>
        context.Response.Headers.ETag = seen is null ? $"\"{version}\"" : $"\"{version}-{seen}\"";

    /// <summary>The version that the caller knows; null where it names none, or any (<c>*</c>). What is no version of ours matches none.</summary>
    public static long? ExpectedVersion(this HttpContext context) => context.Request.Headers.IfMatch.ToString().Trim() switch
    {
        "" or "*" => null,
        var tag when Tag().Match(tag) is { Success: true } match && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, null, out var version) => version,
        _ => -1
    };

    [GeneratedRegex("\\A\"([0-9]+)(?:-[a-z]+)?\"\\z")]
    private static partial Regex Tag();
}
