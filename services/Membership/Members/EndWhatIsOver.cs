using Community.EventStore;
using Marten;

namespace Community.Membership.Members;

/// <summary>Suspensions and tiers that have their end end by themselves: each is decided on the member's stream.</summary>
internal sealed class EndWhatIsOver(IDocumentStore store, TimeProvider clock, ILogger<EndWhatIsOver> log)
    : PeriodicJob("time", TimeSpan.FromSeconds(5), clock, log)
{
    private const int AtOnce = 100;

    protected override async Task Do(CancellationToken ct)
    {
        while (await End(ct) == AtOnce) { }
    }

    private async Task<int> End(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        await using var session = store.QuerySession();
        var due = await session.Query<MemberRow>().Where(row => row.DueAt <= now).OrderBy(row => row.DueAt).Take(AtOnce).Select(row => row.Id).ToListAsync(ct);
        foreach (var member in due)
            await store.Handle(Member.Decider, member, new LetTimePass(now), ct);

        return due.Count;
    }
}
