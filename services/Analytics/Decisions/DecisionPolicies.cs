using Community.Analytics.Activity;
using Community.Analytics.Revenue;
using Community.EventStore;
using Marten;
using Npgsql;

namespace Community.Analytics.Decisions;

/// <summary>Opens decisions where rules find something, and measures what came of them. Done twice it is done once.</summary>
internal sealed class DecisionMaker(IDocumentStore store, NpgsqlDataSource database, RevenueAccess revenue)
{
    private const int Batch = 50;

    public async Task Run(DateTimeOffset now, CancellationToken ct)
    {
        await using var snapshot = await ActivitySnapshot.Open(database, ct);

        if (await snapshot.Evidence(now, ct) is { } evidence)
        {
            var running = Period.Month.StartOf(evidence.Today);
            var plans = await revenue.Plans([.. Enumerable.Range(-3, 4).Select(running.AddMonths)], await snapshot.TimeZone(ct), ct);

            foreach (var finding in DecisionRules.Find(evidence with { Plans = plans }))
            {
                await Open(finding, now, ct);
            }
        }

        await Measure(snapshot, now, ct);
    }

    private async Task Open(Finding finding, DateTimeOffset now, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var last = await session.Query<DecisionInList>().Where(d => d.Family == finding.Family).OrderByDescending(d => d.OpenedAt).FirstOrDefaultAsync(ct);

        if (last is not null && !Supersedes(finding, last, now))
        {
            return;
        }

        if (last is { Open: true })
        {
            await store.Handle(Decision.Decider, last.Id, new LapseDecision(now), ct);
        }

        await store.Handle(Decision.Decider, finding.Stream, new OpenDecision(finding.Opened(now)), ct);
    }

    // What was said is not said again until it has been resolved and its outcome can be known. What was provisional gives way
    // at once, anything else after as long as a rule looks back.
    private static bool Supersedes(Finding finding, DecisionInList last, DateTimeOffset now)
    {
        var isOther = last.Opened.Rule != finding.Rule || last.Opened.RuleVersion != finding.Version;
        var isOld = now - (last.Resolved?.At ?? last.OpenedAt) >= TimeSpan.FromDays(Evidence.WindowDays);

        return last switch
        {
            { Open: true, Opened.Provisional: true } => isOther || !finding.Provisional,
            { Open: true } => isOther && isOld,
            _ => isOther || isOld
        };
    }

    private async Task Measure(ActivitySnapshot snapshot, DateTimeOffset now, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var zone = await snapshot.TimeZone(ct);

        foreach (var due in await session.Query<DecisionInList>().Where(d => d.MeasureAt <= now).OrderBy(d => d.MeasureAt).Take(Batch).ToListAsync(ct))
        {
            var metric = Outcomes.Metric(due.Family);
            var resolved = Calendar.DayIn(zone, due.Resolved!.At);
            var (before, after, active) = await snapshot.Outcome(metric, resolved, ct);

            if (due.Opened.SubjectId is { } planId)
            {
                var (stayedBefore, stayedAfter) = (
                    await revenue.Stayed(planId, resolved.AddDays(-Outcomes.WindowDays), resolved, zone, ct),
                    await revenue.Stayed(planId, resolved, resolved.AddDays(Outcomes.WindowDays), zone, ct));
                (before, after) = (new(stayedBefore.Stayed, stayedBefore.Paid), new(stayedAfter.Stayed, stayedAfter.Paid));
            }

            await store.Handle(Decision.Decider, due.Id, new MeasureDecision(Outcomes.Of(metric, before, after, active, now)), ct);
        }
    }
}

/// <summary>Again and again where there is something new, with a rest in between: a slow first look keeps no decision waiting for long.</summary>
internal sealed class MakeDecisions(DecisionMaker decisions, NpgsqlDataSource database, TimeProvider clock, ILogger<MakeDecisions> log)
    : PeriodicJob("make-decisions", TimeSpan.FromSeconds(5), clock, log)
{
    private (long Progress, DateOnly Day) _seen;
    private long _ended;
    private TimeSpan _took;

    protected override async Task Do(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        await using var progress = database.CreateCommand("select coalesce((select last_seq_id from mt_event_progression where name = 'member-days:All'), 0)");
        var seen = ((long)(await progress.ExecuteScalarAsync(ct))!, DateOnly.FromDateTime(now.UtcDateTime));

        if (seen == _seen || Clock.GetElapsedTime(_ended) < Pace.RestAfter(_took))
        {
            return;
        }

        var started = Clock.GetTimestamp();
        await decisions.Run(now, ct);
        (_seen, _ended, _took) = (seen, Clock.GetTimestamp(), Clock.GetElapsedTime(started));
    }
}
