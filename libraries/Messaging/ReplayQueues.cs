namespace Community.Messaging;

/// <summary>The names of the queues by which the past is asked for and comes.</summary>
internal static class ReplayQueues
{
    /// <summary>Behind the name of a consumer's queue: where its past comes.</summary>
    public const string Suffix = ".replay";

    /// <summary>The queue on which a service is asked for its past.</summary>
    public static string RequestsOf(string service) => $"{service}-replays";
}
