using Community.Messaging;
using JasperFx.Events;

namespace Community.Testing;

/// <summary>What a service says of a stream, as its relay would.</summary>
public static class Told
{
    /// <param name="events">All of the stream, in order.</param>
    public static IEnumerable<object> By(IReadOnlyList<Publication> publications, Guid stream, IEnumerable<object> events)
    {
        var publisher = new Publisher("service", publications);

        return events.Select((data, i) => Stored(data, stream, i + 1)).SelectMany(publisher.Translate).Select(fact => fact.Message);
    }

    private static IEvent Stored(object data, Guid stream, long version)
    {
        var e = (IEvent)Activator.CreateInstance(typeof(Event<>).MakeGenericType(data.GetType()), data)!;
        (e.StreamId, e.Version) = (stream, version);

        return e;
    }
}
