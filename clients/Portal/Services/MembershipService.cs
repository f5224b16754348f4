namespace Community.Portal.Services;

/// <param name="ExpiresIn">Seconds.</param>
internal sealed record Tokens(string AccessToken, string RefreshToken, int ExpiresIn);

internal sealed record Settings(string? Name);

internal sealed class MembershipService(HttpClient http)
{
    /// <param name="oneTimeCode">Of an authenticator, or a recovery code; null where the member has none.</param>
    public Task<Answer<Tokens>> SignIn(string email, string password, string? oneTimeCode, CancellationToken ct) =>
        http.Ask<Tokens>(HttpMethod.Post, "/sessions", new { email, password, oneTimeCode }, ct);

    public Task<Answer<object>> AskForPassword(string email, CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Post, "/password-resets", new { email }, ct);

    /// <param name="token">Of the link in the mail.</param>
    public Task<Answer<object>> SetPassword(string token, string password, CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Post, "/password-resets/completion", new { token, password }, ct);

    /// <param name="token">Of the link in the mail.</param>
    public Task<Answer<object>> ConfirmAddress(string token, CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Post, "/email-confirmations", new { token }, ct);

    public Task<Answer<Tokens>> Refresh(string refreshToken, CancellationToken ct) =>
        http.Ask<Tokens>(HttpMethod.Post, "/sessions/refresh", new { refreshToken }, ct);

    public Task<Answer<object>> SignOut(CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Delete, "/sessions/current", null, ct);

    public Task<Answer<Settings>> Settings(CancellationToken ct) =>
        http.Ask<Settings>(HttpMethod.Get, "/settings", null, ct);
}
