namespace Community.LocalServers;

/// <summary>The system cannot start, and the message is the one line that tells its user why and what to do.</summary>
internal sealed class StartupException(string message) : Exception(message);
