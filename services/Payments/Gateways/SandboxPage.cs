using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Resources;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Community.EventStore;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

/// <summary>How far a payment is, as whoever wants it paid tells.</summary>
internal delegate Task<PaymentStatus> StatusOfPayment(PaymentRequest payment, CancellationToken ct);

/// <summary>Where the payer pays, or fails to: whoever has the address may, as at any gateway.</summary>
internal static class SandboxPage
{
    private const string Style = """
        body{font:1rem/1.6 system-ui,sans-serif;max-width:28rem;margin:10vh auto;padding:0 1rem;color:#1b1b1f;background:#fff}
        button{font:inherit;padding:.6rem 1.4rem;border:1px solid #1b4d8f;border-radius:.4rem;background:#1b4d8f;color:#fff}
        form{display:inline-block;margin:0 .5rem .5rem 0}.no{background:#fff;color:#1b4d8f}.sum{font-size:2rem;margin:.5rem 0}
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);
    private static readonly ResourceManager Texts = new(typeof(SandboxPage));

    public static void MapSandboxPage(this IEndpointRouteBuilder app)
    {
        app.MapGet("/sandbox/{token}", Show).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}", Pay).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}/failure", Fail).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}/chargeback", OpenChargeback).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}/chargeback/closure", CloseChargeback).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}/refunds/{refundId}/failure", FailRefund).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> Show(
        string token, HttpContext http, Sandbox sandbox, StatusOfPayment statusOf, IConfiguration configuration, CancellationToken ct)
    {
        if (sandbox.Open(token) is not { } payment)
        {
            return Problems.NotFound("payment");
        }

        var status = await statusOf(payment, ct);
        http.Response.Headers.ContentSecurityPolicy = Policy;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Vary = "Accept-Language";

        return TypedResults.Content(Render(token, payment, status, new GatewaySettings(configuration, "Sandbox").ReturnTo, http.Request.Language()), "text/html; charset=utf-8");
    }

    private static Task<IResult> Pay(string token, [AsParameters] SandboxManner manner, [AsParameters] SandboxCall call) => call.Notify(
        token, manner, [.. Enumerable.Repeat(Sandbox.Paid, manner.Times ?? 1), .. manner.OutOfOrder == true ? [Sandbox.Failed] : Array.Empty<string>()]);

    private static Task<IResult> Fail(string token, [AsParameters] SandboxManner manner, [AsParameters] SandboxCall call) => call.Notify(
        token, manner, [.. Enumerable.Repeat(Sandbox.Failed, manner.Times ?? 1)]);

    private static Task<IResult> OpenChargeback(string token, [AsParameters] SandboxManner manner, [AsParameters] SandboxCall call) => call.Notify(
        token, manner, [.. Enumerable.Repeat(Sandbox.Chargeback, manner.Times ?? 1)]);

    // Out of order: its end is told before its beginning.
    private static Task<IResult> CloseChargeback(string token, bool won, [AsParameters] SandboxManner manner, [AsParameters] SandboxCall call) => call.Notify(
        token, manner,
        [.. Enumerable.Repeat(won ? Sandbox.ChargebackWon : Sandbox.ChargebackLost, manner.Times ?? 1), .. manner.OutOfOrder == true ? [Sandbox.Chargeback] : Array.Empty<string>()]);

    private static Task<IResult> FailRefund(string token, Guid refundId, [AsParameters] SandboxManner manner, [AsParameters] SandboxCall call) => call.Notify(
        token, manner, [.. Enumerable.Repeat(Sandbox.RefundFailed, manner.Times ?? 1)], refundId);

    private static async Task<IResult> Notify(
        this SandboxCall call, string token, SandboxManner manner, IReadOnlyList<string> outcomes, Guid? refundId = null)
    {
        if (call.Sandbox.Open(token) is not { } payment)
        {
            return Problems.NotFound("payment");
        }

        var http = call.Http;
        await Task.Delay(TimeSpan.FromSeconds(manner.Delay ?? 0), call.Clock, http.RequestAborted);
        Results<NoContent, ContentHttpResult, ProblemHttpResult>? answer = null;

        // By hand and not over HTTP: this service knows no address of its own that it could trust (the Host header is the
        // caller's to choose, and what it listens on may be a wildcard behind a proxy). Signature and all else are checked
        // as for a webhook that came in.
        foreach (var outcome in outcomes)
        {
            var (headers, body) = call.Sandbox.Notify(payment, outcome, refundId);
            answer = await call.Receiver.Receive(call.Sandbox, headers, body, http.RequestAborted);
        }

        // A browser that sent the form sees the page again, with its new status.
        return answer?.Result is NoContent && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? new SeeOther($"{http.Request.PathBase}/sandbox/{token}")
            : answer!;
    }

    /// <summary>How the gateway tells, where one wants to see what comes of it.</summary>
    /// <param name="Delay">Seconds until it tells.</param>
    /// <param name="Times">How often it tells.</param>
    /// <param name="OutOfOrder">What was before is told after.</param>
    internal sealed record SandboxManner(
        [property: Range(0, 60)] int? Delay = null, [property: Range(1, 100)] int? Times = null, bool? OutOfOrder = null);

    internal sealed record SandboxCall(HttpContext Http, Sandbox Sandbox, NotificationReceiver Receiver, TimeProvider Clock);

    private sealed class SeeOther(string location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = location;

            return Task.CompletedTask;
        }
    }

    private static string Render(string token, PaymentRequest payment, PaymentStatus status, Uri? back, CultureInfo language)
    {
        string Text(string name) => Html.Encode(Texts.GetString(name, language) ?? name);

        var choice = status is PaymentStatus.Pending or PaymentStatus.Failed
            ? $"""
                <form method="post" action="{token}"><button>{Text("Pay")}</button></form>
                <form method="post" action="{token}/failure"><button class="no">{Text("Fail")}</button></form>
                """
            : "";
        var way = back is null ? "" : $"""<p><a href="{Html.Encode(back.ToString())}">{Text("Back")}</a></p>""";

        return $"""
            <!doctype html>
            <html lang="{language.Name}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{Text("Title")}</title><style>{Style}</style></head>
            <body><main>
            <h1>{Text("Title")}</h1>
            <p>{Text("Explanation")}</p>
            <p class="sum">{Html.Encode(payment.Amount.In(language))}</p>
            <p>{Text("Order")} <code>{payment.OrderId}</code></p>
            <p role="status">{Text(status.ToString())}</p>
            {choice}
            {way}
            </main></body>
            </html>
            """;
    }
}
