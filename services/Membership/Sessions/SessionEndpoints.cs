using System.Security.Claims;
using Community.EventSourcing;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Sessions;

internal static class SessionEndpoints
{
    public static void AddSessions(this WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<Passwords>().AddSingleton<SessionTable>();

    public static void MapSessions(this IEndpointRouteBuilder app)
    {
        var sessions = app.MapGroup("/sessions").WithTag("Sessions", "Signing in and out.");
        sessions.MapPost("", SignIn).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(401).WithSummary("Signs in");
        sessions.MapPost("/refresh", Refresh).AllowAnonymous().ProducesProblem(401).WithSummary("Continues a session; a refresh token works once");
        sessions.MapDelete("/current", SignOut).WithSummary("Signs out");
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> SignIn(
        SignInRequest request, IDocumentStore store, Passwords passwords, SessionTable sessions, AccessTokens tokens, HttpContext http, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var address = passwords.Find(request.Email);
        var credentials = await session.Query<Credentials>().FirstOrDefaultAsync(known => known.Address == address, ct);
        if (!passwords.Match(credentials, request.Password) || credentials is null)
            return Problems.Problem(401, "wrong-credentials", "The address or the password is wrong.");

        return await Answer(await sessions.Begin(credentials.Id, ct), tokens, http, ct);
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Refresh(
        RefreshRequest request, SessionTable sessions, AccessTokens tokens, HttpContext http, CancellationToken ct) =>
        await sessions.Continue(request.RefreshToken, ct) is { } continuation
            ? await Answer(continuation, tokens, http, ct)
            : Problems.Problem(401, "refresh-token-invalid", "Sign in again.");

    private static async Task<Results<NoContent, ProblemHttpResult>> SignOut(ClaimsPrincipal user, SessionTable sessions, CancellationToken ct)
    {
        if (!Guid.TryParse(user.FindFirstValue("sid"), out var session))
            return Problems.Forbidden("An API token has no session: DELETE /tokens/{id} ends it.");

        await sessions.End(session, ct);

        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Answer(
        Continuation session, AccessTokens tokens, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";

        return await tokens.ForSession(session.MemberId, session.SessionId, ct) is { } access
            ? TypedResults.Ok(new SessionTokens(access, session.RefreshToken, (int)AccessTokens.Life.TotalSeconds, "Bearer"))
            : Problems.Problem(401, "wrong-credentials", "There is no such member any more.");
    }

    private sealed record SignInRequest([Text(254)] string Email, [Text(1000)] string Password);

    private sealed record RefreshRequest([Text(200)] string RefreshToken);

    private sealed record SessionTokens(string AccessToken, string RefreshToken, int ExpiresIn, string TokenType);
}
