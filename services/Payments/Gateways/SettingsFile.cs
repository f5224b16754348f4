using Community.EventStore;

namespace Community.Payments.Gateways;

/// <summary>
/// <c>Gateways:SettingsFile</c>: settings of gateways as JSON in a file of their own, which win over all others and are read
/// again when the file changes. Of anything but gateways the file says nothing.
/// </summary>
internal sealed class SettingsFile(string path) : ConfigurationProvider, IConfigurationSource
{
    private const string Section = "Gateways:";
    private string? _text;

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <exception cref="InvalidOperationException">It cannot be read, in one line.</exception>
    public override void Load()
    {
        var text = Read();
        Data = Understand(text);
        _text = text;
    }

    /// <summary>What cannot be read or understood, half written perhaps, changes nothing.</summary>
    /// <exception cref="InvalidOperationException">It has become so, in one line; said once.</exception>
    public void ReadAgain()
    {
        string text;

        try
        {
            text = Read();
        }
        catch (InvalidOperationException) when (_text is null)
        {
            return; // as it was the last time
        }
        catch (InvalidOperationException)
        {
            _text = null;

            throw;
        }

        if (text == _text)
        {
            return;
        }

        _text = text;
        Data = Understand(text);
        OnReload();
    }

    private string Read()
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidOperationException($"{Section}SettingsFile cannot be read: {e.GetType().Name}.");
        }
    }

    private static Dictionary<string, string?> Understand(string text)
    {
        try
        {
            using var json = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));

            return new ConfigurationBuilder().AddJsonStream(json).Build().AsEnumerable()
                .Where(setting => setting.Value is not null && setting.Key.StartsWith(Section, StringComparison.OrdinalIgnoreCase))
                .ToDictionary(setting => setting.Key, setting => setting.Value, StringComparer.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException)
        {
            throw new InvalidOperationException($"{Section}SettingsFile is no JSON object of settings."); // what stands there may be a key
        }
    }
}

/// <summary>Looks every two seconds: files that are mounted tell nobody that they have changed.</summary>
internal sealed class FollowSettingsFile(SettingsFile file, TimeProvider clock, ILogger<FollowSettingsFile> log)
    : PeriodicJob("follow-gateway-settings", TimeSpan.FromSeconds(2), clock, log)
{
    protected override Task Do(CancellationToken ct)
    {
        try
        {
            file.ReadAgain();
        }
        catch (InvalidOperationException e)
        {
            Log.LogError("The settings of gateways stay as they are: {Fault}", e.Message);
        }

        return Task.CompletedTask;
    }
}
