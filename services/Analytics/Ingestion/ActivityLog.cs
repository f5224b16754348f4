using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Analytics.Ingestion;

internal abstract record ActivityCommand;

internal sealed record RecordHeard(ImmutableList<HeardEvent> Heard) : ActivityCommand;

/// <summary>
/// What one message or one batch of a client told. Each has a stream of its own: appends never meet, none reads a long
/// stream first, and a repeat finds its stream. (Streams of members or months would contend in an import, and an append
/// that loses leaves a gap in the sequence, at which the daemon waits.)
/// </summary>
internal sealed record ActivityLog(bool IsRecorded)
{
    public static readonly Decider<ActivityLog, ActivityCommand, HeardEvent> Decider = new(new(false), Decide, (_, _) => new(true));

    public static Guid Message(Guid messageId) => StreamId.Of("message", messageId);

    public static Guid Payment(Guid messageId) => StreamId.Of("payment", messageId);

    public static Guid Content(Guid messageId) => StreamId.Of("content", messageId);

    /// <summary>One that a client has given an id of its own: told again in another batch, it is known.</summary>
    public static Guid Client(Guid memberId, Guid id) => StreamId.Of("client", $"{memberId}/{id}");

    public static Guid Batch(Guid batchId) => StreamId.Of("batch", batchId);

    private static Decision<HeardEvent> Decide(ActivityLog log, ActivityCommand command) => command switch
    {
        RecordHeard when log.IsRecorded => Decision.Nothing,
        RecordHeard c => [.. c.Heard],
        _ => throw new UnreachableException()
    };
}
