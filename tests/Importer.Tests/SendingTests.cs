using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Community.Importer.Tests;

/// <summary>What goes over the wire, and what happens when the other side is slow, busy, gone, or says no.</summary>
public class SendingTests
{
    private static readonly string[] _order =
        ["imports/members", "imports/topics", "imports/replies", "imports/comments", "imports/accepted-replies", "imports/votes", "imports/badges"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_hold_at_most_500_items_and_kinds_come_one_after_the_other()
    {
        using var dump = Large(2600);
        await using var community = await RecordingCommunity.Start();

        var import = await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal((2602, 0, 1), import.Of("members"));
        Assert.Equal([500, 500, 500, 500, 500, 102], community.Requests.Where(request => request.Path == "imports/members").Select(request => request.Items).OrderDescending());
        var kinds = community.Requests.Select(request => Array.IndexOf(_order, request.Path)).ToArray();
        Assert.Equal(kinds.Order(), kinds);
        Assert.Contains("members: 2602, ", import.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heavy_texts_make_small_batches()
    {
        var body = new string('x', 300_000);
        using var dump = new MadeDump().With("Posts", [.. Enumerable.Range(10, 10).Select(id => $"""<row Id="{id}" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title="t" Body="{body}" />""")]);
        await using var community = await RecordingCommunity.Start();

        await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal(11, community.Count("imports/topics"));
        Assert.All(community.Requests, request => Assert.InRange(request.Bytes, 1, 1_100_000));
    }

    [Fact]
    public async Task What_is_too_large_is_sent_in_halves_and_then_told()
    {
        using var dump = Large(100);
        await using var community = await RecordingCommunity.Start();
        var poison = new SourceIds("test").Member(1050).ToString();
        community.Before = (_, path, _, items) => Task.FromResult(path == "imports/members" && items > 10 ? 413 : 200);
        community.Refuse = (_, item) => item.ToString().Contains(poison, StringComparison.Ordinal) ? ("name-taken", "Another one has it.") : null;

        var import = await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal(0, import.Exit);
        Assert.Equal((101, 0, 2), import.Of("members"));
        Assert.Contains("members: refused by membership: name-taken", import.Report, StringComparison.Ordinal);
        Assert.Contains($"Users.xml:56: Another one has it. ({poison})", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Busy_services_are_asked_again_not_before_the_time_they_tell()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();
        var asked = new ConcurrentQueue<(string Path, long At)>();
        community.Before = (number, path, context, _) =>
        {
            asked.Enqueue((path, Stopwatch.GetTimestamp()));
            if (path is not ("imports/members" or "imports/topics") || asked.Count(request => request.Path == path) > 1)
                return Task.FromResult(200);

            context.Response.Headers.RetryAfter = "2";
            return Task.FromResult(number > 2 ? 429 : 503);
        };

        var import = await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal(0, import.Exit);
        Assert.Equal((2, 0, 1), import.Of("members"));
        foreach (var path in _order.Take(2))
        {
            var times = asked.Where(request => request.Path == path).Select(request => request.At).ToArray();
            Assert.Equal(2, times.Length);
            Assert.InRange(Stopwatch.GetElapsedTime(times[0], times[1]), TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(20));
        }

        Assert.Contains("503 Service Unavailable. Trying again in 2.0 s.", import.Errors, StringComparison.Ordinal);
        Assert.Contains("429 Too Many Requests. Trying again in 2.0 s.", import.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again_and_nothing_comes_twice()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();
        var broken = false;
        community.Before = async (_, path, context, _) =>
        {
            if (path == "imports/topics" && !broken)
            {
                broken = true;
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("{", Ct);
                context.Abort();
                return 503;
            }

            return 200;
        };

        var import = await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal(0, import.Exit);
        Assert.Equal(2, community.Requests.Count(request => request.Path == "imports/topics"));
        Assert.Equal((1, 0, 0), import.Of("questions"));
    }

    [Fact]
    public async Task Who_stays_busy_is_given_up_with_a_clear_line_and_found_again_later()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();
        community.Before = (_, path, _, _) => Task.FromResult(path == "imports/comments" ? 503 : 200);

        var first = await Importing.Run(dump.Write(), community.Address, patience: TimeSpan.FromSeconds(8), ct: Ct);

        Assert.Equal(1, first.Exit);
        Assert.Contains("was not ready within 8 s: 503 Service Unavailable", first.Report, StringComparison.Ordinal);
        Assert.Contains("running the import again goes on where it stopped", first.Report, StringComparison.Ordinal);
        Assert.Equal((1, 0, 0), first.Of("answers"));
        Assert.Equal(0, community.Count("imports/votes"));

        community.Before = (_, _, _, _) => Task.FromResult(200);
        var second = await Importing.Run(dump.Directory, community.Address, ct: Ct);

        Assert.Equal(0, second.Exit);
        Assert.Equal((0, 1, 0), second.Of("answers"));
        Assert.Equal((1, 0, 0), second.Of("comments"));
        Assert.Equal((1, 0, 0), second.Of("votes"));
    }

    [Fact]
    public async Task Stopped_half_way_it_goes_on_and_a_third_run_changes_nothing()
    {
        using var dump = Large(3000);
        await using var community = await RecordingCommunity.Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        community.Before = async (number, _, _, _) =>
        {
            if (number == 5)
                await stop.CancelAsync();
            return number > 5 ? 503 : 200; // what else was on its way when it was stopped does not come in
        };

        var first = await Importing.Run(dump.Write(), community.Address, ct: stop.Token);
        Assert.Equal(130, first.Exit);
        Assert.Contains("Interrupted.", first.Report, StringComparison.Ordinal);
        var half = community.Count("imports/members");
        Assert.InRange(half, 0, 2500);

        community.Before = (_, _, _, _) => Task.FromResult(200);
        var second = await Importing.Run(dump.Directory, community.Address, ct: Ct);
        var (taken, already, _) = second.Of("members");
        Assert.Equal(0, second.Exit);
        Assert.Equal((3002, 3002), (taken + already, community.Count("imports/members")));
        Assert.InRange(already, half, 2500); // a batch may still have come in after the count

        var third = await Importing.Run(dump.Directory, community.Address, ct: Ct);
        Assert.Equal((0, 3002, 1), third.Of("members"));
        Assert.Equal((0, 1, 0), third.Of("accepted answers"));
    }

    [Theory]
    [InlineData(400, "answered 400 Bad Request. Not now.")]
    [InlineData(403, "answered 403 Forbidden. The token needs the scope 'import'. Not now.")]
    [InlineData(500, "answered 500 Internal Server Error. Not now.")]
    [InlineData(302, "answered 302 Found.")]
    public async Task A_no_ends_the_import_with_its_reason(int status, string line)
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();
        community.Before = (_, _, context, _) =>
        {
            context.Response.Headers.Location = "/elsewhere";
            return Task.FromResult(status);
        };

        var import = await Importing.Run(dump.Write(), community.Address, ct: Ct);

        Assert.Equal(1, import.Exit);
        Assert.Contains($"membership/imports/members {line}", import.Report, StringComparison.Ordinal);
        Assert.Contains("Nothing was taken.", import.Report, StringComparison.Ordinal);
        Assert.Single(community.Requests);
    }

    [Fact]
    public async Task A_wrong_token_is_told()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();

        var import = await Importing.Run(dump.Write(), community.Address, token: "another", ct: Ct);

        Assert.Equal(1, import.Exit);
        Assert.Contains("401 Unauthorized. The token is not accepted. Who is there?", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_where_no_community_is_is_told()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();

        var import = await Importing.Run(dump.Write(), new Uri(community.Address, "/nothing"), ct: Ct);

        Assert.Equal(1, import.Exit);
        Assert.Contains("/nothing/.well-known/community.json answered 404 Not Found.", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_itself_reports_on_standard_output_and_tells_by_its_exit_code()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();
        string[] to = ["--to", community.Address.ToString()];

        var (exit, output, errors) = await Program(["stackexchange", dump.Write(), .. to]);
        Assert.True(exit == 0, output + errors);
        Assert.StartsWith($"Import of {Path.GetFileName(dump.Directory)} from {dump.Directory} into Test community", output, StringComparison.Ordinal);
        Assert.NotNull(community.Find("imports/members", new SourceIds(Path.GetFileName(dump.Directory)).Member(1)));

        (exit, output, errors) = await Program(["stackexchange", Path.Combine(dump.Directory, "nowhere"), .. to]);
        Assert.Equal(1, exit);
        Assert.Contains("Users.xml is missing in ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output + errors, StringComparison.Ordinal);

        (exit, _, errors) = await Program(["stackexchange", dump.Directory, "--to", "elsewhere"]);
        Assert.Equal(1, exit);
        Assert.Contains("--to is an address such as", errors, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Errors)> Program(string[] arguments)
    {
        // Its own folder: beside the tests lie only those packages that are not in their shared framework.
        var folder = AppContext.BaseDirectory.Replace(Path.Combine("tests", "Importer.Tests"), Path.Combine("clients", "Importer"), StringComparison.Ordinal);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "Community.Importer.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["COMMUNITY_TOKEN"] = RecordingCommunity.Token;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct);

        return (process.ExitCode, await output, await errors);
    }

    private static MadeDump Large(int more) =>
        new MadeDump().With("Users", [.. Enumerable.Range(1000, more).Select(id => $"""<row Id="{id}" CreationDate="2016-01-02T10:00:00" DisplayName="m{id}" />""")]);
}
