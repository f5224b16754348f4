using System.Security.Claims;
using System.Text.Json.Serialization;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Accounts.TwoFactor;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Community.Membership.Accounts.Sessions;

/// <param name="DeviceToken">To be kept by the client and sent with its next sign-in, so that guesses from elsewhere do not lock it out; null where a session is continued.</param>
internal sealed record SessionTokens(
    string AccessToken, string RefreshToken, int ExpiresIn, string TokenType, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? DeviceToken = null);

/// <summary>What stands between knowing who somebody is and a session.</summary>
internal sealed class Admission(
    IDocumentStore store, KeyRing ring, Passwords passwords, Lockout lockout, Devices devices, SecondFactor secondFactor, SessionTable sessions, AccessTokens tokens, TimeProvider clock)
{
    /// <summary>By address and password: the credentials, or a refusal that is the same whatever of them is wrong.</summary>
    public async Task<(Credentials? Credentials, ProblemHttpResult? Refusal)> Recognize(
        string email, string password, string? oneTimeCode, string? deviceToken, HttpContext http, CancellationToken ct)
    {
        var address = passwords.Find(email);
        await using var session = store.LightweightSession();
        var addresses = passwords.FindAll(email);
        var credentials = await session.Query<Credentials>().FirstOrDefaultAsync(known => addresses.Contains(known.Address), ct);
        var attempt = await lockout.Begin(address, http, devices.Find(credentials?.Id ?? Guid.Empty, deviceToken), ct);
        if (attempt.Wait is { } wait)
            return (null, wait);

        var match = passwords.Match(credentials, password);
        if (match == PasswordVerificationResult.Failed || credentials is null)
            return (null, WrongCredentials());
        if (await secondFactor.Refusal(credentials.Id, oneTimeCode, ct) is { } refusal)
        {
            if (oneTimeCode is null)
                await attempt.TakeBack(ct); // the first of two steps

            return (null, refusal);
        }

        await attempt.Succeeded(ct);
        if (match == PasswordVerificationResult.SuccessRehashNeeded)
        {
            Credentials.Rehash(session, credentials, passwords.WithPassword(credentials, password).Password);
            await session.SaveChangesAsync(ct);
        }

        return (credentials, null);
    }

    /// <summary>Begins a session, where the member may have one.</summary>
    /// <param name="by">By which the member was recognized; null where a provider did it.</param>
    public async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Admit(Guid member, Credentials? by, HttpContext http, CancellationToken ct)
    {
        await using var query = store.QuerySession();
        var keys = await ring.Find([member], ct);
        var now = clock.GetUtcNow();
        switch (await query.LoadAsync<MemberRow>(member, ct))
        {
            case null:
                return Problems.Problem(403, "approval-pending", "You wait to be let in.");
            case { Member: { Suspension: { } suspension } row } when row.Standing(now) == Standing.Suspended:
                return Problems.Problem(403, "member-suspended",
                    $"The account is suspended{(suspension.Until is { } until ? $" until {new Instant(until)}" : "")}: {keys.Open(suspension.Reason)}");
            case { Member: var row } when row.Standing(now) == Standing.Departed:
                return Problems.Problem(403, "member-departed", "You have left the community; POST /sessions/return comes back.");
        }

        var agent = http.Request.Headers.UserAgent.ToString();

        return await sessions.Begin(member, keys.Seal(member, agent[..Math.Min(agent.Length, 200)]), by, ct) is { } session
            ? await Answer(session, http, ct, devices.New(member))
            : WrongCredentials(); // changed while they were looked at
    }

    public async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> Answer(Continuation session, HttpContext http, CancellationToken ct, string? deviceToken = null)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (await tokens.ForSession(session.MemberId, session.SessionId, session.SignedInAt, ct) is { } access)
            return TypedResults.Ok(new SessionTokens(access, session.RefreshToken, (int)AccessTokens.Life.TotalSeconds, "Bearer", deviceToken));

        // Stopped between two steps.
        await sessions.End(session.SessionId, session.MemberId, ct);

        return Problems.Problem(401, "wrong-credentials", "There is no such member any more.");
    }

    private static ProblemHttpResult WrongCredentials() => Problems.Problem(401, "wrong-credentials", "The address or the password is wrong.");
}
