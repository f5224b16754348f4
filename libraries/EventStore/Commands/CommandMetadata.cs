using System.Diagnostics;

namespace Community.EventStore;

/// <summary>Who and what led to the events appended in this flow of execution; stored with each of them.</summary>
/// <param name="By">Member id, or the name of a policy or job.</param>
/// <param name="CausationId">Id of the request or message that was handled.</param>
/// <param name="CorrelationId">Id of the whole conversation: the trace that began it.</param>
public sealed record CommandMetadata(string? By, string? CausationId, string? CorrelationId)
{
    /// <summary>Who did it has a role among the staff: it is listed among what the staff did.</summary>
    public bool ByStaff { get; init; }

    private static readonly AsyncLocal<CommandMetadata?> Ambient = new();

    public static CommandMetadata Current =>
        Ambient.Value ?? new CommandMetadata(null, Activity.Current?.SpanId.ToString(), Activity.Current?.TraceId.ToString());

    /// <summary>Holds until the end of the calling asynchronous method.</summary>
    public static void Set(CommandMetadata metadata) => Ambient.Value = metadata;
}
