using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Accounts.Sessions;

internal static class SessionEndpoints
{
    public static void AddSessions(this WebApplicationBuilder builder) => builder.Services
        .AddSingleton<SessionTable>().AddSingleton<Admission>().AddSingleton<ITokenRevocation, EndedTokens>();

    public static void MapSessions(this IEndpointRouteBuilder app)
    {
        var sessions = app.MapGroup("/sessions").WithTag("Sessions", "Signing in and out.");
        sessions.MapPost("", SignIn).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(401).ProducesProblem(403)
            .WithSummary("Signs in; with a one-time code or a recovery code where the member has turned that on");
        sessions.MapPost("/return", Return).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(401).ProducesProblem(403)
            .WithSummary("Comes back after a departure, and signs in");
        sessions.MapPost("/refresh", Refresh).AllowAnonymous().ProducesProblem(401).WithSummary("Continues a session; a refresh token works once");
        sessions.MapGet("", List).WithSummary("One's own sessions that go on");
        sessions.MapDelete("", EndOthers).WithSummary("Ends all of one's sessions but this one");
        sessions.MapDelete("/current", SignOut).WithSummary("Signs out");
        sessions.MapDelete("/{id:guid}", End).WithSummary("Ends one of one's own sessions");
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> SignIn(
        SignInRequest request, Admission admission, HttpContext http, CancellationToken ct)
    {
        var (credentials, refusal) = await admission.Recognize(request.Email, request.Password, request.OneTimeCode, request.DeviceToken, http, ct);

        return refusal is not null ? refusal : await admission.Admit(credentials!.Id, credentials, http, ct);
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Return(
        SignInRequest request, Admission admission, IDocumentStore store, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        var (credentials, refusal) = await admission.Recognize(request.Email, request.Password, request.OneTimeCode, request.DeviceToken, http, ct);
        if (refusal is not null)
            return refusal;

        CommandMetadata.Set(CommandMetadata.Current with { By = credentials!.Id.ToString() });
        await store.Handle(Member.Decider, credentials.Id, new Return(clock.GetUtcNow()), ct);

        return await admission.Admit(credentials.Id, credentials, http, ct);
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Refresh(
        RefreshRequest request, SessionTable sessions, Admission admission, HttpContext http, CancellationToken ct) =>
        await sessions.Continue(request.RefreshToken, ct) is { } continuation
            ? await admission.Answer(continuation, http, ct)
            : Problems.Problem(401, "refresh-token-invalid", "Sign in again.");

    private static async Task<Ok<Page<SessionView>>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, SessionTable sessions, KeyRing ring, CancellationToken ct)
    {
        var member = user.MemberId();
        var before = paging.Key<Guid>(out var last) ? last : Guid.AllBitsSet;
        var keys = await ring.Find([member], ct);
        var mine = (await sessions.List(member, ct)).Where(session => session.Id < before).Take(paging.Size + 1)
            .Select(session => new SessionView(session.Id, session.BeganAt, session.LastSeenAt, session.ExpiresAt, keys.Open(session.Agent), session.Id == user.FindSession()));

        return TypedResults.Ok(paging.Page([.. mine], view => view.SessionId));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> SignOut(ClaimsPrincipal user, SessionTable sessions, CancellationToken ct)
    {
        if (user.FindSession() is not { } session)
            return Problems.Forbidden("An API token has no session: DELETE /tokens/{id} ends it.");

        await sessions.End(session, user.MemberId(), ct);

        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> End(Guid id, ClaimsPrincipal user, SessionTable sessions, CancellationToken ct) =>
        user.FindSession() is null ? Problems.Forbidden("An API token ends no sessions.")
        : await sessions.End(id, user.MemberId(), ct) ? TypedResults.NoContent()
        : Problems.NotFound("session");

    private static async Task<Results<NoContent, ProblemHttpResult>> EndOthers(
        ClaimsPrincipal user, SessionTable sessions, CancellationToken ct)
    {
        if (user.FindSession() is not { } current)
            return Problems.Forbidden("An API token ends no sessions.");

        await sessions.EndOthers(current, user.MemberId(), ct);

        return TypedResults.NoContent();
    }

    /// <param name="DeviceToken">Of an earlier sign-in by this client; one that is not good is as none.</param>
    private sealed record SignInRequest([Text(254)] string Email, [Text(1000)] string Password, [Text(40)] string? OneTimeCode = null, [Text(200)] string? DeviceToken = null);

    private sealed record RefreshRequest([Text(200)] string RefreshToken);

    /// <param name="Agent">The program that began it, as it calls itself.</param>
    private sealed record SessionView(Guid SessionId, DateTimeOffset BeganAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, string? Agent, bool Current);
}
