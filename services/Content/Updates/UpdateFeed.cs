using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;

namespace Community.Content.Updates;

internal enum UpdateKind { Comment, Reply, AcceptedReply }

/// <summary>There is something new about a content or a topic. A hint for pages that are open: what it is, they ask for.</summary>
/// <param name="Id">Of the comment or reply; null where another reply, or none, is accepted now.</param>
internal sealed record Update(Guid Subject, UpdateKind Kind, Guid? Id);

/// <summary>
/// Tells updates to all replicas through PostgreSQL. They are told behind the commit and kept nowhere: whoever misses one sees
/// what is new at the next look at the page. The connection is there once somebody listens.
/// </summary>
internal sealed partial class UpdateFeed(NpgsqlDataSource database, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<UpdateFeed> log) : BackgroundService
{
    public const int MostListeners = 2_000;

    private const string Channel = "content_updates";
    private static readonly TimeSpan UntilNextTry = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Listener, bool> _listeners = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Never fails: what it is about is done already.</summary>
    public async Task Publish(Update update, CancellationToken ct)
    {
        try
        {
            await using var notify = database.CreateCommand("select pg_notify($1, $2)");
            notify.Parameters.Add(new() { Value = Channel });
            notify.Parameters.Add(new() { Value = JsonSerializer.Serialize(update, Json.Options) });
            await notify.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (e.IsDatabaseAway() || ct.IsCancellationRequested)
        {
            LogNotPublished(e);
        }
    }

    /// <summary>Until the first connection hears; later ones may miss what is told while the database is away.</summary>
    public Task Listening(CancellationToken ct) => _listening.Task.WaitAsync(ct);

    /// <summary>Null where enough listen already.</summary>
    public Listener? Listen(IReadOnlySet<Guid> subjects)
    {
        if (_listeners.Count >= MostListeners)
        {
            return null;
        }

        var listener = new Listener(subjects, left => _listeners.TryRemove(left, out _), lifetime.ApplicationStopping);
        _listeners[listener] = true;
        _wanted.TrySetResult();

        return listener;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _wanted.Task.WaitAsync(stoppingToken);

        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                connection.Notification += (_, told) => Hand(JsonSerializer.Deserialize<Update>(told.Payload, Json.Options)!);
                await using var listen = new NpgsqlCommand($"listen {Channel}", connection);
                await listen.ExecuteNonQueryAsync(stoppingToken);
                _listening.TrySetResult();

                while (true)
                {
                    await connection.WaitAsync(stoppingToken);
                }
            }
            catch (Exception e) when (e.IsDatabaseAway())
            {
                await Task.Delay(UntilNextTry, clock, stoppingToken);
            }
        }
    }

    private void Hand(Update update)
    {
        foreach (var (listener, _) in _listeners)
        {
            listener.Receive(update);
        }
    }

    [LoggerMessage(LogLevel.Warning, "An update was not told; pages that are open do not show it by themselves.")]
    private partial void LogNotPublished(Exception fault);
}

/// <summary>Hears of some subjects until it is disposed, or the service stops.</summary>
internal sealed class Listener(IReadOnlySet<Guid> subjects, Action<Listener> left, CancellationToken stopping) : IDisposable
{
    private const int Kept = 64; // for a reader that is slow; the oldest go first

    private readonly Channel<Update> _updates = System.Threading.Channels.Channel.CreateBounded<Update>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });

    public void Receive(Update update)
    {
        if (subjects.Contains(update.Subject))
        {
            _updates.Writer.TryWrite(update);
        }
    }

    /// <summary>The service stops; nothing comes any more.</summary>
    public bool IsOver => stopping.IsCancellationRequested;

    /// <summary>The next one; null where none came within a while, or the service stops.</summary>
    /// <exception cref="OperationCanceledException">The listener has gone.</exception>
    public async ValueTask<Update?> Next(TimeSpan patience, TimeProvider clock, CancellationToken ct)
    {
        using var waited = new CancellationTokenSource(patience, clock);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(waited.Token, stopping, ct);

        try
        {
            return await _updates.Reader.ReadAsync(any.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => left(this);
}
