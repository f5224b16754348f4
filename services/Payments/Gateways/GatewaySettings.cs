using Microsoft.Extensions.Primitives;

namespace Community.Payments.Gateways;

/// <summary><c>Gateways:&lt;name&gt;:*</c>: what a gateway needs to be told, checked when the service starts and whenever it changes.</summary>
internal sealed class GatewaySettings(IConfiguration configuration, string name, ILogger? log = null)
{
    private readonly IConfigurationSection _section = configuration.GetSection($"Gateways:{name}");

    /// <summary>Something is set, and it is not switched off.</summary>
    public bool IsThere => _section.GetValue("Enabled", true) && _section.GetChildren().Any(child => child.Key != "Enabled" && child.Value is { Length: > 0 });

    public string NameOf(string setting) => $"Gateways:{name}:{setting}";

    /// <exception cref="InvalidOperationException">It is not set.</exception>
    public string Needed(string setting) => Optional(setting) ?? throw new InvalidOperationException($"{NameOf(setting)} is not set.");

    public string? Optional(string setting) => _section[setting] is { Length: > 0 } value ? value.Trim() : null;

    /// <summary>
    /// A key and those that hold beside it while it changes: <c>&lt;setting&gt;</c> first (its id is empty), then
    /// <c>&lt;setting&gt;s:&lt;id&gt;</c>.
    /// </summary>
    public IReadOnlyList<(string Id, string Setting, string Value)> Keys(string setting) =>
    [
        .. Optional(setting) is { } one ? [("", NameOf(setting), one)] : Array.Empty<(string, string, string)>(),
        .. _section.GetSection($"{setting}s").GetChildren().Where(child => child.Value is { Length: > 0 })
            .Select(child => (child.Key, NameOf($"{setting}s:{child.Key}"), child.Value!.Trim()))
    ];

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

    /// <summary>What is read from the settings now, and again whenever they change. What is wrong then is told and changes nothing.</summary>
    /// <exception cref="InvalidOperationException">It is wrong from the beginning; the message names the setting.</exception>
    public Followed<T> Follow<T>(Func<GatewaySettings, T> read) where T : class => new(configuration, () => read(this), fault => log?.LogError(
        "The settings of {Gateway} have changed, and are wrong; what was before goes on: {Fault}", name, fault));

    private static Uri Absolute(string setting, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : throw new InvalidOperationException($"{setting} must be an absolute http(s) address.");
}

/// <summary>A reading of the configuration that follows it while the service runs.</summary>
internal sealed class Followed<T> where T : class
{
    private volatile T _now;
    private volatile string? _fault;

    internal Followed(IConfiguration configuration, Func<T> read, Action<string> tell)
    {
        _now = read();
        ChangeToken.OnChange(configuration.GetReloadToken, () =>
        {
            try
            {
                _now = read();
                _fault = null;
            }
            catch (InvalidOperationException e)
            {
                _fault = e.Message;
                tell(e.Message);
            }
        });
    }

    /// <summary>The last reading that was right.</summary>
    public T Now => _now;

    /// <summary>What is wrong with the settings since they changed, in one line that names the setting; null: nothing.</summary>
    public string? Fault => _fault;
}
