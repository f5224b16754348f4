using System.Collections.Concurrent;
using System.Globalization;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>What visitors read costs a bounded amount of memory, whatever it is that somebody has published.</summary>
public sealed class HostileReadingTests(SystemOfItsOwn system, ITestOutputHelper output) : IClassFixture<SystemOfItsOwn>, IAsyncLifetime
{
    private const int Texts = 1_000;

    /// <summary>As many as read at once.</summary>
    private const int Readers = 10;

    public async ValueTask InitializeAsync() => await system.Started();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [LongFact]
    public async Task Memory_of_portal_and_services_stays_bounded_while_a_thousand_hostile_texts_of_the_largest_size_are_read()
    {
        var (creator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var hostile = new List<string>();
        foreach (var text in HostileTexts.All.Values)
        {
            if (await AsMuchAsIsTaken(creator, text) is { } taken)
                hostile.Add(taken);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Of {HostileTexts.All.Count} kinds of texts the service takes {hostile.Count}, whole or in part."));
        Assert.InRange(hostile.Count, HostileTexts.All.Count / 2, HostileTexts.All.Count);
        var published = new ConcurrentBag<Guid>();
        await AllAtOnce(Enumerable.Range(0, Texts), async n => published.Add(await Publish(creator, reviewer, n, hostile[n % hostile.Count])));
        var processes = CommunitySystem.Services.Append("portal").ToDictionary(name => name, system.ProcessOf);
        var before = processes.ToDictionary(process => process.Key, process => process.Value.Memory());
        using var end = new CancellationTokenSource();
        var watch = Peaks(processes, end.Token);
        var anybody = system.Anybody;

        // Twice: what is kept of the first time must not be kept again.
        for (var time = 0; time < 2; time++)
        {
            await AllAtOnce(published, async id =>
            {
                Assert.Equal((200, "text/html"), await Read($"portal/contents/{id}/hostile"));
                Assert.Equal((200, "application/json"), await Read($"content/contents/{id}"));
            });
            await AllAtOnce(Enumerable.Range(0, 50), async _ =>
            {
                Assert.Equal((200, "text/html"), await Read("portal/"));
                Assert.Equal((200, "application/json"), await Read("content/contents?limit=100"));
            });
        }

        await end.CancelAsync();
        var peaks = await watch;
        foreach (var (name, peak) in peaks)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {before[name] >> 20} MiB before, {peak >> 20} MiB at most, {processes[name].Memory() >> 20} MiB after"));

        Assert.All(peaks, peak => Assert.InRange(peak.Value, 0, Most(peak.Key)));
        // None of them was started anew.
        Assert.All(processes, process => Assert.Equal(process.Value.Id, system.ProcessOf(process.Key).Id));
        foreach (var service in CommunitySystem.Services)
            await anybody.Get($"{service}/health").Gives(200);

        async Task<(int, string?)> Read(string address)
        {
            var answer = await anybody.Get(address);

            return (answer.Status, answer.MediaType);
        }
    }

    // Of the gigabyte that the AppHost gives the heap of each process: a service stays within half of it, the portal, whose
    // renderer takes up to 700 MiB by a test of its own, within three quarters. Measured: 592 MiB and, of content, 363 MiB.
    private static long Most(string process) => (process == "portal" ? 768L : 512L) << 20;

    /// <summary>The longest beginning of a text that the service takes, as long as the largest; null where it takes nothing of it.</summary>
    private static async Task<string?> AsMuchAsIsTaken(Person creator, string text)
    {
        for (var length = text.Length; length > 20; length = length * 3 / 4)
        {
            var whole = Whole(0, text[..length]);
            if ((await Draft(creator, whole)).Status == 201)
                return text[..length];
        }

        return null;
    }

    private static async Task<Guid> Publish(Person creator, Person reviewer, int number, string text)
    {
        var id = (await Draft(creator, Whole(number, text)).Gives(201)).Id("contentId");
        await creator.Post($"content/contents/{id}/submission").Gives(200);
        await reviewer.Review(id);
        await creator.Post($"content/contents/{id}/publication").Gives(200);

        return id;
    }

    private static Task<Answer> Draft(Person creator, string body) =>
        creator.Post("content/contents", new { title = "Hostile", topic = "texts", format = "article", body });

    // A text of its own, filled up with harmless lines.
    private static string Whole(int number, string text)
    {
        var whole = $"{number}\n\n{text}";

        return whole.Length > HostileTexts.Largest
            ? whole[..HostileTexts.Largest]
            : $"{whole}\n\n{string.Concat(Enumerable.Repeat("harmless words\n\n", (HostileTexts.Largest - whole.Length) / 16))}".TrimEnd();
    }

    private static async Task AllAtOnce<T>(IEnumerable<T> all, Func<T, Task> act) =>
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = Readers }, async (one, _) => await act(one));

    private static async Task<IReadOnlyDictionary<string, long>> Peaks(IReadOnlyDictionary<string, RunningProcess> processes, CancellationToken end)
    {
        var peaks = processes.Keys.ToDictionary(name => name, _ => 0L);
        using var often = new PeriodicTimer(TimeSpan.FromMilliseconds(250));

        do
        {
            foreach (var (name, process) in processes)
                peaks[name] = Math.Max(peaks[name], process.Memory());
        }
        while (await Waits());

        return peaks;

        async Task<bool> Waits()
        {
            try
            {
                return await often.WaitForNextTickAsync(end);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }
}
