using Community.LocalServers;
using Microsoft.Playwright;

namespace Community.EndToEnd.Tests;

/// <summary>The distribution's Chromium, driven by Playwright; installed as the servers are where it is missing.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    /// <summary>Why there is no browser here; null: there is one.</summary>
    public static string? Missing => Program() is null && !ServerBinaries.MayInstall ? "Chromium is not installed and cannot be installed here: no browser, no end-to-end tests." : null;

    public static async Task<IBrowser> Launch(IPlaywright playwright) => await playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = await ServerBinaries.Find(Program, "chromium", CancellationToken.None),
        Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] // root has no sandbox, and a container little shared memory
    });

    private static string? Program() =>
        (from directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
         from name in Names
         select Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
