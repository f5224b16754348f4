using System.Globalization;
using System.Resources;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Community.EventSourcing;
using Community.Payments.Orders;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

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
    private static readonly string[] Languages = ["en", "zh"];

    public static void MapSandboxPage(this IEndpointRouteBuilder app)
    {
        app.MapGet("/sandbox/{token}", Show).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}", Pay).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sandbox/{token}/failure", Fail).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> Show(
        string token, HttpContext http, Sandbox sandbox, IDocumentStore store, CancellationToken ct)
    {
        if (sandbox.Open(token) is not { } payment)
        {
            return Problems.NotFound("payment");
        }

        var loaded = await store.Load(Order.Decider, Order.Stream(payment.OrderId), null, ct);
        var status = (loaded.State as Placed)?.StatusOf(payment.PaymentId) ?? PaymentStatus.Pending;
        http.Response.Headers.ContentSecurityPolicy = Policy;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Vary = "Accept-Language";

        return TypedResults.Content(Render(token, payment, status, Language(http.Request)), "text/html; charset=utf-8");
    }

    private static Task<IResult> Pay(
        string token, HttpContext http, Sandbox sandbox, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        Tell(token, paid: true, http, sandbox, store, clock, ct);

    private static Task<IResult> Fail(
        string token, HttpContext http, Sandbox sandbox, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        Tell(token, paid: false, http, sandbox, store, clock, ct);

    private static async Task<IResult> Tell(
        string token, bool paid, HttpContext http, Sandbox sandbox, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (sandbox.Open(token) is not { } payment)
        {
            return Problems.NotFound("payment");
        }

        // By hand and not over HTTP: this service knows no address of its own that it could trust (the Host header is the
        // caller's to choose, and what it listens on may be a wildcard behind a proxy). Signature and all else are checked
        // as for a webhook that came in.
        var (headers, body) = sandbox.Tell(payment, paid);
        var answer = await GatewayEndpoints.Receive(sandbox, headers, body, store, clock, ct);

        // A browser that sent the form sees the page again, with its new status.
        return answer.Result is NoContent && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? new SeeOther($"{http.Request.PathBase}/sandbox/{token}")
            : answer;
    }

    private sealed class SeeOther(string location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = location;

            return Task.CompletedTask;
        }
    }

    private static CultureInfo Language(HttpRequest request) => CultureInfo.GetCultureInfo(
        request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1)
            .Select(language => Array.Find(Languages, known => language.Value.StartsWith(known, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(language => language is not null) ?? Languages[0]);

    private static string Render(string token, PaymentRequest payment, PaymentStatus status, CultureInfo language)
    {
        string Text(string name) => Html.Encode(Texts.GetString(name, language) ?? name);

        var exponent = Currencies.Exponent(payment.Amount.Currency);
        var major = payment.Amount.Amount / (decimal)Math.Pow(10, exponent);
        var sum = $"{major.ToString($"N{exponent}", language)} {payment.Amount.Currency}";
        var choice = status is PaymentStatus.Pending or PaymentStatus.Failed
            ? $"""
                <form method="post" action="{token}"><button>{Text("Pay")}</button></form>
                <form method="post" action="{token}/failure"><button class="no">{Text("Fail")}</button></form>
                """
            : "";

        return $"""
            <!doctype html>
            <html lang="{language.Name}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{Text("Title")}</title><style>{Style}</style></head>
            <body><main>
            <h1>{Text("Title")}</h1>
            <p>{Text("Explanation")}</p>
            <p class="sum">{Html.Encode(sum)}</p>
            <p>{Text("Order")} <code>{payment.OrderId}</code></p>
            <p role="status">{Text(status.ToString())}</p>
            {choice}
            </main></body>
            </html>
            """;
    }
}
