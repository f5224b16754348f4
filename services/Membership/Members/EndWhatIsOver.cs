using Community.EventSourcing;
using Marten;

namespace Community.Membership.Members;

/// <summary>
/// Suspensions and tiers that have their end end by themselves. Each end is decided on the member's stream, so that two
/// replicas that both come to it end it once; one that was missed while nobody ran is found by the next look.
/// </summary>
internal sealed class EndWhatIsOver(IDocumentStore store, TimeProvider clock, ILogger<EndWhatIsOver> log) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Beat, clock);
        do
        {
            try
            {
                while (await End(stoppingToken) == AtOnce)
                {
                    stoppingToken.ThrowIfCancellationRequested();
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e.IsDatabaseAway() || e is VersionConflictException)
            {
                log.LogWarning("What is over ends later: {Reason}", e.Message);
            }
        }
        while (await beat.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> End(CancellationToken ct)
    {
        Origin.Set(new Origin("time", null, null));
        var now = clock.GetUtcNow();
        await using var session = store.QuerySession();
        var due = await session.Query<MemberRow>().Where(row => row.DueAt <= now).OrderBy(row => row.DueAt).Take(AtOnce).Select(row => row.Id).ToListAsync(ct);
        foreach (var member in due)
            await store.Handle(Member.Decider, member, new LetTimePass(now), ct);

        return due.Count;
    }
}
