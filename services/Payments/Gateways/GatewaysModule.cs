using Community.EventStore;

namespace Community.Payments.Gateways;

internal static class GatewaysModule
{
    public static readonly string[] All = [Sandbox.Gateway, Alipay.Gateway, WeChatPay.Gateway, StripeCheckout.Gateway];

    /// <exception cref="InvalidOperationException">A gateway is set up wrongly: the message says which setting, in one line.</exception>
    public static void AddGateways(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(Refusals.AddTo);
        builder.Services.AddSingleton<Refusals>();
        builder.Services.AddSingleton<NotificationReceiver>();
        builder.Services.AddSingleton<StaffNotes>();
        builder.Services.AddSingleton<OfflineMoney>();

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

    private sealed class NoClockYet : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("Not yet.");
    }
}
