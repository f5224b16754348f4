using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests.Gateways;

/// <summary>The service with all gateways set up, two replicas of it, and stand-ins where the gateways would be.</summary>
public sealed class GatewaysService : IAsyncLifetime
{
    private readonly Clock _clock = new();
    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private ServiceHost<Program>? _replica;

    internal AlipayStandIn Alipay { get; } = new();

    internal WeChatStandIn WeChat { get; private set; } = null!;

    internal StripeStandIn Stripe { get; } = new();

    public ServiceHost<Program> Host => _host!;

    public HttpClient Operator => Member("member", "operator");

    public DateTimeOffset Now => _clock.GetUtcNow();

    public static Dictionary<string, string?> Settings => AlipayStandIn.Settings.Concat(WeChatStandIn.Settings).Concat(StripeStandIn.Settings)
        .DistinctBy(setting => setting.Key).ToDictionary();

    public async ValueTask InitializeAsync()
    {
        WeChat = new WeChatStandIn(_clock);
        _issuer = await Issuer.Start();
        _host = await Start();
        _replica = await Start(_host);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in new[] { _replica, _host })
        {
            if (host is not null)
            {
                await host.DisposeAsync();
            }
        }

        if (_issuer is not null)
        {
            await _issuer.DisposeAsync();
        }

        Alipay.Dispose();
        WeChat.Dispose();
        Stripe.Dispose();
    }

    public Task<ServiceHost<Program>> Start(ServiceHost<Program>? beside = null, params (string Name, string? Value)[] changes)
    {
        var settings = Settings;

        foreach (var (name, value) in changes)
        {
            settings[name] = value;
        }

        return ServiceHost<Program>.Start("payments", _issuer, settings, beside?.Database, beside?.Messaging, services =>
        {
            services.AddSingleton<TimeProvider>(_clock);
            services.AddHttpClient("alipay").ConfigurePrimaryHttpMessageHandler(() => new Kept(Alipay));
            services.AddHttpClient("wechatpay").ConfigurePrimaryHttpMessageHandler(() => new Kept(WeChat));
            services.AddHttpClient("stripe").ConfigurePrimaryHttpMessageHandler(() => new Kept(Stripe));
        });
    }

    public HttpClient Member(params string[] roles) => Host.Client(Token(PaymentsService.New(), roles));

    /// <summary>For longer than any test lets the clock go on.</summary>
    public string Token(Guid member, params string[] roles) =>
        _issuer!.Token(member, roles is [] ? ["member"] : roles, scopes: [], TimeSpan.FromDays(4000));

    /// <summary>So much later it is from now on, for the service.</summary>
    public void Later(TimeSpan by) => _clock.Later(by);

    public async Task<JsonNode> Place(HttpClient member, long amount = 9900, string currency = "CNY")
    {
        var product = PaymentsService.New();
        var store = Host.Services.GetRequiredService<IDocumentStore>();
        await store.Handle(
            Product.Decider, Product.Stream(product), new OfferProduct("content", product, "A book", new Money(amount, currency), PaymentsService.Now),
            TestContext.Current.CancellationToken);

        return await PaymentsService.Place(member, (product, 1));
    }

    public static async Task<JsonNode> Pay(HttpClient member, JsonNode order, string gateway)
    {
        using var answer = await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway });

        return await answer.Body(HttpStatusCode.Created);
    }

    /// <summary>Tells what the gateway would, signed as it would.</summary>
    public Task<HttpResponseMessage> Tell(
        string gateway, string order, Guid payment, long amount, string currency = "CNY", string? receipt = null, bool genuine = true) => gateway switch
        {
            "alipay" => Post(gateway, AlipayStandIn.Form(AlipayStandIn.Notification(
                order, payment, Payments.Gateways.Alipay.Yuan(new Money(amount, currency)), trade: receipt, key: genuine ? AlipayStandIn.Platform : AlipayStandIn.App)), []),
            "wechatpay" => TellWeChat(
                WeChatStandIn.Notification(WeChatStandIn.Transaction(order, payment, amount, currency, number: receipt)), genuine),
            _ => TellStripe(
                StripeStandIn.Session("checkout.session.completed", order, payment, amount, currency, intent: receipt), genuine)
        };

    public Task<HttpResponseMessage> TellStripe(string body, bool genuine = true) =>
        Post("stripe", body, new() { ["Stripe-Signature"] = StripeStandIn.Signature(body, Now, genuine ? null : "whsec_guessed") });

    public Task<HttpResponseMessage> TellWeChat(string body, bool genuine = true) =>
        Post("wechatpay", body, WeChatStandIn.Headers(body, Now, genuine ? null : WeChatStandIn.Merchant));

    private async Task<HttpResponseMessage> Post(string gateway, string body, Dictionary<string, string> headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/{gateway}")
        {
            Content = new StringContent(body, Encoding.UTF8, gateway == "alipay" ? "application/x-www-form-urlencoded" : "application/json")
        };

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Host.Client().SendAsync(request);
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

        public void Later(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }

    // The factory of clients disposes of what it made, and of no more.
    private sealed class Kept(HttpMessageHandler handler) : HttpMessageHandler
    {
        private readonly HttpMessageInvoker _handler = new(handler, disposeHandler: false);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            _handler.SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _handler.Dispose();
            base.Dispose(disposing);
        }
    }
}
