using Community.Portal.Services;
using QRCoder;

namespace Community.Portal;

/// <summary>Where the payer comes back from a gateway: gateways know one address, the browser knows the order.</summary>
internal static class CheckoutReturns
{
    private const string Cookie = "community-checkout";

    public static void MapCheckoutReturns(this IEndpointRouteBuilder app)
    {
        app.MapGet("/checkout/returned", (HttpContext http) => http.Request.Cookies[Cookie]?.Split('|', 2) is [var order, var back] && Guid.TryParse(order, out var id)
            ? Results.LocalRedirect(Query.Of($"/checkout/{id}", ("waiting", "true"), ("back", Languages.Local(back))))
            : Results.LocalRedirect("/me/billing"));
        app.MapGet("/me/billing/invoices/{id:guid}.pdf", async (Guid id, PaymentsService payments, HttpContext http, CancellationToken ct) =>
        {
            try
            {
                using var answer = await payments.InvoicePdf(id, ct);

                if (!answer.IsSuccessStatusCode)
                {
                    return Results.LocalRedirect(DeedEndpoints.Told($"/me/billing/invoices/{id}", ("fault", answer.StatusCode == System.Net.HttpStatusCode.Conflict ? "invoice-font-missing" : "away")));
                }

                http.Response.Headers.CacheControl = "private, no-store";

                return Results.File(await answer.Content.ReadAsByteArrayAsync(ct), "application/pdf", $"{id}.pdf");
            }
            catch (Exception e) when (e is HttpRequestException or Polly.ExecutionRejectedException)
            {
                return Results.LocalRedirect(DeedEndpoints.Told($"/me/billing/invoices/{id}", ("fault", "away")));
            }
        }).RequireAuthorization();
        app.MapGet("/admin/payouts.csv", async (PaymentsService payments, HttpContext http, CancellationToken ct) =>
        {
            try
            {
                using var answer = await payments.PayoutsAsCsv(ct);

                if (!answer.IsSuccessStatusCode)
                {
                    return Results.LocalRedirect(DeedEndpoints.Told("/admin/payouts", ("fault", "away")));
                }

                http.Response.Headers.CacheControl = "private, no-store";

                return Results.File(await answer.Content.ReadAsByteArrayAsync(ct), "text/csv", "payouts.csv");
            }
            catch (Exception e) when (e is HttpRequestException or Polly.ExecutionRejectedException)
            {
                return Results.LocalRedirect(DeedEndpoints.Told("/admin/payouts", ("fault", "away")));
            }
        }).RequireAuthorization(policy => policy.RequireRole("operator", "owner"));
    }

    public static void Remember(this HttpContext http, Guid order, string back) => http.Response.Cookies.Append(
        Cookie, $"{order}|{back}", new() { HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true, MaxAge = TimeSpan.FromHours(2) });

    /// <summary>An SVG document without style: it stands in pages of a strict policy.</summary>
    public static string QrCode(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var modules = code.ModuleMatrix;
        var path = new System.Text.StringBuilder();

        for (var y = 0; y < modules.Count; y++)
        {
            for (var x = 0; x < modules[y].Count; x++)
            {
                if (modules[y][x])
                {
                    path.Append(System.Globalization.CultureInfo.InvariantCulture, $"M{x} {y}h1v1h-1z");
                }
            }
        }

        return $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules.Count} {modules.Count}" shape-rendering="crispEdges"><path d="{path}"/></svg>""";
    }
}
