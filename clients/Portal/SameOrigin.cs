namespace Community.Portal;

internal static class SameOrigin
{
    /// <summary>
    /// Forms on the pages of others are refused by what the browser tells of them; what is no browser tells nothing, and nobody
    /// else's cookies are in it. For forms on pages that may be kept, which can have no token.
    /// </summary>
    public static TBuilder RequireSameOrigin<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.AddEndpointFilter(
        async (context, next) => IsOurs(context.HttpContext.Request) ? await next(context) : Results.BadRequest());

    private static bool IsOurs(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
        {
            return site is "same-origin" or "none";
        }

        return request.Headers.Origin.ToString() is not { Length: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value);
    }
}
