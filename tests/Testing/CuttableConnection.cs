using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Community.Testing;

/// <summary>A TCP line to a server that can be cut, as a network does, without the server's knowing.</summary>
public sealed class CuttableConnection : IAsyncDisposable
{
    private readonly IPEndPoint _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _ends = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private volatile bool _isCut;

    public CuttableConnection(int serverPort)
    {
        _server = new(IPAddress.Loopback, serverPort);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Accept();
    }

    /// <summary>Where callers reach the server through this line.</summary>
    public int Port { get; }

    /// <summary>Resets all connections, and every new one until <see cref="Mend"/>.</summary>
    public void Cut()
    {
        _isCut = true;

        foreach (var end in _ends.Keys)
            Reset(end);
    }

    public void Mend() => _isCut = false;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        Cut();
        _end.Dispose();
    }

    private async Task Accept()
    {
        while (true)
            _ = Join(await _listener.AcceptSocketAsync(_end.Token));
    }

    private async Task Join(Socket caller)
    {
        using var server = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        caller.NoDelay = true;
        _ends[caller] = _ends[server] = true;

        try
        {
            if (!_isCut)
            {
                await server.ConnectAsync(_server, _end.Token);
                await Task.WhenAny(Carry(caller, server), Carry(server, caller));
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut.
        }
        finally
        {
            Reset(caller);
            Reset(server);
        }
    }

    private async Task Carry(Socket from, Socket to)
    {
        try
        {
            var buffer = new byte[16 * 1024];

            while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var count)
                await to.SendAsync(buffer.AsMemory(0, count), _end.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut.
        }
    }

    private void Reset(Socket end)
    {
        if (_ends.TryRemove(end, out _))
            end.Close(0);
    }
}
