using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Community.Portal.Tests;

/// <summary>The portal as the AppHost starts it: what the build made, in the project's directory, over real HTTP.</summary>
internal sealed partial class BuiltPortal : IAsyncDisposable
{
    private readonly Process _process;

    private BuiltPortal(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public static string Directory { get; } = Path.Combine(Root(AppContext.BaseDirectory), "clients", "Portal");

    public static async Task<BuiltPortal> Start(string environment, string services, CancellationToken ct)
    {
        var output = AppContext.BaseDirectory[(AppContext.BaseDirectory.IndexOf("Portal.Tests", StringComparison.Ordinal) + "Portal.Tests/".Length)..];
        var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(Directory, output, "Community.Portal.dll")])
        {
            WorkingDirectory = Directory,
            RedirectStandardOutput = true,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = environment,
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["DOTNET_GCHeapHardLimit"] = "0x40000000",
                ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
                ["services__membership__http__0"] = services,
                ["services__content__http__0"] = services,
                ["services__payments__http__0"] = services
            }
        })!;

        try
        {
            while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
            {
                if (Listening().Match(line) is { Success: true } match)
                {
                    _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None); // so that it can go on writing

                    return new(process, new Uri(match.Groups[1].Value));
                }
            }
        }
        catch
        {
            process.Kill();
            throw;
        }

        throw new InvalidOperationException($"The portal ended with exit code {process.ExitCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Root(string directory) =>
        File.Exists(Path.Combine(directory, "Community.sln")) ? directory : Root(Path.GetDirectoryName(directory)!);

    [GeneratedRegex("Now listening on: (http://[^ ]+)")]
    private static partial Regex Listening();
}
