using System.Security.Claims;
using Community.EventSourcing;
using Community.Payments.Orders;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace Community.Payments.Gateways;

internal sealed record NewPayment(string Gateway);

internal sealed record StartedPaymentView(Guid PaymentId, PaymentStatus Status, PaymentAction Action);

internal static class GatewayEndpoints
{
    private static readonly string[] All = [Sandbox.Gateway, "alipay", "wechatpay", "stripe"];

    public static void AddGateways(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsProduction() || builder.Configuration.GetValue<bool>("Gateways:Sandbox:Enabled"))
        {
            builder.Services.AddSingleton<Sandbox>();
            builder.Services.AddSingleton<IGateway>(services => services.GetRequiredService<Sandbox>());
        }
    }

    public static void MapGateways(this WebApplication app)
    {
        app.MapPost("/orders/{id}/payments", Start).AnswersVersion().TakesVersion().WithTag("Orders", "What members order, pay and get back.")
            .WithSummary("Starts a payment and says what the payer does next");
        app.MapPost("/webhooks/{gateway}", Webhook).AllowAnonymous().ProducesProblem(401).ProducesProblem(413)
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

    /// <summary>The one way by which a gateway's word gets in: checked, understood, kept.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> Receive(
        IGateway gateway, IHeaderDictionary headers, ReadOnlyMemory<byte> body, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        Origin.Set(Origin.Current with { By = gateway.Name });
        var now = clock.GetUtcNow();

        switch (gateway.Read(headers, body))
        {
            case MoneyReceived n:
                var receipt = new Receipt(gateway.Name, n.Number);
                await store.Handle(Order.Decider, Order.Stream(n.OrderId), new ConfirmPayment(n.PaymentId, receipt, n.Amount, now), ct);

                return TypedResults.NoContent();

            case PaymentRefused n:
                await store.Handle(Order.Decider, Order.Stream(n.OrderId), new FailPayment(n.PaymentId, now), ct);

                return TypedResults.NoContent();

            case NotGenuine:
                return Problems.Problem(
                    StatusCodes.Status401Unauthorized, "signature-invalid", "The signature is wrong or too old.");

            default:
                return Problems.Problem(
                    StatusCodes.Status400BadRequest, "notification-not-understood", "This is no notification of this gateway.");
        }
    }

    private static async Task<Results<Created<StartedPaymentView>, ProblemHttpResult>> Start(
        Guid id, NewPayment wish, ClaimsPrincipal user, HttpContext http, IEnumerable<IGateway> gateways, IDocumentStore store,
        TimeProvider clock, CancellationToken ct)
    {
        if (!All.Contains(wish.Gateway))
        {
            throw new InvalidParameter("gateway", $"must be one of {string.Join(", ", All)}");
        }

        if (await store.FindOrder(id, user, null, ct) is null)
        {
            return Problems.NotFound("order");
        }

        if (gateways.FirstOrDefault(g => g.Name == wish.Gateway) is not { } gateway)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "gateway-not-configured", $"This community does not take payments by {wish.Gateway}.");
        }

        var paymentId = http.NewId(clock);
        var handled = await store.Handle(
            Order.Decider, Order.Stream(id), new StartPayment(paymentId, gateway.Name, clock.GetUtcNow()),
            new Handling { ExpectedVersion = http.ExpectedVersion() }, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        var order = (Placed)handled.State;
        var service = new Uri($"{http.Request.Scheme}://{http.Request.Host}{http.Request.PathBase}/");
        var action = await gateway.Start(new PaymentRequest(id, paymentId, order.Total), service, ct);
        http.SetVersion(handled.Version);

        return TypedResults.Created($"/orders/{id}", new StartedPaymentView(paymentId, order.Payments[paymentId].Status, action));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Webhook(
        string gateway, HttpRequest request, IEnumerable<IGateway> gateways, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (gateways.FirstOrDefault(g => g.Name == gateway) is not { } known)
        {
            return Problems.NotFound("gateway");
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);

        return await Receive(known, request.Headers, body.ToArray(), store, clock, ct);
    }
}
