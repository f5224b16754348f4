using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace Community.Payments.Gateways;

/// <param name="Live">Real money moves.</param>
/// <param name="Refused">What came to the webhook and was refused, of the last 90 days.</param>
/// <param name="Fault">What is wrong with its settings since they changed, with the setting's name; those before go on. Null: nothing.</param>
internal sealed record GatewayView(string Gateway, bool Configured, bool Live, string Webhook, IReadOnlyList<RefusalView> Refused, string? Fault = null);

internal sealed record GatewaysView(IReadOnlyList<GatewayView> Items);

/// <param name="Live">Real money moves.</param>
/// <param name="QrCode">The payer may scan a code in place of going to the gateway's page.</param>
internal sealed record PaymentMethodView(string Gateway, bool Live, bool QrCode);

internal sealed record PaymentMethodsView(IReadOnlyList<PaymentMethodView> Items);

internal static class GatewayEndpoints
{
    private const string Tag = "Gateways";
    private const string About = "Ways to take money and to give it back.";

    public static void MapGateways(this WebApplication app)
    {
        app.MapGet("/payment-methods", Methods).AllowAnonymous().WithTag(Tag, About).WithSummary("By which gateways this community takes payments");
        app.MapGet("/gateways", List).RequireRoles("operator").WithTag(Tag, About).WithSummary("Which gateways are set up, with which real money moves, and what of theirs was refused");
        app.MapPost("/webhooks/{gateway}", Webhook).AllowAnonymous().Produces<string>(200, "text/plain").ProducesProblem(401).ProducesProblem(413)
            .WithTag("Webhooks", "What gateways tell, signed by them.").WithSummary("Takes a gateway's notification; a repeat changes nothing")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["*/*"] = new() } };

                return Task.CompletedTask;
            });

        if (app.Services.GetService<Sandbox>() is not null)
        {
            app.MapSandboxPage();
        }
    }

    private static PaymentMethodsView Methods(IEnumerable<IGateway> gateways) =>
        new([.. gateways.OrderBy(gateway => Array.IndexOf(GatewaysModule.All, gateway.Name)).Select(gateway => new PaymentMethodView(gateway.Name, gateway.IsLive, gateway.HasQrCode))]);

    private static async Task<GatewaysView> List(IEnumerable<IGateway> gateways, Refusals refusals, CancellationToken ct)
    {
        var refused = await refusals.All(ct);
        var there = gateways.ToDictionary(gateway => gateway.Name);

        return new GatewaysView([.. GatewaysModule.All.Select(name => new GatewayView(
            name, there.ContainsKey(name), there.GetValueOrDefault(name)?.IsLive == true, $"/webhooks/{name}", [.. refused[name]], there.GetValueOrDefault(name)?.Fault))]);
    }

    private static async Task<Results<NoContent, ContentHttpResult, ProblemHttpResult>> Webhook(
        string gateway, HttpRequest request, IEnumerable<IGateway> gateways, NotificationReceiver receiver, CancellationToken ct)
    {
        if (gateways.FirstOrDefault(g => g.Name == gateway) is not { } known)
        {
            return Problems.NotFound("gateway");
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);

        return await receiver.Receive(known, request.Headers, body.ToArray(), ct);
    }
}
