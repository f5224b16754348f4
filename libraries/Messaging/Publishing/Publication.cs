using JasperFx.Events;

namespace Community.Messaging;

/// <summary>How one kind of own event is said aloud: as which contract, or not at all.</summary>
public sealed class Publication
{
    private readonly Func<IEvent, object?> _translate;

    private Publication(Type @event, Type contract, Func<IEvent, object?> translate)
    {
        Event = @event;
        Contract = contract;
        _translate = translate;
    }

    public Type Event { get; }

    public Type Contract { get; }

    /// <param name="translate">A pure function of the event; null where this one is not published.</param>
    public static Publication Of<TEvent, TContract>(Func<IEvent<TEvent>, TContract?> translate)
        where TEvent : class
        where TContract : class =>
        new(typeof(TEvent), typeof(TContract), e => translate((IEvent<TEvent>)e));

    internal object? Translate(IEvent @event) => _translate(@event);
}

/// <summary>All that a service says aloud, and its name on the bus.</summary>
internal sealed class Publisher(string service, IReadOnlyList<Publication> publications)
{
    private readonly ILookup<Type, Publication> _byEvent = publications.ToLookup(p => p.Event);

    public string Service { get; } = service;

    public IEnumerable<Type> Events => _byEvent.Select(group => group.Key);

    public IEnumerable<(Type Contract, object Message)> Translate(IEvent @event) =>
        from publication in _byEvent[@event.Data.GetType()]
        let message = publication.Translate(@event)
        where message is not null
        select (publication.Contract, message);

    /// <summary>The event id, or, where one event says more than one thing, an id made from both.</summary>
    public Guid MessageId(IEvent @event, Type contract) =>
        _byEvent[@event.Data.GetType()].First().Contract == contract
            ? @event.Id
            : EventStore.StreamId.Of(contract.FullName!, @event.Id);
}
