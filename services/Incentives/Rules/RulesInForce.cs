using Community.EventStore;
using Marten;

namespace Community.Incentives.Rules;

/// <summary>All rule sets as they are now. They are read on from where they were read last: they grow with every set that was ever adopted.</summary>
internal sealed class RulesInForce(IDocumentStore store)
{
    private volatile Loaded<RuleSetHistory> _last = new(RuleSetHistory.Decider.Initial, 0);

    public async Task<RuleSetHistory> Read(CancellationToken ct)
    {
        var last = _last;
        await using var session = store.QuerySession();
        var news = await session.Events.FetchStreamAsync(RuleSetHistory.Stream, fromVersion: last.Version + 1, token: ct);

        if (news.Count == 0)
        {
            return last.State;
        }

        _last = last = new(news.Select(e => e.Data).OfType<RuleEvent>().Aggregate(last.State, RuleSetHistory.Decider.Evolve), last.Version + news.Count);

        return last.State;
    }
}
