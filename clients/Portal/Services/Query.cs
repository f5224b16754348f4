namespace Community.Portal.Services;

internal static class Query
{
    /// <summary>A path with those values that are there.</summary>
    public static string Of(string path, params ReadOnlySpan<(string Name, string? Value)> values)
    {
        var query = path;
        var sign = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';

        foreach (var (name, value) in values)
        {
            if (value is { Length: > 0 })
            {
                query += $"{sign}{name}={Uri.EscapeDataString(value)}";
                sign = '&';
            }
        }

        return query;
    }
}
