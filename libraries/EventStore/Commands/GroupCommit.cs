using System.Runtime.CompilerServices;
using JasperFx;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Community.EventStore;

/// <summary>A command on its way: what it decides on a past, and what came of it.</summary>
internal abstract class PendingCommand(Guid stream)
{
    private readonly TaskCompletionSource<CommitOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Guid Stream { get; } = stream;

    /// <summary>What becomes of it while it waits: others' transaction takes it along, or it is its turn.</summary>
    public Task<CommitOutcome> Outcome => _outcome.Task;

    /// <summary>Decides, and queues what follows on the session. Again on another past, where the one before was not committed.</summary>
    /// <exception cref="VersionConflictException">Nothing was queued.</exception>
    public abstract void Decide(IDocumentSession session, IReadOnlyList<IEvent> past);

    public void Tell(CommitOutcome outcome) => _outcome.TrySetResult(outcome);

    public void Fail(Exception exception) => _outcome.TrySetException(exception);
}

internal enum CommitOutcome
{
    /// <summary>It leads the next transaction.</summary>
    Leads,

    /// <summary>It was committed by another's.</summary>
    Done,

    /// <summary>The transaction that it was to share failed for certain: alone it gets its own verdict.</summary>
    Alone
}

/// <summary>
/// Commands on different streams that come while transactions are under way share the next one: one reading, one commit.
/// A lone command waits for nobody. Who shares one is independent of the others: where the transaction fails, each runs
/// alone. What leads is the first command itself, not a worker, so that it stays in its own trace.
/// </summary>
internal sealed class GroupCommit
{
    // While one waits for the disk the other one is prepared.
    private const int AtOnce = 2;
    private const int Largest = 64;

    // A message's row in the inbox may have to wait for another delivery of it: callers do not wait behind that.
    private static readonly ConditionalWeakTable<IDocumentStore, GroupCommit> OfCallers = [];
    private static readonly ConditionalWeakTable<IDocumentStore, GroupCommit> OfMessages = [];

    private readonly Lock _gate = new();
    private readonly Queue<PendingCommand> _waiting = [];
    private int _leading;

    public static GroupCommit Of(IDocumentStore store, bool messages) => (messages ? OfMessages : OfCallers).GetOrCreateValue(store);

    /// <summary>Whether the work is committed; if not, it is to be run alone, within the place that is given with the answer.</summary>
    /// <exception cref="Exception">The shared transaction may or may not have been committed.</exception>
    /// <remarks>Whoever has joined is part of it: there is no giving up until the transaction has ended, within its time limit.</remarks>
    public async Task<(bool Done, IDisposable? CommitSlot)> Join(IDocumentStore store, PendingCommand work)
    {
        if (!TryLead(work) && await work.Outcome is var outcome and not CommitOutcome.Leads)
        {
            return (outcome == CommitOutcome.Done, null);
        }

        var place = new CommitSlot(this);

        try
        {
            return TakeAlong() is { Count: > 0 } others && await Share(store, work, others) ? (true, place) : (false, place);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    private bool TryLead(PendingCommand work)
    {
        lock (_gate)
        {
            if (_leading < AtOnce)
            {
                _leading++;

                return true;
            }

            _waiting.Enqueue(work);

            return false;
        }
    }

    private List<PendingCommand> TakeAlong()
    {
        lock (_gate)
        {
            var others = new List<PendingCommand>();

            while (others.Count < Largest - 1 && _waiting.TryDequeue(out var other))
            {
                others.Add(other);
            }

            return others;
        }
    }

    private void PassOn()
    {
        PendingCommand? next;

        lock (_gate)
        {
            if (!_waiting.TryDequeue(out next))
            {
                _leading--;
            }
        }

        next?.Tell(CommitOutcome.Leads);
    }

    private static async Task<bool> Share(IDocumentStore store, PendingCommand work, List<PendingCommand> others)
    {
        // In one order, so that transactions that meet at other rows do not wait for each other crosswise.
        PendingCommand[] all = [.. others.Append(work).OrderBy(w => w.Stream)];
        var committing = false;

        try
        {
            await using var session = store.LightweightSession();
            var streams = all.Select(w => w.Stream).ToArray();
            var pasts = (await session.Events.QueryAllRawEvents().Where(e => streams.Contains(e.StreamId)).OrderBy(e => e.Version).ToListAsync())
                .ToLookup(e => e.StreamId);

            foreach (var one in all)
            {
                one.Decide(session, [.. pasts[one.Stream]]);
            }

            committing = true;
            await session.SaveChangesAsync();
            others.ForEach(other => other.Tell(CommitOutcome.Done));

            return true;
        }
        catch (Exception e) when (!committing || IsRolledBack(e))
        {
            others.ForEach(other => other.Tell(CommitOutcome.Alone));

            return false;
        }
        catch (Exception e)
        {
            // It may have been committed all the same: deciding again could do it twice. Each caller is told, as one alone would be.
            others.ForEach(other => other.Fail(e));
            throw;
        }
    }

    private static bool IsRolledBack(Exception exception) =>
        exception.IsLostAppendRace() || exception is ConcurrencyException
        || (!exception.IsDatabaseAway() && exception.Postgres() is not null);

    private sealed class CommitSlot(GroupCommit group) : IDisposable
    {
        public void Dispose() => group.PassOn();
    }
}
