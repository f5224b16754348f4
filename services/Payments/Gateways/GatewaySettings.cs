namespace Community.Payments.Gateways;

/// <summary><c>Gateways:&lt;name&gt;:*</c>: what a gateway needs to be told, checked when the service starts.</summary>
internal sealed class GatewaySettings(IConfiguration configuration, string name)
{
    private readonly IConfigurationSection _section = configuration.GetSection($"Gateways:{name}");

    /// <summary>Something is set, and it is not switched off.</summary>
    public bool IsThere => _section.GetValue("Enabled", true) && _section.GetChildren().Any(child => child.Key != "Enabled" && child.Value is { Length: > 0 });

    public string NameOf(string setting) => $"Gateways:{name}:{setting}";

    /// <exception cref="InvalidOperationException">It is not set.</exception>
    public string Needed(string setting) => Optional(setting) ?? throw new InvalidOperationException($"{NameOf(setting)} is not set.");

    public string? Optional(string setting) => _section[setting] is { Length: > 0 } value ? value.Trim() : null;

    /// <summary>An address of the gateway's, where it is not the usual one.</summary>
    /// <exception cref="InvalidOperationException">It is none.</exception>
    public Uri Address(string setting, string usual) => Absolute(NameOf(setting), Optional(setting) ?? usual);

    /// <summary>Where the gateway tells us; it must not be taken from a request, whose Host header is the caller's to choose.</summary>
    /// <exception cref="InvalidOperationException"><c>Gateways:Address</c> is not set.</exception>
    public Uri Webhook(string gateway) => new(
        Absolute("Gateways:Address", configuration["Gateways:Address"] is { Length: > 0 } address
            ? $"{address.TrimEnd('/')}/"
            : throw new InvalidOperationException($"Gateways:Address is not set: where {name} reaches this service.")),
        $"webhooks/{gateway}");

    /// <summary>Where the payer goes afterwards; null: not said.</summary>
    /// <exception cref="InvalidOperationException">It is no address.</exception>
    public Uri? ReturnTo => configuration["Gateways:ReturnTo"] is { Length: > 0 } address ? Absolute("Gateways:ReturnTo", address) : null;

    private static Uri Absolute(string setting, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : throw new InvalidOperationException($"{setting} must be an absolute http(s) address.");
}
