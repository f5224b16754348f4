using System.Diagnostics;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Community.EventStore;

/// <summary>What came of a command: the state and version of its stream afterwards, and the refusal if there was one.</summary>
/// <param name="Appended">Whether events were stored by it. What <see cref="CommandOptions.WriteWithEvents"/> left behind says less: it may have run for a race that was lost.</param>
public sealed record Handled<TState>(TState State, long Version, bool Appended, Rejection? Rejection);

/// <summary>A stream's state and version (the number of its events; zero: no such stream).</summary>
public sealed record Loaded<TState>(TState State, long Version);

/// <summary>What else holds for one command.</summary>
public sealed record CommandOptions
{
    /// <summary>From <c>If-Match</c>: any other version of the stream is a <see cref="VersionConflictException"/>.</summary>
    public long? ExpectedVersion { get; init; }

    /// <summary>
    /// A stream that has so many events takes no more: without it one that goes to and fro would be read longer and longer.
    /// What must always be possible, as taking back, leaves it out.
    /// </summary>
    public int? AtMost { get; init; }

    /// <summary>The instant of a fact from elsewhere; live commands leave it out.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>
    /// Rows in the same transaction as the events, only where there are events. It runs once for each attempt, so it does
    /// nothing but write rows. Events of other streams go by <see cref="Together"/>.
    /// </summary>
    public Action<IDocumentSession>? WriteWithEvents { get; init; }

    /// <summary>
    /// Commands on other streams that hold or fall with this one: decided on what those are at the append, and where one of
    /// them is refused, so is this one. They come only where there are events.
    /// </summary>
    public IReadOnlyList<Besides> Together { get; init; } = [];

    /// <summary>Rows in the same transaction in any case: also when the decision was nothing or a rejection. As above, once for each attempt.</summary>
    public Action<IDocumentSession>? WriteInAnyCase { get; init; }

    /// <summary>A message asks for it, not a caller who waits: it shares transactions with other messages only.</summary>
    public bool ByMessage { get; init; }

    internal bool IsOfOneStream => Together.Count == 0;
}

/// <summary>A command on another stream; see <see cref="CommandOptions.Together"/>.</summary>
public sealed class Besides
{
    private Besides(Guid stream, Func<IReadOnlyList<IEvent>, Decision<object>> decide) => (Stream, Decide) = (stream, decide);

    internal Guid Stream { get; }

    internal Func<IReadOnlyList<IEvent>, Decision<object>> Decide { get; }

    /// <summary>Events that need no decision of the other stream: they are appended to whatever it is.</summary>
    public static Besides Append(Guid stream, params object[] events) => new(stream, _ => new Decision<object>([.. events]));

    public static Besides Of<TState, TCommand, TEvent>(Decider<TState, TCommand, TEvent> decider, Guid stream, TCommand command)
        where TEvent : class => new(stream, past =>
        {
            var decision = past.AreOf<TEvent>() ? decider.Decide(decider.Fold(past), command) : Rejection.NotFound;

            return decision.Rejection is { } rejection ? rejection : new Decision<object>([.. decision.Events]);
        });
}

/// <summary>The stream is not at the version that the caller knows, or went on being changed by others.</summary>
public sealed class VersionConflictException(Guid stream, bool preconditionFailed, Exception? inner = null)
    : Exception($"Stream {stream} was changed by somebody else.", inner)
{
    /// <summary>True where the caller's own expectation (<c>If-Match</c>) failed.</summary>
    public bool PreconditionFailed { get; } = preconditionFailed;
}

public static class CommandHandling
{
    // Contention on one stream is short (an append takes about a millisecond); who loses this often is starved, not unlucky.
    private const int Attempts = 30;

    public static Task<Handled<TState>> Handle<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        Guid stream,
        TCommand command,
        CancellationToken ct)
        where TEvent : class => store.Handle(decider, stream, command, new CommandOptions(), ct);

    /// <summary>Loads, decides and appends; a lost race reads and decides again.</summary>
    /// <exception cref="VersionConflictException">The expected version is not the stream's, or the race was lost too often.</exception>
    public static async Task<Handled<TState>> Handle<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        Guid stream,
        TCommand command,
        CommandOptions handling,
        CancellationToken ct)
        where TEvent : class
    {
        // In one process commands on the same stream take turns; what is left for the version check is other replicas.
        using var turn = await KeyedLock.Streams.Take(stream, ct);
        var work = new PendingCommand<TState, TCommand, TEvent>(decider, stream, command, handling);

        // Events for other streams need those read first: such a command shares nothing.
        var (done, place) = handling.IsOfOneStream
            ? await GroupCommit.Of(store, messages: handling.ByMessage).Join(store, work)
            : (false, null);

        using (place)
        {
            return done ? work.Answer : await store.Alone(work, ct);
        }
    }

    private static async Task<Handled<TState>> Alone<TState, TCommand, TEvent>(
        this IDocumentStore store, PendingCommand<TState, TCommand, TEvent> work, CancellationToken ct)
        where TEvent : class
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var session = store.LightweightSession();
            work.Decide(session, await session.Events.FetchStreamAsync(work.Stream, token: ct));

            if (await session.AppendTogether(work, ct) is { } refusal)
            {
                return work.Refused(refusal);
            }

            try
            {
                await session.SaveChangesAsync(ct);

                return work.Answer;
            }
            catch (Exception e) when (e.IsLostAppendRace())
            {
                if (attempt == Attempts)
                {
                    throw new VersionConflictException(work.Stream, preconditionFailed: false, e);
                }
            }
        }
    }

    /// <summary>
    /// Many commands in one transaction, each on the state that the ones before it left; for imports. Where the batch
    /// fails, its commands run singly, so that each keeps its own verdict. Refusals come back in the order of the commands.
    /// </summary>
    public static async Task<IReadOnlyList<Handled<TState>>> HandleBatch<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        IReadOnlyList<(Guid Stream, TCommand Command, CommandOptions CommandOptions)> batch,
        CancellationToken ct)
        where TEvent : class => [.. (await store.HandleEach(decider, batch, knownBy: null, ct)).OfType<Handled<TState>>()];

    /// <param name="knownBy">A unique index: a command whose row is there already does nothing, and its answer is null. Without it none is null.</param>
    internal static async Task<IReadOnlyList<Handled<TState>?>> HandleEach<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        IReadOnlyList<(Guid Stream, TCommand Command, CommandOptions CommandOptions)> batch,
        string? knownBy,
        CancellationToken ct)
        where TEvent : class
    {
        if (batch.Count == 0)
        {
            return [];
        }

        try
        {
            return await store.HandleTogether(decider, batch, ct);
        }
        catch (Exception e) when ((batch.Count > 1 || knownBy is not null) && (e.IsLostAppendRace() || e.UniqueViolation() is not null))
        {
            var answers = new List<Handled<TState>?>(batch.Count);

            foreach (var (stream, command, handling) in batch)
            {
                try
                {
                    answers.Add(await store.Handle(decider, stream, command, handling, ct));
                }
                catch (Exception violation) when (knownBy is not null && violation.UniqueViolation() == knownBy)
                {
                    answers.Add(null);
                }
            }

            return answers;
        }
    }

    private static async Task<IReadOnlyList<Handled<TState>>> HandleTogether<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        IReadOnlyList<(Guid Stream, TCommand Command, CommandOptions CommandOptions)> batch,
        CancellationToken ct)
        where TEvent : class
    {
        if (batch.Any(item => !item.CommandOptions.IsOfOneStream))
        {
            throw new ArgumentException("The commands of a batch append to their own streams.", nameof(batch));
        }

        await using var session = store.LightweightSession();
        var envelope = Envelope.Now();
        var ids = batch.Select(item => item.Stream).Distinct().ToArray();
        var known = (await session.Events.QueryAllRawEvents()
                .Where(e => ids.Contains(e.StreamId)).OrderBy(e => e.Version).ToListAsync(ct))
            .ToLookup(e => e.StreamId);
        var states = ids.ToDictionary(id => id, id => (Past: known[id].ToList(), State: known[id].AreOf<TEvent>() ? decider.Fold(known[id]) : decider.Initial));
        var answers = new List<Handled<TState>>(batch.Count);
        var appended = new Dictionary<Guid, List<IEvent>>();

        foreach (var (stream, command, handling) in batch)
        {
            var (past, state) = states[stream];
            var decision = past.AreOf<TEvent>() ? decider.Decide(state, command) : Rejection.NotFound;
            decision = past.Count >= handling.AtMost && !decision.Events.IsEmpty ? Rejection.TooManyChanges : decision;
            var events = decision.Rejection is null ? decision.Events : [];

            foreach (var @event in events)
            {
                var stored = session.Stored(@event, past.LastOrDefault(), handling.At, envelope);
                past.Add(stored);
                (appended.TryGetValue(stream, out var list) ? list : appended[stream] = []).Add(stored);
                state = decider.Evolve(state, @event);
            }

            if (!events.IsEmpty)
            {
                handling.WriteWithEvents?.Invoke(session);
            }

            handling.WriteInAnyCase?.Invoke(session);
            states[stream] = (past, state);
            answers.Add(new Handled<TState>(state, past.Count, !events.IsEmpty, decision.Rejection));
        }

        foreach (var (stream, events) in appended)
        {
            session.AppendStored(stream, states[stream].Past.Count - events.Count, events);
        }

        await session.SaveChangesAsync(ct);

        return answers;
    }

    /// <summary>The state of a stream now, or at an instant (inclusive).</summary>
    public static Task<Loaded<TState>> Load<TState, TCommand, TEvent>(
        this IDocumentStore store,
        Decider<TState, TCommand, TEvent> decider,
        Guid stream,
        DateTimeOffset? asOf,
        CancellationToken ct)
        where TEvent : class => store.Load(decider.Initial, decider.Evolve, stream, asOf, ct);

    /// <summary>The same of a state that decides nothing: what is shown of a stream that several deciders share.</summary>
    public static async Task<Loaded<TState>> Load<TState, TEvent>(
        this IDocumentStore store,
        TState initial,
        Func<TState, TEvent, TState> evolve,
        Guid stream,
        DateTimeOffset? asOf,
        CancellationToken ct)
        where TEvent : class
    {
        await using var session = store.QuerySession();
        var past = await session.Events.FetchStreamAsync(stream, timestamp: asOf?.ToUniversalTime(), token: ct);

        // An id that a client gives may be that of a stream of another kind: of this kind there is none.
        if (past.FirstOrDefault(e => e.Data is not RemovedEvent) is { Data: not TEvent })
        {
            past = [];
        }

        return new Loaded<TState>(past.Fold(initial, evolve), past.Count);
    }

    /// <summary>The name of the constraint that a write broke, if that is what failed.</summary>
    public static string? UniqueViolation(this Exception exception) =>
        exception.Postgres() is { SqlState: PostgresErrorCodes.UniqueViolation } violation ? violation.ConstraintName : null;

    /// <summary>What the server said, where it said something.</summary>
    internal static PostgresException? Postgres(this Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException!)
        {
            if (e is PostgresException said)
            {
                return said;
            }
        }

        return null;
    }

    internal static bool IsLostAppendRace(this Exception exception) =>
        exception is EventStreamUnexpectedMaxEventIdException or Marten.Exceptions.ExistingStreamIdCollisionException
        || exception.UniqueViolation() is "pk_mt_events_stream_and_version" or "pkey_mt_streams_id";

    internal static bool AreOf<TEvent>(this IEnumerable<IEvent> events) => events.All(e => e.Data is TEvent or RemovedEvent);

    internal static TState Fold<TState, TCommand, TEvent>(
        this Decider<TState, TCommand, TEvent> decider, IEnumerable<IEvent> events)
        where TEvent : class => events.Fold(decider.Initial, decider.Evolve);

    private static TState Fold<TState, TEvent>(this IEnumerable<IEvent> events, TState initial, Func<TState, TEvent, TState> evolve)
        where TEvent : class =>
        events.Where(e => e.Data is not RemovedEvent).Aggregate(initial, (state, e) => evolve(state, (TEvent)e.Data));

    internal static void Append(
        this IDocumentSession session, Guid stream, IReadOnlyList<IEvent> past, IEnumerable<object> events, DateTimeOffset? at, Envelope envelope)
    {
        var last = past.Count > 0 ? past[^1] : null;
        var stored = new List<IEvent>();

        foreach (var @event in events)
        {
            stored.Add(last = session.Stored(@event, last, at, envelope));
        }

        if (stored.Count > 0)
        {
            session.AppendStored(stream, past.Count, stored);
        }
    }

    private static async Task<Rejection?> AppendTogether<TState, TCommand, TEvent>(
        this IDocumentSession session, PendingCommand<TState, TCommand, TEvent> work, CancellationToken ct)
        where TEvent : class
    {
        // Their past is read for its last instant, and so that another's append in between is a lost race as any other.
        foreach (var other in work.HasDecidedEvents ? work.CommandOptions.Together : [])
        {
            var past = await session.Events.FetchStreamAsync(other.Stream, token: ct);
            var decision = other.Decide(past);

            if (decision.Rejection is { } rejection)
            {
                return rejection;
            }

            session.Append(other.Stream, past, decision.Events, work.CommandOptions.At, work.Envelope);
        }

        return null;
    }

    private static void AppendStored(this IDocumentSession session, Guid stream, long version, List<IEvent> events)
    {
        if (version == 0)
        {
            session.Events.StartStream(stream, events);
        }
        else
        {
            session.Events.Append(stream, version + events.Count, events);
        }

        session.ListStaffActions(stream, events);
    }

    // Instants of a stream never go back, though clocks of replicas differ and imported facts have coarse dates:
    // only so is a cut by instant always a prefix of the stream.
    private static IEvent Stored(this IDocumentSession session, object data, IEvent? last, DateTimeOffset? at, Envelope envelope)
    {
        if (data is IFormerEvent)
        {
            throw new InvalidOperationException($"{data.GetType().Name} is a former event: it is read, and no longer written.");
        }

        var @event = session.Events.BuildEvent(data);
        var now = ((DocumentStore)session.DocumentStore).Options.Events.TimeProvider.GetUtcNow();
        var instant = Microseconds(at ?? now);
        @event.Timestamp = last is not null && last.Timestamp > instant ? last.Timestamp : instant;
        @event.UserName = envelope.Metadata.By ?? "system";
        @event.CausationId = envelope.Metadata.CausationId;
        @event.CorrelationId = envelope.Metadata.CorrelationId;

        if (at is not null)
        {
            @event.SetHeader("recorded-at", now.ToString("O"));
        }
        else if (envelope.Metadata.ByStaff)
        {
            @event.SetHeader(StaffActionTable.Header, true);
        }

        if (envelope.Trace is { } trace)
        {
            @event.SetHeader("traceparent", trace);
        }

        return @event;
    }

    private static DateTimeOffset Microseconds(DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}

/// <summary>Who and what led to events, and the trace in which that was: taken where the command came, for it may be stored elsewhere.</summary>
internal sealed record Envelope(CommandMetadata Metadata, string? Trace)
{
    public static Envelope Now() => new(CommandMetadata.Current, Activity.Current?.Id);
}

/// <inheritdoc cref="PendingCommand"/>
internal sealed class PendingCommand<TState, TCommand, TEvent>(
    Decider<TState, TCommand, TEvent> decider, Guid stream, TCommand command, CommandOptions handling) : PendingCommand(stream)
    where TEvent : class
{
    private Handled<TState>? _answer;
    private (TState State, long Version) _before = (decider.Initial, 0);

    public CommandOptions CommandOptions => handling;

    public Envelope Envelope { get; } = Envelope.Now();

    public bool HasDecidedEvents { get; private set; }

    public Handled<TState> Answer => _answer ?? throw new InvalidOperationException("Nothing was decided yet.");

    /// <summary>What was decided is not stored, because a command that belongs to it was refused.</summary>
    public Handled<TState> Refused(Rejection rejection) => new(_before.State, _before.Version, false, rejection);

    public override void Decide(IDocumentSession session, IReadOnlyList<IEvent> past)
    {
        HasDecidedEvents = false;

        if (!past.AreOf<TEvent>())
        {
            _answer = new Handled<TState>(decider.Initial, 0, false, Rejection.NotFound);

            return;
        }

        var state = decider.Fold(past);
        _before = (state, past.Count);
        var decision = decider.Decide(state, command);
        decision = past.Count >= handling.AtMost && !decision.Events.IsEmpty ? Rejection.TooManyChanges : decision;
        var events = decision.Rejection is null ? decision.Events : [];

        // Of what is not there for the caller, it has no version either.
        if (handling.ExpectedVersion is { } expected && expected != past.Count && decision.Rejection != Rejection.NotFound)
        {
            throw new VersionConflictException(Stream, preconditionFailed: true);
        }

        if (!events.IsEmpty)
        {
            session.Append(Stream, past, events, handling.At, Envelope);
            handling.WriteWithEvents?.Invoke(session);
            state = events.Aggregate(state, decider.Evolve);
            HasDecidedEvents = true;
        }

        handling.WriteInAnyCase?.Invoke(session);
        _answer = new Handled<TState>(state, past.Count + events.Length, !events.IsEmpty, decision.Rejection);
    }
}

/// <summary>KeyedLock by id: a few hundred gates, so that two ids seldom share one, and nothing grows with their number.</summary>
public sealed class KeyedLock
{
    /// <summary>Commands on a stream. Innermost: who holds such a turn takes no other.</summary>
    internal static readonly KeyedLock Streams = new();

    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 512).Select(_ => new SemaphoreSlim(1, 1))];

    public async Task<IDisposable> Take(Guid id, CancellationToken ct)
    {
        var gate = _gates[(uint)id.GetHashCode() % _gates.Length];
        await gate.WaitAsync(ct);

        return new Turn(gate);
    }

    private sealed class Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
