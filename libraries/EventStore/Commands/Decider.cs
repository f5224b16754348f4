using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Community.EventStore;

/// <summary>A domain's answer to commands: pure, so that a lost append race is solved by deciding again.</summary>
/// <param name="Initial">The state of a stream without events.</param>
/// <param name="Decide">What a command does in a state: events, nothing, or a rejection.</param>
/// <param name="Evolve">The state after an event; it never refuses: an impossible event is a bug and throws.</param>
public sealed record Decider<TState, TCommand, TEvent>(
    TState Initial,
    Func<TState, TCommand, Decision<TEvent>> Decide,
    Func<TState, TEvent, TState> Evolve)
    where TEvent : class
{
    /// <summary>
    /// The same for somebody who may see only some states: in the others there is, to them, nothing. So whether they may
    /// is asked of the state that is decided on, and costs no second reading of the stream.
    /// </summary>
    public Decider<TState, TCommand, TEvent> Where(Func<TState, bool> visible) =>
        this with { Decide = (state, command) => visible(state) ? Decide(state, command) : Rejection.NotFound };
}

/// <summary>A refusal by a rule of the domain. Callers see <c>urn:community:&lt;Code&gt;</c>.</summary>
/// <param name="Code">Stable, kebab-case.</param>
/// <param name="Detail">One sentence for a person.</param>
public sealed record Rejection(string Code, string Detail)
{
    /// <summary>Whoever asks for an order by the id of a member finds no order; and adds nothing to the member either.</summary>
    public static readonly Rejection NotFound = new("not-found", "There is nothing of this kind under this id.");

    /// <summary>See <see cref="CommandOptions.AtMost"/>.</summary>
    public static readonly Rejection TooManyChanges = new("too-many-changes", "It was changed too often to be changed once more.");
}

/// <summary>Events to append, or a <see cref="Rejection"/>, or nothing to do.</summary>
[CollectionBuilder(typeof(Decision), nameof(Decision.Of))]
public readonly struct Decision<TEvent> where TEvent : class
{
    private readonly ImmutableArray<TEvent> _events;

    internal Decision(ImmutableArray<TEvent> events) => _events = events;

    private Decision(Rejection rejection) => Rejection = rejection;

    public ImmutableArray<TEvent> Events => _events.IsDefault ? [] : _events;

    public Rejection? Rejection { get; }

    public IEnumerator<TEvent> GetEnumerator() => Events.AsEnumerable().GetEnumerator();

    public static implicit operator Decision<TEvent>(TEvent @event) => new([@event]);

    public static implicit operator Decision<TEvent>(Rejection rejection) => new(rejection);

    public static implicit operator Decision<TEvent>(Decision.None _) => default;
}

public static class Decision
{
    /// <summary>The command asks for what already is: success, and no event.</summary>
    public static readonly None Nothing;

    public static Decision<TEvent> Of<TEvent>(ReadOnlySpan<TEvent> events) where TEvent : class => new([.. events]);

    public readonly struct None;
}
