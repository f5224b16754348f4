using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Community.AppHost.LocalServers;

namespace Community.AppHost;

/// <summary>Waits until all is healthy, and says so to its user and, in community.json, to programs.</summary>
internal static class Ready
{
    private static readonly string[] Services = ["portal", "membership", "payments", "content", "incentives", "analytics"];

    public static async Task Announce(ResourceNotificationService resources, Options options, DataDirectory data, long started)
    {
        // As they come: the first that fails ends the wait, and is the cause of the others' failures.
        await foreach (var healthy in Task.WhenEach(Services.Select(name => resources.WaitForResourceHealthyAsync(name))))
            await healthy;

        var addresses = Services.Select((name, offset) => (Name: name, Address: $"http://127.0.0.1:{options.BasePort + offset}"))
            .ToDictionary(service => service.Name, service => service.Address);
        var setupToken = await SetupIsOpen(addresses["membership"]) ? data.Secret("setup-token") : null;
        data.Write("community.json", new { services = addresses, setupToken });

        Console.WriteLine($"""

            All healthy after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s.
            {string.Join('\n', addresses.Select(service => $"  {service.Key,-12}{service.Value}"))}
              data        {data.FullPath}
            """);
        if (setupToken is not null)
            Console.WriteLine($"  setup token {setupToken} (makes the first account, by POST {addresses["membership"]}/setup; void once there is an owner)");
        Console.WriteLine("Ctrl-C stops it.");
    }

    private static async Task<bool> SetupIsOpen(string membership)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"{membership}/setup"));
        if (response.StatusCode != HttpStatusCode.OK)
            throw new StartRefused($"GET {membership}/setup answers {(int)response.StatusCode} instead of telling whether there is an owner.");
        return (await response.Content.ReadFromJsonAsync<Setup>())?.Open ?? true;
    }

    private sealed record Setup(bool Open);
}
