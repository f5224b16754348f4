using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Community.LocalServers;

namespace Community.AppHost;

/// <summary>
/// A community to look at: the importer fills it once with a year that is made up, and the portal lets visitors in by a button for
/// each role. A start after one that was interrupted goes on with the same year.
/// </summary>
internal sealed class Demo
{
    public const string Resource = "demo";
    private const string File = "demo.json";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);
    private readonly DataDirectory data;
    private readonly State state;

    private Demo(DataDirectory data, State state) => (this.data, this.state) = (data, state);

    public bool IsReady => state.Seconds is not null;

    public static Demo In(DataDirectory data)
    {
        var file = Path.Combine(data.FullPath, File);
        if (System.IO.File.Exists(file) && JsonSerializer.Deserialize<State>(System.IO.File.ReadAllText(file)) is { } known)
            return new(data, known);
        // A community of somebody's own would be filled with what is made up.
        if (System.IO.File.Exists(Path.Combine(data.FullPath, "community.json")))
            throw new StartupException($"{data.FullPath} holds a community that is no demo. Choose another directory with --data.");

        var begun = new State(TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), null);
        data.Write(File, begun);
        return new(data, begun);
    }

    public void Configure(IResourceBuilder<ProjectResource> portal, IResourceBuilder<ProjectResource> payments)
    {
        portal.WithEnvironment("Demo__Password", data.Secret("demo-password"));
        payments.WithEnvironment("RevenueShare__Percent", "70");
    }

    public IResourceBuilder<ProjectResource> Fill(IResourceBuilder<ProjectResource> importer, string portal, IResourceBuilder<ParameterResource> setupToken) => importer
        .WithArgs("demo", "--to", portal, "--day", state.Day)
        .WithEnvironment("COMMUNITY_SETUP_TOKEN", setupToken)
        .WithEnvironment("COMMUNITY_DEMO_PASSWORD", data.Secret("demo-password"));

    /// <summary>Waits until the demo is filled, where it was not before, and says how long it took.</summary>
    /// <exception cref="StartupException">The importer has failed.</exception>
    public async Task Announce(ServiceWatch watch, string portal, long started, CancellationToken ct)
    {
        if (!IsReady)
        {
            Console.WriteLine($"Filling the demo: {Path.Combine(data.Logs, $"{Resource}.log")}");
            await Waiting.Until("the demo is filled", Limit, _ => Task.FromResult(watch.Of(Resource).FirstOrDefault() is { HasEnded: true } ? null : "The importer runs."), ct);
            var importer = watch.Of(Resource).First();
            var end = await importer.ToldEnd();
            if (importer.Latest.ExitCode != 0)
                throw new StartupException($"The demo's importer {end}. Its last lines, from {importer.LogFile}:\n{Child.LastLines(importer.LogFile)}");
            data.Write(File, state with { Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1) });
        }

        Console.WriteLine($"The demo is ready after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {portal}/sign-in has a button for each role.");
    }

    /// <param name="Seconds">From the start until it was ready; null: it is not.</param>
    private sealed record State(string Day, double? Seconds);
}
