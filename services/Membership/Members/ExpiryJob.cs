using Community.EventStore;
using Community.Web;
using Marten;

namespace Community.Membership.Members;

/// <summary>What was given for a time ends by itself: each <see cref="IExpiry"/> decides on the member's stream.</summary>
internal sealed class ExpiryJob(IDocumentStore store, IEnumerable<IExpiry> expiries, TimeProvider clock, ILogger<ExpiryJob> log)
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
        {
            foreach (var expiry in expiries)
                await expiry.End(member, now, ct);
        }

        return due.Count;
    }
}
