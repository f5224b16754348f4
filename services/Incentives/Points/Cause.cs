using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Points;

public abstract record CauseEvent
{
    private protected CauseEvent() { }
}

/// <summary>Something was done that can give or take points.</summary>
/// <param name="Cause">Its natural key: <c>comment/&lt;id&gt;</c>. Each counts once per rule, whatever is repeated.</param>
/// <param name="ActorId">Who did it; null: the source does not tell.</param>
/// <param name="AuthorId">Whose work it was done to; null: nobody's, or that of the subject's actor.</param>
/// <param name="Subject">The cause that it was done to: <c>reply/&lt;id&gt;</c>.</param>
/// <param name="Quality">1 to 5, of a content.</param>
[EventType("cause-recorded.v1")]
public sealed record CauseRecorded(
    string Cause, string Activity, Guid? ActorId, Guid? AuthorId, string? Subject, string? Kind, string? Area, int? Quality, DateTimeOffset At) : CauseEvent;

/// <summary>It was taken back; recorded at a later instant it counts again.</summary>
/// <param name="ForGood">It was deleted, and with it goes what it was valued by.</param>
[EventType("cause-withdrawn.v1")]
public sealed record CauseWithdrawn(string Cause, bool ForGood, DateTimeOffset At) : CauseEvent;

/// <summary>
/// What was told of one cause. It is told in any order and repeatedly: the latest instant says whether it counts, the first
/// one says when it was done. So giving and taking back in a loop pays once.
/// </summary>
internal sealed record Cause(ImmutableHashSet<CauseEvent> Recorded)
{
    public static readonly Decider<Cause, CauseEvent, CauseEvent> Decider = new(
        new(ImmutableHashSet<CauseEvent>.Empty),
        (cause, told) => cause.Recorded.Contains(told) ? Decision.Nothing : told,
        (cause, told) => new(cause.Recorded.Add(told)));

    public static Guid Stream(string cause) => StreamId.Of("cause", cause);
}
