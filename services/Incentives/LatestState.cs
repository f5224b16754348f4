using Community.EventStore;
using Marten;

namespace Community.Incentives;

/// <summary>The state of one stream that is asked for again and again: it is read on from where it was read last.</summary>
internal abstract class LatestState<TState, TCommand, TEvent>(IDocumentStore store, Decider<TState, TCommand, TEvent> decider, Guid stream)
    where TEvent : class
{
    private volatile Loaded<TState> _last = new(decider.Initial, 0);

    public async Task<TState> Read(CancellationToken ct)
    {
        var last = _last;
        await using var session = store.QuerySession();
        var news = await session.Events.FetchStreamAsync(stream, fromVersion: last.Version + 1, token: ct);

        if (news.Count == 0)
        {
            return last.State;
        }

        _last = last = new(news.Select(e => e.Data).OfType<TEvent>().Aggregate(last.State, decider.Evolve), last.Version + news.Count);

        return last.State;
    }
}
