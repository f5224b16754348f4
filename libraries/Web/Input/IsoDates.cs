using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Community.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Primitives;

namespace Community.Web;

/// <summary>
/// Dates and instants in a path or query are of ISO 8601 (RFC 3339). The framework's binding takes what the invariant culture takes:
/// <c>03/04/2024</c> as 4 March, without a word, also from somebody who means 3 April.
/// </summary>
internal static class IsoDates
{
    private static readonly ConcurrentDictionary<MethodInfo, (string Name, bool IsDate)[]> Known = new();

    /// <summary>After authorization: who may not ask is told nothing of the question.</summary>
    internal static void UseIsoDates(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>() is { } handler)
        {
            foreach (var (name, isDate) in Known.GetOrAdd(handler, Find))
                Check(name, isDate, http);
        }

        return next(http);
    });

    private static void Check(string name, bool isDate, HttpContext http)
    {
        var given = http.Request.RouteValues.TryGetValue(name, out var value) ? new StringValues(value as string) : http.Request.Query[name];

        foreach (var text in given)
        {
            if (string.IsNullOrEmpty(text))
                continue;
            if (isDate && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                throw new InvalidParameter(name, "must be a date of ISO 8601, such as 2026-05-01");
            if (!isDate && !Instant.TryParse(text, null, out _))
                throw new InvalidParameter(name, "must be an instant of RFC 3339, such as 2026-05-01T10:00:00Z");
        }
    }

    private static (string, bool)[] Find(MethodInfo handler) => [.. handler.GetParameters().SelectMany(parameter =>
        parameter.GetCustomAttribute<AsParametersAttribute>() is null
            ? Of(parameter.ParameterType, parameter.GetCustomAttribute<FromQueryAttribute>()?.Name ?? parameter.Name!)
            : parameter.ParameterType.GetProperties().SelectMany(property =>
                Of(property.PropertyType, property.GetCustomAttribute<FromQueryAttribute>()?.Name ?? char.ToLowerInvariant(property.Name[0]) + property.Name[1..])))];

    private static IEnumerable<(string, bool)> Of(Type type, string name)
    {
        type = type.IsArray ? type.GetElementType()! : type;
        type = Nullable.GetUnderlyingType(type) ?? type;

        return type == typeof(DateOnly) ? [(name, true)] : type == typeof(DateTimeOffset) || type == typeof(DateTime) ? [(name, false)] : [];
    }
}
