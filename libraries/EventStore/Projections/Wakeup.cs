using System.Diagnostics;
using JasperFx.Events.Daemon.HighWater;
using Marten;
using Marten.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.EventStore;

/// <summary>
/// Wakes the daemon right after a commit with events; where another replica runs it, by a notification of its own. Marten's
/// notification is part of each append and makes their commits take turns, in the whole server (docs/adr/0014). What gets
/// lost here costs a poll.
/// </summary>
public sealed class Wakeup(NpgsqlDataSource database, ConnectionOptions connection, ILogger<Wakeup> log)
    : BackgroundService, IDaemonWakeup, IDocumentSessionListener
{
    private const string Channel = "events_appended";
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    // While appends come fast, the daemon takes them by pages, or its looks would take the machine from those who append:
    // it pauses the longer the faster they come. Below the lowest rate every commit is looked at by itself.
    private const double LowestRate = 150; // appends per second, whether or not they share commits
    private const double PausePerRate = 0.0002; // seconds
    private const double LongestPause = 0.04; // seconds
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _look = new(0, 1);
    private readonly SemaphoreSlim _tell = new(0, 1);
    private int _appends;
    private long _since;
    private double _rate;

    /// <summary>Whether this replica runs the daemon; else the one that does is notified.</summary>
    public bool Leads { get; set; }

    /// <summary>The daemon waits here. A commit since it last looked ends the wait at once.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken token)
    {
        if (Rate() is > LowestRate and var rate)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min((rate - LowestRate) * PausePerRate, LongestPause)), token);
        }

        await _look.WaitAsync(timeout, token);
    }

    // Only the daemon asks, and never twice at once.
    private double Rate()
    {
        var now = Stopwatch.GetTimestamp();

        if (Stopwatch.GetElapsedTime(_since, now) is var elapsed && elapsed >= Window)
        {
            (_rate, _since) = (Interlocked.Exchange(ref _appends, 0) / elapsed.TotalSeconds, now);
        }

        return _rate;
    }

    public Task AfterCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token)
    {
        if (commit.GetStreams().Count() is var appends and > 0)
        {
            Interlocked.Add(ref _appends, appends);
            Signal(Leads ? _look : _tell);
        }

        return Task.CompletedTask;
    }

    public Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token) => Task.CompletedTask;

    public void DocumentLoaded(object id, object document)
    {
    }

    public void DocumentAddedForStorage(object id, object document)
    {
    }

    public override void Dispose()
    {
        base.Dispose();
        _look.Dispose();
        _tell.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Always(Listen, stoppingToken), Always(Tell, stoppingToken));

    private async Task Listen(CancellationToken ct)
    {
        await using var session = new NpgsqlConnection(connection.Unpooled);
        await session.OpenAsync(ct);
        session.Notification += (_, _) => Signal(_look);
        await using var listen = new NpgsqlCommand($"listen {Channel}", session);
        await listen.ExecuteNonQueryAsync(ct);

        while (true)
        {
            await session.WaitAsync(ct);
        }
    }

    // Commits that come meanwhile share the next notification.
    private async Task Tell(CancellationToken ct)
    {
        while (true)
        {
            await _tell.WaitAsync(ct);
            await using var notify = database.CreateCommand($"notify {Channel}");
            await notify.ExecuteNonQueryAsync(ct);
        }
    }

    private async Task Always(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await work(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // The daemon polls meanwhile, and ProjectionHost says that the database is away.
                log.Log(e.IsDatabaseAway() ? LogLevel.Debug : LogLevel.Error, e, "The daemon is not woken, and polls");
                await Task.Delay(Again, ct);
            }
        }
    }

    private static void Signal(SemaphoreSlim semaphore)
    {
        try
        {
            if (semaphore.CurrentCount == 0)
            {
                semaphore.Release();
            }
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else signalled at the same moment, or the service ends.
        }
    }
}
