using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.EventStore;

/// <summary>
/// What a service does again and again, on every replica, from its start. While the database is away it waits; what was not
/// done meanwhile, the next look finds. One that fails is tried again at its next turn: it does not take the service with it.
/// </summary>
/// <param name="name">Whom its events are stored as made by.</param>
public abstract class PeriodicJob(string name, TimeSpan every, TimeProvider clock, ILogger log) : BackgroundService
{
    protected TimeProvider Clock => clock;

    protected ILogger Log => log;

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(every, clock);

        try
        {
            do
            {
                try
                {
                    CommandMetadata.Set(new CommandMetadata(name, null, null));
                    await Do(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested && (e.IsDatabaseAway() || e is VersionConflictException))
                {
                    log.LogWarning("{PeriodicJob} goes on later: {Reason}", name, e.Message);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    log.LogError(e, "{PeriodicJob} failed, and is tried again", name);
                }
            }
            while (await beat.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start goes on.
        }
    }

    /// <summary>All that is due. Another replica may do the same at once, so that a thing done twice must be one that is done once.</summary>
    protected abstract Task Do(CancellationToken ct);
}
