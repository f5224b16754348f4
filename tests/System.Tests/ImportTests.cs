using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Community.LocalServers;
using Community.Oracle;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>
/// The real dump, brought in by the real importer. On replicas the importer is killed half-way, run to its end while a replica
/// dies, and run once more.
/// </summary>
internal sealed class ImportedDump(CommunitySystem system)
{
    /// <summary>Until its last day: what the other tests do happens years later.</summary>
    public static readonly DateOnly Last = new(2017, 3, 31);

    private static readonly string? Found = Find();
    private readonly Lazy<Task<ImportRuns>> _runs = new(() => Run(system));

    public static bool IsHere => Found is not null;

    public static string Directory
    {
        get
        {
            const string Reason = "../shared/data/stackexchange-ai is not beside the repository.";

            if (Found is null)
                Console.WriteLine($"Skipped: {Reason}");

            Assert.SkipWhen(Found is null, Reason);

            return Found;
        }
    }

    internal Task<ImportRuns> Runs => Directory.Length > 0 ? _runs.Value : throw new UnreachableException();

    internal static async Task<IReadOnlyDictionary<string, string>> Figures(CommunitySystem system)
    {
        var figures = new Dictionary<string, string>();

        foreach (var figure in new[] { "activity?", "lifecycle?", "retention?mode=on&", "retention?mode=onOrAfter&" })
            figures[figure] = Lines((await system.Owner.Get($"analytics/{figure}period=month&to={Last:yyyy-MM-dd}").Gives(200)).AsObject());

        return figures;
    }

    /// <summary>The same, computed from the dump's files by other code.</summary>
    internal static IReadOnlyDictionary<string, string> ExpectedFigures()
    {
        var triples = Expected.Read(Directory);

        string Retention(RetentionMode mode) => string.Join('\n', Expected.Retention(triples, Period.Month, null, Last, mode)
            .Select(cohort => $"cohorts {cohort.Start:yyyy-MM-dd} active [{string.Join(' ', cohort.Active)}] size {cohort.Size}"));

        return new Dictionary<string, string>
        {
            ["activity?"] = string.Join('\n',
            [
                .. Expected.Activity(triples, Period.Month, null, Last).Select(p =>
                    $"periods {p.Start:yyyy-MM-dd} active {p.Active} counts {string.Join(' ', p.Counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"))}"),
                .. Expected.Stickiness(triples, null, Last).Select(m => FormattableString.Invariant(
                    $"stickiness {m.Start:yyyy-MM-dd} dau {m.Dau:0.000000} mau {m.Mau} stickiness {m.Stickiness:0.000000}"))
            ]),
            ["lifecycle?"] = string.Join('\n', Expected.Lifecycle(triples, Period.Month, null, Last)
                .Select(p => $"periods {p.Start:yyyy-MM-dd} dormant {p.Dormant} new {p.New} resurrecting {p.Resurrecting} returning {p.Returning}")),
            ["retention?mode=on&"] = Retention(RetentionMode.On),
            ["retention?mode=onOrAfter&"] = Retention(RetentionMode.OnOrAfter)
        };
    }

    private static async Task<ImportRuns> Run(CommunitySystem system)
    {
        var token = (await system.Owner.Membership.PostTokensAsync(new() { Name = "import", Scopes = ["import"] }).Gives()).Token;

        var disturbed = system.Replicas > 1;
        var killed = !disturbed ? null : await Importer(system, token, "questions:", importer =>
        {
            importer.Send(Signal.Kill);

            return Task.CompletedTask;
        });

        // The whole one goes on while a replica of the service that it fills dies and comes back.
        var whole = await Importer(system, token, "answers:", !disturbed ? null : async importer =>
        {
            Assert.False(importer.Exited.IsCompleted, "The import was over before the replica could die amid it.");
            await using var outage = await system.Kill("content", (await system.Leader("content"))!);
        });

        var expected = ExpectedFigures();
        var watch = Stopwatch.StartNew();
        var first = await Eventually.Value(
            () => Figures(system), now => expected.All(figure => now[figure.Key] == figure.Value), "analytics to have caught up with the import");
        Console.WriteLine($"Analytics had caught up {watch.Elapsed.TotalSeconds:0.0} s after the importer's end.");

        await system.AllIsHeard();
        var stored = await system.StoredEvents();
        if (!disturbed)
            return new ImportRuns(null, whole, null, first, first, stored, stored);

        var again = await Importer(system, token);
        await system.AllIsHeard();

        return new ImportRuns(killed, whole, again, first, await Figures(system), stored, await system.StoredEvents());
    }

    private static async Task<ImportRun> Importer(CommunitySystem system, string token, string at = "", Func<Child, Task>? then = null)
    {
        var (output, half) = (new System.Collections.Concurrent.ConcurrentQueue<string>(), new TaskCompletionSource());
        var watch = Stopwatch.StartNew();
        var importer = await Child.Start(new(
            "importer", CommunitySystem.Built("clients/Importer", "Community.Importer"),
            ["stackexchange", Directory, "--to", system.Anybody.Services["portal"]], Signal.Kill)
        {
            Environment = new Dictionary<string, string?> { ["COMMUNITY_TOKEN"] = token },
            Output = line =>
            {
                output.Enqueue(line);
                if (line.StartsWith(at, StringComparison.Ordinal))
                    half.TrySetResult();
            }
        });

        if (then is not null)
        {
            await Eventually.True(() => Task.FromResult(half.Task.IsCompleted || importer.Exited.IsCompleted), $"the importer to say {at}", () => output.Count);
            await then(importer);
        }

        await Eventually.Value(() => system.StoredEvents(), _ => importer.Exited.IsCompleted, "the importer's end");
        var exitCode = await importer.Exited;
        var run = new ImportRun(exitCode, string.Join('\n', output), watch.Elapsed);
        Console.WriteLine(run);

        return run;
    }

    // An answer as lines, its fields in alphabetical order; whether a period is over yet is not the oracle's to know. It counts in UTC, as must the answer.
    private static string Lines(JsonObject answer) => string.Join('\n',
        from list in answer
        where list.Key != "timeZone" || list.Value!.GetValue<string>() != "UTC"
        from item in list.Value!.AsArray()
        let fields = item!.AsObject().Where(field => field.Key is not ("start" or "complete")).OrderBy(field => field.Key, StringComparer.Ordinal)
        select $"{list.Key} {item!.Text("start")} {string.Join(' ', fields.Select(field => $"{field.Key} {Value(field.Value!)}"))}");

    private static string Value(JsonNode value) => value switch
    {
        JsonArray cells => $"[{string.Join(' ', cells.Select(cell => cell!.ToString()))}]",
        JsonObject counts => string.Join(' ', counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}")),
        _ when value.GetPropertyName() is "dau" or "stickiness" => value.GetValue<double>().ToString("0.000000", CultureInfo.InvariantCulture),
        _ => value.ToString()
    };

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var beside = Path.Combine(folder.FullName, "..", "shared", "data", "stackexchange-ai");
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")) && System.IO.Directory.Exists(beside))
                return Path.GetFullPath(beside);
        }

        return null;
    }
}

internal sealed record ImportRuns(
    ImportRun? Killed, ImportRun Whole, ImportRun? Again,
    IReadOnlyDictionary<string, string> Figures, IReadOnlyDictionary<string, string> FiguresAgain, string Stored, string StoredAgain);

internal sealed partial record ImportRun(int ExitCode, string Output, TimeSpan Took)
{
    /// <summary>The report's line of a kind: taken, already there, left out.</summary>
    public (int Taken, int Already, int LeftOut) Of(string kind)
    {
        var line = Line().Matches(Output).Single(match => match.Groups[1].Value == kind);

        return (Number(2), Number(3), Number(4));

        int Number(int group) => int.Parse(line.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    public bool HasReport => Line().IsMatch(Output);

    public override string ToString()
    {
        var rows = Line().Matches(Output).Sum(match => int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture) + int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture));

        return FormattableString.Invariant($"Importer ended with {ExitCode} after {Took.TotalSeconds:0.0} s, {rows / Took.TotalSeconds:0} rows/s in all:\n{Output}");
    }

    [GeneratedRegex(@"^([a-z ]+?)\s+(\d+)\s+(\d+)\s+(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}

[Collection(typeof(OnOneSystem))]
public sealed class ImportTests(CommunitySystem system)
{
    [Theory]
    [InlineData("members", 4_930)]
    [InlineData("questions", 604)]
    [InlineData("answers", 1_004)]
    [InlineData("comments", 1_700)]
    public async Task A_dump_comes_in_whole(string kind, int expected)
    {
        var whole = (await system.Dump.Runs).Whole;

        Assert.Equal((0, expected, 0), (whole.ExitCode, whole.Of(kind).Taken, whole.Of(kind).Already));
    }

    [Fact]
    public async Task What_came_in_is_there_once()
    {
        await system.Dump.Runs;
        await Imports.AreThereOnce(system);
    }

    [Theory]
    [InlineData("activity?")]
    [InlineData("lifecycle?")]
    [InlineData("retention?mode=on&")]
    [InlineData("retention?mode=onOrAfter&")]
    public async Task Figures_are_those_that_other_code_finds_in_the_dump(string figure) =>
        await Imports.HasFigure(system, figure);
}

/// <summary>The same with a first run that was killed, a replica that died amid the second, and a third run.</summary>
public sealed class DisturbedImportTests(ReplicatedSystem system) : ReplicatedTests(system.Started)
{
    [LongTheory]
    [InlineData("members", 4_930)]
    [InlineData("questions", 604)]
    [InlineData("answers", 1_004)]
    [InlineData("comments", 1_700)]
    public async Task A_dump_comes_in_whole_although_the_first_run_was_killed(string kind, int expected)
    {
        var runs = await system.Dump.Runs;
        Assert.False(runs.Killed!.HasReport, "it was to be killed half-way");

        var (taken, already, _) = runs.Whole.Of(kind);
        Assert.Equal((0, expected), (runs.Whole.ExitCode, taken + already));
        Assert.Equal((0, expected), (runs.Again!.Of(kind).Taken, runs.Again.Of(kind).Already));
    }

    [LongFact]
    public async Task What_came_in_is_there_once()
    {
        await system.Dump.Runs;
        await Imports.AreThereOnce(system);
    }

    [LongTheory]
    [InlineData("activity?")]
    [InlineData("lifecycle?")]
    [InlineData("retention?mode=on&")]
    [InlineData("retention?mode=onOrAfter&")]
    public async Task Figures_are_those_that_other_code_finds_in_the_dump(string figure) =>
        await Imports.HasFigure(system, figure);

    [LongFact]
    public async Task Running_it_again_changes_nothing()
    {
        var runs = await system.Dump.Runs;

        Assert.Equal(0, runs.Again!.ExitCode);
        foreach (var kind in new[] { "votes", "accepted answers", "badges" })
            Assert.Equal((0, runs.Whole.Of(kind).Taken + runs.Whole.Of(kind).Already), (runs.Again.Of(kind).Taken, runs.Again.Of(kind).Already));

        Assert.Equal(runs.Stored, runs.StoredAgain);
        Assert.Equal(runs.Figures, runs.FiguresAgain);
    }
}

internal static class Imports
{
    public static async Task AreThereOnce(CommunitySystem system)
    {
        var members = await system.Owner.All("membership/members");
        Assert.Equal(4_930, members.Count(member => (string?)member["displayName"] is { } name && name.StartsWith("user-", StringComparison.Ordinal)));
        var questions = (await system.Owner.All("content/topics?kind=question")).Where(topic => topic["at"]!.GetValue<DateTimeOffset>().Year < 2018).ToList();
        Assert.Equal((604, 1_004), (questions.Count, questions.Sum(topic => (int)topic["replyCount"]!)));
    }

    public static async Task HasFigure(CommunitySystem system, string figure)
    {
        var runs = await system.Dump.Runs;

        Assert.Equal(ImportedDump.ExpectedFigures()[figure], runs.Figures[figure]);
        Assert.Contains("2016-08-01", runs.Figures[figure], StringComparison.Ordinal);
    }
}
