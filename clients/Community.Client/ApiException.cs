using System.Globalization;
using System.Text.Json.Serialization;

namespace Community.Client;

/// <summary>A problem of RFC 9457, as every service answers it.</summary>
/// <param name="Type">The stable code, as <c>urn:community:code</c>.</param>
/// <param name="Errors">What is wrong, by field; null where no field is meant.</param>
public sealed record Problem(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("title")] string Title,
    [property: JsonPropertyName("status")] int Status,
    [property: JsonPropertyName("detail")] string? Detail,
    [property: JsonPropertyName("traceId")] string? TraceId,
    [property: JsonPropertyName("errors")] IReadOnlyDictionary<string, string[]>? Errors)
{
    /// <summary><see cref="Type"/> without its prefix, such as <c>too-many-changes</c>.</summary>
    [JsonIgnore]
    public string Code => Type[(Type.LastIndexOf(':') + 1)..];
}

/// <summary>A service answered with something else than the operation's success.</summary>
public class ApiException(
    string message, int statusCode, string? response, IReadOnlyDictionary<string, IEnumerable<string>> headers, Exception? innerException)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{message} ({statusCode})"), innerException)
{
    public int StatusCode { get; } = statusCode;

    /// <summary>The body as it came; null where it was read as a problem.</summary>
    public string? Response { get; } = response;

    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; } = headers;
}

/// <inheritdoc/>
/// <typeparam name="T">What the body says: <see cref="Problem"/>.</typeparam>
public sealed class ApiException<T>(
    string message, int statusCode, string? response, IReadOnlyDictionary<string, IEnumerable<string>> headers, T result, Exception? innerException)
    : ApiException(message, statusCode, response, headers, innerException)
{
    public T Result { get; } = result;
}
