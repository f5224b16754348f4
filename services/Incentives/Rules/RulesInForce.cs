using Community.EventStore;
using Marten;

namespace Community.Incentives.Rules;

/// <summary>
/// The rule set of an instant. A rule set is in force from its adoption on, never before: so what the book said of an
/// instant long before it was read, it says for ever, and the past is consumed without reading it again and again. Where it
/// is read, it is read on from where it was read last: it grows with every rule set that was ever adopted.
/// </summary>
internal sealed class RulesInForce(IDocumentStore store, TimeProvider clock)
{
    /// <summary>More than clocks of replicas differ, and than an adoption takes to be stored.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    private volatile Reading _last = new(RuleSetHistory.Decider.Initial, 0, DateTimeOffset.MinValue);

    public async Task<RuleSet> At(DateTimeOffset instant, CancellationToken ct)
    {
        var last = _last;

        if (last.At > DateTimeOffset.MinValue && instant < last.At - Margin)
        {
            return last.Book.InForce(instant);
        }

        var now = clock.GetUtcNow();
        await using var session = store.QuerySession();
        var news = await session.Events.FetchStreamAsync(RuleSetHistory.Stream, fromVersion: last.Version + 1, token: ct);
        var book = news.Select(e => e.Data).OfType<RuleEvent>().Aggregate(last.Book, RuleSetHistory.Decider.Evolve);
        _last = new Reading(book, last.Version + news.Count, now);

        return book.InForce(instant);
    }

    private sealed record Reading(RuleSetHistory Book, long Version, DateTimeOffset At);
}
