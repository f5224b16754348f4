using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Community.LocalServers;

/// <summary>All that one system keeps, and its secrets beside it. Held by one AppHost at a time.</summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly FileStream hold;
    private readonly Dictionary<string, string> secrets;

    private DataDirectory(string path, FileStream hold, Dictionary<string, string> secrets)
    {
        FullPath = path;
        this.hold = hold;
        this.secrets = secrets;
    }

    public string FullPath { get; }

    /// <exception cref="StartupException">It cannot be made or written, or another AppHost holds it.</exception>
    public static DataDirectory Claim(string path)
    {
        path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            var hold = Hold(path);
            return new(path, hold, ReadSecrets(Path.Combine(path, "secrets.json")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The data directory {path} cannot be used: {e.Message} Choose another with --data.");
        }
    }

    public string Logs => Directory.CreateDirectory(Path.Combine(FullPath, "logs")).FullName;

    /// <summary>A password or token: made at the first start, the same ever after.</summary>
    public string Secret(string name) => Get(name, () => RandomNumberGenerator.GetHexString(32, lowercase: true));

    /// <summary>A 256-bit key in base64.</summary>
    public string Key(string name) => Get(name, () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Writes so that no reader sees half of it, and nobody but its owner reads it.</summary>
    public void Write(string name, object content)
    {
        var file = Path.Combine(FullPath, name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var stream = new FileStream(file + ".new", options))
            JsonSerializer.Serialize(stream, content, Indented);
        File.Move(file + ".new", file, overwrite: true);
    }

    public void Dispose() => hold.Dispose();

    private string Get(string name, Func<string> make)
    {
        if (secrets.TryGetValue(name, out var secret))
            return secret;

        secrets[name] = make();
        Write("secrets.json", secrets);
        return secrets[name];
    }

    // The lock is the kernel's: it goes with its holder, however that ends.
    private static FileStream Hold(string path)
    {
        var file = Path.Combine(path, "lock");
        var holder = Path.Combine(path, "pid"); // beside the lock, because a locked file cannot be read
        try
        {
            var hold = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return hold;
        }
        catch (IOException) when (File.Exists(file) && File.Exists(holder))
        {
            throw new StartupException($"The data directory {path} is in use by another AppHost, pid {File.ReadAllText(holder)}. Stop that one, or choose another directory with --data.");
        }
    }

    private static Dictionary<string, string> ReadSecrets(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file)) ?? [] : [];
        }
        catch (JsonException)
        {
            throw new StartupException($"{file} cannot be read. It holds the keys of the data beside it: put it back from a backup.");
        }
    }
}
