using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Community.Membership.Accounts.SignIn;

/// <summary>What a thief of the session must not do needs the password once more.</summary>
internal sealed class PasswordConfirmation(IDocumentStore store, Passwords passwords, Lockout lockout)
{
    /// <summary>Null: who is signed in knows the password too.</summary>
    public async Task<ProblemHttpResult?> Refusal(ClaimsPrincipal user, string? password, HttpContext http, CancellationToken ct)
    {
        if (user.FindSession() is not { } current)
            return Problems.Forbidden("Only a member who is signed in may do this; a token may not.");

        await using var session = store.QuerySession();
        if (await session.LoadAsync<Credentials>(user.MemberId(), ct) is not { } credentials)
            return Problems.NotFound("member");
        if (credentials.Password.Length == 0)
            return null; // who signs in elsewhere has none
        var attempt = await lockout.Begin(credentials.Address, http, device: $"{current}", ct);
        if (attempt.Wait is { } wait)
            return wait;
        if (passwords.Match(credentials, password ?? "") == PasswordVerificationResult.Failed)
            return Problems.Problem(403, "wrong-password", "The password is wrong.");

        await attempt.Succeeded(ct);

        return null;
    }
}
