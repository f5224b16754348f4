using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Community.LocalServers;

internal static class Ports
{
    // Below the range from which the kernel takes ports for outgoing connections.
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly string Reservations = Path.Combine(Path.GetTempPath(), "community-ports");
    private static readonly List<FileStream> Reserved = [];

    /// <summary>The first of some ports in a row that nobody uses, and that no other process reserves while this one lives.</summary>
    public static int Reserve(int count = 1)
    {
        Directory.CreateDirectory(Reservations);

        while (true)
        {
            var first = Random.Shared.Next(First, Last - count);
            var locks = Enumerable.Range(first, count).Select(port => FileLock.Exclusive(Path.Combine(Reservations, port.ToString(CultureInfo.InvariantCulture)))).ToList();

            if (locks.TrueForAll(held => held is not null) && !Enumerable.Range(first, count).Any(IsTaken))
            {
                lock (Reserved)
                    Reserved.AddRange(locks!);
                return first;
            }

            foreach (var held in locks)
                held?.Dispose();
        }
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
