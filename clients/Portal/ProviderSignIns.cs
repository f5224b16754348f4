using System.Security.Cryptography;
using Community.Portal.Services;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;

namespace Community.Portal;

/// <summary>Signing in by an account elsewhere, and linking one: the browser goes there and comes back here.</summary>
internal static class ProviderSignIns
{
    private const string Cookie = "community-provider";
    private const string ReturnPath = "/sign-in/returned";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    public static void MapProviderSignIns(this IEndpointRouteBuilder app)
    {
        app.MapPost("/sign-in/by/{provider}", Begin);
        app.MapGet(ReturnPath, Return);
    }

    private static async Task<IResult> Begin(
        string provider, [FromForm] string? back, HttpContext http, MembershipService membership, Addresses addresses, IDataProtectionProvider protection, CancellationToken ct)
    {
        if (Languages.Local(back) is not { } path)
        {
            return Results.BadRequest();
        }

        var begun = await membership.BeginSignIn(provider, addresses.Of(ReturnPath), ct);

        if (begun.Value is not { } sign)
        {
            return Results.LocalRedirect(DeedEndpoints.Told(http.User.Identity?.IsAuthenticated == true ? path : "/sign-in", ("fault", begun.Problem?.Code ?? "away")));
        }

        // Only the browser that began may end it: else somebody could be signed in to another's account.
        http.Response.Cookies.Append(Cookie, Protector(protection).Protect($"{sign.State}\n{path}", Life), new()
        {
            HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true, MaxAge = Life, Secure = http.Request.IsHttps
        });

        return new Leave(sign.Address);
    }

    private static async Task<IResult> Return(
        string? state, string? code, HttpContext http, MembershipService membership, IDataProtectionProvider protection, TimeProvider clock, CancellationToken ct)
    {
        var kept = http.Request.Cookies[Cookie];
        http.Response.Cookies.Delete(Cookie);

        if (state is null || code is null || kept is null || Open(protection, kept) is not [var began, var back] || began != state)
        {
            return Results.LocalRedirect(DeedEndpoints.Told("/sign-in", ("fault", "sign-in-invalid")));
        }

        if (http.User.Identity?.IsAuthenticated == true)
        {
            var linked = await membership.LinkAccount(state, code, ct);

            return Results.LocalRedirect(DeedEndpoints.Told(back, linked.IsGiven ? ("done", "link") : ("fault", linked.Problem?.Code ?? "away")));
        }

        var answer = await membership.SignInBy(state, code, null, ct);

        if (answer is { Value: { } tokens })
        {
            await http.SignIn(tokens, clock.GetUtcNow());

            return Results.LocalRedirect(back);
        }

        return Results.LocalRedirect(answer.IsGiven ? "/join?pending=true" : DeedEndpoints.Told("/sign-in", ("fault", answer.Problem?.Code ?? "away")));
    }

    private static string[]? Open(IDataProtectionProvider protection, string kept)
    {
        try
        {
            return Protector(protection).Unprotect(kept).Split('\n', 2);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static ITimeLimitedDataProtector Protector(IDataProtectionProvider protection) => protection.CreateProtector("provider-sign-in").ToTimeLimitedDataProtector();

    // Browsers hold the redirect of a form to form-action: a page of ours leads on instead.
    private sealed class Leave(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => LeavingPage.Write(httpContext, address);
    }
}
