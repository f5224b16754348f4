using System.Diagnostics;
using System.Globalization;
using Community.Incentives;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Incentives.Simulation;

namespace Community.Benchmarks;

/// <summary>The fold of a replay: two rule sets over recorded activities that come as a stream, as they do from the database.</summary>
internal static class RuleReplay
{
    private const int PerMember = 200;
    private static readonly string[] Done = [Activities.View, Activities.Comment, Activities.Reply, Activities.Reaction, Activities.Upvote, Activities.AcceptedReply];

    public static async Task Measure(Report report)
    {
        var row = report.Table("Replay of rules: the fold", "activities", "a second", "goal", "met", "MiB held");
        await Run(20_000);

        foreach (var activities in new[] { 100_000, 1_000_000 })
        {
            var (seconds, held) = await Run(activities);
            row([activities.ToString("#,0", CultureInfo.InvariantCulture), .. Report.Judged(activities / seconds, 100_000, atLeast: true), Report.Number(held)]);
        }
    }

    private static async Task<(double Seconds, double Held)> Run(int activities)
    {
        var history = RuleSetHistory.Decider.Initial;
        var candidate = history.With([.. history.Latest.Rules.Select(rule => rule with { Points = rule.Points * 2 })], DateTimeOffset.MinValue);
        var (started, members, held) = (Stopwatch.GetTimestamp(), 0, 0L);

        await foreach (var outcome in Replay.Run(Facts(activities), history, candidate))
        {
            Debug.Assert(outcome.After != 0);

            if (++members == activities / PerMember)
            {
                held = GC.GetTotalMemory(forceFullCollection: true);
            }
        }

        return (Stopwatch.GetElapsedTime(started).TotalSeconds, held / 1024.0 / 1024);
    }

    private static async IAsyncEnumerable<Fact> Facts(int activities)
    {
        await Task.Yield();
        var begin = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

        for (var n = 0; n < activities; n++)
        {
            var (member, at) = (new Guid(n / PerMember, 0, 0, new byte[8]), begin.AddHours(n % PerMember * 3));
            yield return new Fact(
                member, $"cause/{n}", Done[n % Done.Length], n % 2 == 0 ? Role.Actor : Role.Author, new Guid(n % 7, 1, 0, new byte[8]), at,
                DateOnly.FromDateTime(at.UtcDateTime), (int)at.TimeOfDay.TotalSeconds, n % 3 == 0 ? "topic" : "reply", null, n % 5 + 1);
        }
    }
}
