namespace Community.Client;

/// <summary>An answer of a service: its status and headers.</summary>
public class ApiResponse(int statusCode, IReadOnlyDictionary<string, IEnumerable<string>> headers)
{
    public int StatusCode { get; } = statusCode;

    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; } = headers;

    /// <summary>The version of what was answered, for <c>If-Match</c>; null where the service names none.</summary>
    public string? ETag => Header("ETag");

    /// <summary>Where what was made can be read; null where nothing was made.</summary>
    public string? Location => Header("Location");

    private string? Header(string name) =>
        Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value?.FirstOrDefault();
}

/// <inheritdoc cref="ApiResponse"/>
public class ApiResponse<T>(int statusCode, IReadOnlyDictionary<string, IEnumerable<string>> headers, T result) : ApiResponse(statusCode, headers)
{
    public T Result { get; } = result;
}
