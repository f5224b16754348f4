using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Community.AppHost.LocalServers;

internal static class Ports
{
    /// <summary>Ports nobody uses now, below the range from which the kernel takes ports for outgoing connections.</summary>
    public static int[] Free(int count)
    {
        var free = new HashSet<int>();
        while (free.Count < count)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (!IsTaken(port))
                free.Add(port);
        }

        return [.. free];
    }

    public static bool IsTaken(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Who listens on a port, as far as we may know: "pid 123 (command line)".</summary>
    public static string Holder(int port)
    {
        var sockets = new[] { "/proc/net/tcp", "/proc/net/tcp6" }.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[3] == "0A" && fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal))
            .Select(fields => $"socket:[{fields[9]}]").ToHashSet();

        foreach (var process in Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                if (Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                    .Any(descriptor => sockets.Contains(new FileInfo(descriptor).LinkTarget ?? "")))
                    return $"pid {pid} ({CommandLine(pid)})";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that has just ended.
            }
        }

        return "a process of another user";
    }

    private static string CommandLine(int pid)
    {
        var line = File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();
        return line.Length > 100 ? line[..100] + "…" : line;
    }
}
