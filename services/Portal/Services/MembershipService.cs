namespace Community.Portal.Services;

/// <param name="ExpiresIn">Seconds.</param>
internal sealed record Tokens(string AccessToken, string RefreshToken, int ExpiresIn);

internal sealed record Settings(string? Name);

internal sealed class MembershipService(HttpClient http)
{
    public Task<Answer<Tokens>> SignIn(string email, string password, CancellationToken ct) =>
        http.Ask<Tokens>(HttpMethod.Post, "/sessions", new { email, password }, ct);

    public Task<Answer<Tokens>> Refresh(string refreshToken, CancellationToken ct) =>
        http.Ask<Tokens>(HttpMethod.Post, "/sessions/refresh", new { refreshToken }, ct);

    public Task<Answer<object>> SignOut(CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Delete, "/sessions/current", null, ct);

    public Task<Answer<Settings>> Settings(CancellationToken ct) =>
        http.Ask<Settings>(HttpMethod.Get, "/settings", null, ct);
}
