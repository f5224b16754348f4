using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Marten;
using Marten.Services.Json.Transformations;

namespace Community.EventStore;

/// <summary>The stored name of an event, with its version, apart from the class name: <c>order-paid.v1</c>.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventTypeAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>
/// An event as it was stored once and is no longer: <c>[EventType("order-paid.v1")] record OrderPaidV1(…) : IFormerEvent&lt;OrderPaid&gt;</c>.
/// What stands in the log under its name is read as <typeparamref name="TEvent"/>, which may itself be a former one.
/// </summary>
public interface IFormerEvent<out TEvent> : IFormerEvent
    where TEvent : class
{
    new TEvent Upcast();

    object IFormerEvent.Upcast() => Upcast();
}

/// <inheritdoc cref="IFormerEvent{TEvent}"/>
public interface IFormerEvent
{
    object Upcast();
}

/// <summary>
/// The stored name of events that nobody writes or reads any more: streams that have them still load, and deciders and
/// projections pass over them. A name that is neither mapped nor declared here stops whoever meets it.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class RemovedEventAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>An event under a name that is declared as removed.</summary>
public sealed record RemovedEvent
{
    /// <summary>What was stored.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Data { get; init; }
}

/// <summary>The stored names that a release knows: those of its events, former ones among them, and those of removed ones.</summary>
internal sealed record StoredEvents(IReadOnlyList<(Type Type, string Name)> Types, IReadOnlyList<string> Removed)
{
    public static StoredEvents Of(Assembly assembly) => new(
        EventTypes.In(assembly), [.. assembly.GetCustomAttributes<RemovedEventAttribute>().Select(removed => removed.Name).Order()]);

    public IReadOnlyList<string> Names => [.. Types.Select(t => t.Name), .. Removed];
}

public static class EventTypes
{
    /// <summary>How events and documents are written. Changing it changes what is stored: see the snapshot tests.</summary>
    public static readonly JsonSerializerOptions Json = Configure(new JsonSerializerOptions(JsonSerializerOptions.Default));

    public static IReadOnlyList<(Type Type, string Name)> In(Assembly assembly) =>
        [.. from type in assembly.GetTypes()
            let stored = type.GetCustomAttribute<EventTypeAttribute>()
            where stored is not null
            orderby stored.Name
            select (type, stored.Name)];

    internal static void MapEventTypes(this StoreOptions options, StoredEvents events)
    {
        if (events.Names.GroupBy(name => name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InvalidOperationException($"Two event types are stored as {twice.Key}.");
        }

        foreach (var (type, name) in events.Types)
        {
            if (type.IsAssignableTo(typeof(IFormerEvent)))
            {
                Upcast(name, type, Successor(type));
            }
            else
            {
                options.Events.MapEventType(type, name);
            }
        }

        foreach (var name in events.Removed)
        {
            Upcast(name, typeof(RemovedEvent), typeof(RemovedEvent));
        }

        // Marten also stores the class, and reads an event whose name it does not know as the class of that name. So the
        // release before would take a new version of an event for the old one. The name in its place says nothing more.
        foreach (var type in ((IReadOnlyStoreOptions)options).Events.AllKnownEventTypes())
        {
            type.DotNetTypeName = type.EventTypeName;
        }

        void Upcast(string name, Type stored, Type current) => options.Events.Upcast(current, name, new JsonTransformation(
            (json, row, column) => Current(json.FromJson(stored, row, column)),
            async (json, row, column, ct) => Current(await json.FromJsonAsync(stored, row, column, ct))));
    }

    private static Type Successor(Type former)
    {
        while (former.IsAssignableTo(typeof(IFormerEvent)))
        {
            former = former.GetInterfaces().Single(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IFormerEvent<>)).GetGenericArguments()[0];
        }

        return former;
    }

    private static object Current(object @event)
    {
        while (@event is IFormerEvent former)
        {
            @event = former.Upcast();
        }

        return @event;
    }

    internal static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));

        return options;
    }
}
