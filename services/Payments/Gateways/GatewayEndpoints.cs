using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Chargebacks;
using Community.Payments.Orders;
using Community.Payments.Refunds;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace Community.Payments.Gateways;

/// <param name="Action">What the payer would rather have; a gateway that does not have it gives what it has.</param>
internal sealed record NewPayment(
    string Gateway, [property: AllowedValues(PaymentAction.Redirect, PaymentAction.QrCode, null)] string? Action = null);

internal sealed record StartedPaymentView(Guid PaymentId, PaymentStatus Status, PaymentAction Action);

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
    private static readonly string[] All = [Sandbox.Gateway, Alipay.Gateway, WeChatPay.Gateway, StripeCheckout.Gateway];

    /// <exception cref="InvalidOperationException">A gateway is set up wrongly: the message says which setting, in one line.</exception>
    public static void AddGateways(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IStorePart, GatewayStore>();
        builder.Services.AddSingleton<Refusals>();
        builder.Services.AddSingleton<Receiver>();
        builder.Services.AddSingleton<RefundSender>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RefundSender>());

        if (builder.Configuration["Gateways:SettingsFile"] is { Length: > 0 } path)
        {
            var file = new SettingsFile(path);
            ((IConfigurationBuilder)builder.Configuration).Add(file);
            builder.Services.AddSingleton(file);
            builder.Services.AddHostedService<FollowSettingsFile>();
        }

        if (builder.Configuration.GetValue("Gateways:Sandbox:Enabled", !builder.Environment.IsProduction()))
        {
            builder.Services.AddSingleton<Sandbox>();
            builder.Services.AddSingleton<IGateway>(services => services.GetRequiredService<Sandbox>());
        }

        builder.AddGateway(Alipay.Gateway, "Alipay", (settings, http, clock) => new Alipay(settings, http, clock));
        builder.AddGateway(WeChatPay.Gateway, "WeChatPay", (settings, http, clock) => new WeChatPay(settings, http, clock));
        builder.AddGateway(StripeCheckout.Gateway, "Stripe", (settings, http, clock) => new StripeCheckout(settings, http, clock));
    }

    public static void MapGateways(this WebApplication app)
    {
        var orders = app.MapGroup("/orders/{id}/payments").WithTag("Orders", "What members order, pay and get back.");
        orders.MapPost("", Start).AnswersVersion().TakesVersion().WithSummary("Starts a payment and says what the payer does next");
        orders.MapPost("/{paymentId}/inquiry", Inquire).WithSummary("Asks the gateway what became of a payment, where its notification is late");
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

    private static void AddGateway(this WebApplicationBuilder builder, string name, string section, Func<GatewaySettings, Func<HttpClient>, TimeProvider, IGateway> make)
    {
        var settings = new GatewaySettings(builder.Configuration, section);

        if (!settings.IsThere)
        {
            return;
        }

        // Made once for nothing, so that what is wrong with it is said before anything starts.
        make(settings, () => throw new InvalidOperationException("Not yet."), new NoClockYet());
        builder.Services.AddHttpClient(name);
        builder.Services.AddSingleton(services => make(
            new GatewaySettings(builder.Configuration, section, services.GetRequiredService<ILogger<GatewaySettings>>()), () => services.GetRequiredService<IHttpClientFactory>().CreateClient(name), services.GetRequiredService<TimeProvider>()));
    }

    private static PaymentMethodsView Methods(IEnumerable<IGateway> gateways) =>
        new([.. gateways.OrderBy(gateway => Array.IndexOf(All, gateway.Name)).Select(gateway => new PaymentMethodView(gateway.Name, gateway.IsLive, gateway.HasQrCode))]);

    private static async Task<GatewaysView> List(IEnumerable<IGateway> gateways, Refusals refusals, CancellationToken ct)
    {
        var refused = await refusals.All(ct);
        var there = gateways.ToDictionary(gateway => gateway.Name);

        return new GatewaysView([.. All.Select(name => new GatewayView(
            name, there.ContainsKey(name), there.GetValueOrDefault(name)?.IsLive == true, $"/webhooks/{name}", [.. refused[name]], there.GetValueOrDefault(name)?.Fault))]);
    }

    private static async Task<Results<Created<StartedPaymentView>, ProblemHttpResult>> Start(
        Guid id, NewPayment wish, ClaimsPrincipal user, HttpContext http, IEnumerable<IGateway> gateways, IDocumentStore store,
        IConfiguration configuration, TimeProvider clock, ILogger<Receiver> log, CancellationToken ct)
    {
        if (!All.Contains(wish.Gateway))
        {
            throw new InvalidParameter("gateway", $"must be one of {string.Join(", ", All)}");
        }

        if (await store.FindOrder(id, user, null, ct) is not var (found, _))
        {
            return Problems.NotFound("order");
        }

        if (gateways.FirstOrDefault(g => g.Name == wish.Gateway) is not { } gateway)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "gateway-not-configured", $"This community does not take payments by {wish.Gateway}.");
        }

        if (gateway.Refuses(found.Total) is { } refusal)
        {
            return refusal.ToProblem();
        }

        var paymentId = http.NewId(clock);
        var handled = await store.Handle(
            Order.Decider, Order.Stream(id), new StartPayment(paymentId, gateway.Name, clock.GetUtcNow()),
            new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        var order = (Placed)handled.State;
        var service = http.OwnAddress(configuration["Gateways:Address"]);

        try
        {
            var payment = new PaymentRequest(id, paymentId, order.Total, GivesMandate: await order.IsRenewed(store, ct));

            switch (await gateway.Start(payment, wish.Action, service, ct))
            {
                case StartAnswer.Begun begun:
                    http.SetVersion(handled.Version);

                    return TypedResults.Created($"/orders/{id}", new StartedPaymentView(paymentId, order.Payments[paymentId].Status, begun.Action));

                case StartAnswer.Refused refused:
                    await store.Handle(Order.Decider, Order.Stream(id), new FailPayment(paymentId, clock.GetUtcNow()), ct);

                    return Refused(gateway, $"does not take this payment: {refused.Reason}", log);

                case var other:
                    throw new System.Diagnostics.UnreachableException($"{other.GetType().Name} is no answer to a payment.");
            }
        }
        catch (GatewayAwayException e)
        {
            return Away(gateway, e, http, log);
        }
    }

    /// <summary>What it pays for goes on, and is paid again.</summary>
    private static async Task<bool> IsRenewed(this Placed order, IDocumentStore store, CancellationToken ct)
    {
        foreach (var line in order.Lines)
        {
            if (line.Kind is "renewal" or "change"
                || (line.Kind == "plan" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { Months: > 0 }))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<Results<Ok<PaymentView>, ProblemHttpResult>> Inquire(
        Guid id, Guid paymentId, ClaimsPrincipal user, HttpContext http, IEnumerable<IGateway> gateways, Receiver receiver, IDocumentStore store,
        ILogger<Receiver> log, CancellationToken ct)
    {
        if (await store.FindOrder(id, user, null, ct) is not var (order, _) || !order.Payments.TryGetValue(paymentId, out var payment))
        {
            return Problems.NotFound("payment");
        }

        if (gateways.FirstOrDefault(g => g.Name == payment.Gateway) is not { } gateway)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "gateway-not-configured", $"This community no longer takes payments by {payment.Gateway}.");
        }

        try
        {
            var told = await gateway.Ask(new PaymentRequest(id, paymentId, order.Total), ct);

            if (told is NotTold refused)
            {
                return Refused(gateway, $"does not tell of this payment: {refused.Reason}", log);
            }

            await receiver.Take(gateway, told, ct);
        }
        catch (GatewayAwayException e)
        {
            return Away(gateway, e, http, log);
        }

        var now = (Placed)(await store.Load(Order.Decider, Order.Stream(id), null, ct)).State;

        return TypedResults.Ok(new PaymentView(paymentId, gateway.Name, now.Payments[paymentId].Status));
    }

    private static async Task<Results<NoContent, ContentHttpResult, ProblemHttpResult>> Webhook(
        string gateway, HttpRequest request, IEnumerable<IGateway> gateways, Receiver receiver, CancellationToken ct)
    {
        if (gateways.FirstOrDefault(g => g.Name == gateway) is not { } known)
        {
            return Problems.NotFound("gateway");
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);

        return await receiver.Receive(known, request.Headers, body.ToArray(), ct);
    }

    /// <summary>Another try would be answered alike: what the gateway says is passed on, on one line.</summary>
    private static ProblemHttpResult Refused(IGateway gateway, string what, ILogger log)
    {
        var detail = string.Concat($"{gateway.Name} {what}".Where(c => !char.IsControl(c)).Take(500));
        log.LogWarning("A payment is refused: {Reason}", detail);

        return Problems.Problem(StatusCodes.Status409Conflict, "gateway-refused", detail);
    }

    private static ProblemHttpResult Away(IGateway gateway, GatewayAwayException e, HttpContext http, ILogger log)
    {
        log.LogWarning("A payment waits for its gateway: {Reason}", e.Message);
        http.Response.Headers.RetryAfter = "5";

        return Problems.Problem(StatusCodes.Status503ServiceUnavailable, "gateway-away", $"{gateway.Name} does not answer as it should; try again shortly.");
    }

    private sealed class NoClockYet : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("Not yet.");
    }

    private sealed class GatewayStore : IStorePart
    {
        // Inline: what is to be done is there with the fact that asks for it.
        public void Configure(StoreOptions options)
        {
            options.Projections.Add<RefundList>(ProjectionLifecycle.Inline);
            options.Projections.Add<ChargebackList>(ProjectionLifecycle.Inline);
            options.Projections.Add<TakenReceipts>(ProjectionLifecycle.Inline);
            options.Schema.For<RefundInList>().Index(refund => refund.Status);
            options.Schema.For<ChargebackInList>();
            options.Schema.For<TakenReceipt>();
            Refusals.AddTo(options);
        }
    }
}
