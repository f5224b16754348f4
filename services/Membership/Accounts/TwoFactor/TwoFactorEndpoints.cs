using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpNet;
using QRCoder;

namespace Community.Membership.Accounts.TwoFactor;

internal static class TwoFactorEndpoints
{
    public static void MapTwoFactor(this IEndpointRouteBuilder app)
    {
        var factor = app.MapGroup("/members/me/two-factor").WithTag("Two-factor", "One-time codes at sign-in (RFC 6238).").ProducesProblem(404);
        factor.MapGet("", Read).WithSummary("Whether one-time codes are asked for, and how many recovery codes are left");
        factor.MapPost("", Begin).RequireRateLimiting(RateLimits.Credentials)
            .WithSummary("Makes a secret for an authenticator; it counts once a code of it is confirmed");
        factor.MapPost("/confirmation", Confirm).RequireRateLimiting(RateLimits.Credentials)
            .WithSummary("Turns one-time codes on by a first one; answers recovery codes, shown once");
        factor.MapPost("/recovery-codes", Renew).RequireRateLimiting(RateLimits.Credentials).WithSummary("New recovery codes in place of the old ones");
        factor.MapPost("/removal", Remove).RequireRateLimiting(RateLimits.Credentials).WithSummary("Turns one-time codes off");
    }

    private static async Task<Ok<TwoFactorView>> Read(ClaimsPrincipal user, SecondFactor factor, CancellationToken ct) =>
        TypedResults.Ok(new TwoFactorView(await factor.IsOn(user.MemberId(), ct), await factor.RecoveryCodesLeft(user.MemberId(), ct)));

    private static async Task<Results<Ok<Enrolment>, ProblemHttpResult>> Begin(
        WithPassword request, ClaimsPrincipal user, PasswordConfirmation confirmation, [AsParameters] TwoFactorServices services, HttpContext http, CancellationToken ct)
    {
        var (factor, _, store, ring, _) = services;
        if (await confirmation.Refusal(user, request.Password, http, ct) is { } refusal)
            return refusal;

        var id = user.MemberId();
        if (await factor.Begin(id, ct) is not { } secret)
            return Problems.Problem(409, "two-factor-on", "One-time codes are on already; turn them off first.");

        await using var session = store.QuerySession();
        var member = (await session.LoadAsync<MemberRow>(id, ct))!.Member;
        var account = (await ring.Find([id], ct)).Open(member.Address) ?? "";
        var text = Base32Encoding.ToString(secret);
        var uri = new OtpUri(OtpType.Totp, text, account, (await store.Settings(ct)).Name).ToString();
        http.Response.Headers.CacheControl = "no-store";
        using var code = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(code);

        return TypedResults.Ok(new Enrolment(text, uri, svg.GetGraphic(pixelsPerModule: 4)));
    }

    private static async Task<Results<Ok<RecoveryCodesShown>, ProblemHttpResult>> Confirm(
        WithCode request, ClaimsPrincipal user, [AsParameters] TwoFactorServices services, HttpContext http, CancellationToken ct)
    {
        var (factor, _, store, _, clock) = services;
        if (await Refusal(request, user, services, http, ct) is { } refusal)
            return refusal;

        var id = user.MemberId();
        string[] codes = [];
        var handled = await store.Handle(Account.Decider, id, new TurnTwoFactorOn(clock.GetUtcNow()), new CommandOptions
        {
            WriteWithEvents = session =>
            {
                SecondFactor.Confirm(session, id);
                codes = factor.Renew(session, id);
            }
        }, ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem()
            : !handled.Appended ? Problems.Problem(409, "two-factor-on", "One-time codes are on already.")
            : TypedResults.Ok(new RecoveryCodesShown(codes));
    }

    private static async Task<Results<Ok<RecoveryCodesShown>, ProblemHttpResult>> Renew(
        WithCode request, ClaimsPrincipal user, [AsParameters] TwoFactorServices services, HttpContext http, CancellationToken ct)
    {
        var (factor, _, store, _, _) = services;
        if (await Refusal(request, user, services, http, ct) is { } refusal)
            return refusal;
        if (!await factor.IsOn(user.MemberId(), ct))
            return Problems.Problem(409, "two-factor-off", "One-time codes are not turned on.");

        await using var session = store.LightweightSession();
        var codes = factor.Renew(session, user.MemberId());
        await session.SaveChangesAsync(ct);

        return TypedResults.Ok(new RecoveryCodesShown(codes));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Remove(
        WithPassword request, ClaimsPrincipal user, PasswordConfirmation confirmation, [AsParameters] TwoFactorServices services, HttpContext http, CancellationToken ct)
    {
        if (await confirmation.Refusal(user, request.Password, http, ct) is { } refusal)
            return refusal;

        var id = user.MemberId();
        var handled = await services.Store.Handle(Account.Decider, id, new TurnTwoFactorOff(services.Clock.GetUtcNow()), new CommandOptions
        {
            WriteInAnyCase = session => SecondFactor.Forget(session, id)
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    // Six digits are guessed in a day where nobody counts.
    private static async Task<ProblemHttpResult?> Refusal(
        WithCode request, ClaimsPrincipal user, TwoFactorServices services, HttpContext http, CancellationToken ct)
    {
        if (user.FindSession() is not { } session)
            return Problems.Forbidden("Only a member who is signed in may do this; a token may not.");

        http.Response.Headers.CacheControl = "no-store";
        var attempt = await services.Lockout.Begin($"two-factor {user.MemberId()}", http, device: $"{session}", ct);
        if (attempt.Wait is { } wait)
            return wait;
        if (!await services.Factor.Use(user.MemberId(), request.OneTimeCode, ct))
            return Problems.Problem(403, "wrong-one-time-code", "The code is wrong or was used already.");

        await attempt.Succeeded(ct);

        return null;
    }

    private sealed record TwoFactorServices(SecondFactor Factor, Lockout Lockout, IDocumentStore Store, KeyRing Ring, TimeProvider Clock);

    private sealed record WithPassword([Text(1000)] string? Password = null);

    private sealed record WithCode([Text(40)] string OneTimeCode);

    private sealed record TwoFactorView(bool Enabled, int RecoveryCodesLeft);

    /// <param name="Secret">Base32, for typing.</param>
    /// <param name="Uri">The same as <c>otpauth:</c>, for the authenticator.</param>
    /// <param name="QrCode">The same as a picture: an SVG document.</param>
    private sealed record Enrolment(string Secret, string Uri, string QrCode);

    private sealed record RecoveryCodesShown(IReadOnlyList<string> RecoveryCodes);
}
