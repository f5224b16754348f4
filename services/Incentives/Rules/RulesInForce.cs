using Community.EventSourcing;
using Marten;

namespace Community.Incentives.Rules;

/// <summary>
/// The rule set of an instant. A rule set is in force from its adoption on, never before: so what the book said of an
/// instant long before it was read, it says for ever, and the past is consumed without reading it again and again.
/// </summary>
internal sealed class RulesInForce(IDocumentStore store, TimeProvider clock)
{
    /// <summary>More than clocks of replicas differ, and than an adoption takes to be stored.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    private volatile Reading? _last;

    public async Task<RuleSet> At(DateTimeOffset instant, CancellationToken ct)
    {
        if (_last is { } last && instant < last.At - Margin)
        {
            return last.Book.InForce(instant);
        }

        var now = clock.GetUtcNow();
        var book = (await store.Load(RuleBook.Decider, RuleBook.Stream, null, ct)).State;
        _last = new Reading(book, now);

        return book.InForce(instant);
    }

    private sealed record Reading(RuleBook Book, DateTimeOffset At);
}
