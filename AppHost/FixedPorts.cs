using Community.LocalServers;

namespace Community.AppHost;

internal static class FixedPorts
{
    // A killed predecessor's processes may still be shutting down on our ports.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="StartupException">One of them is taken.</exception>
    public static async Task BecomeFree(IEnumerable<(string Name, int Port)> ports)
    {
        foreach (var (name, port) in ports)
            await Waiting.Until($"{name} needs port {port}", Patience,
                _ => Task.FromResult(Ports.IsTaken(port) ? $"It is held by {Ports.Holder(port)}. Stop that, or choose other ports with --base-port." : null), CancellationToken.None);
    }
}
