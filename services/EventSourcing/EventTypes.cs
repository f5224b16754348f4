using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Marten;

namespace Community.EventSourcing;

/// <summary>The stored name of an event, with its version, apart from the class name: <c>order-paid.v1</c>.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventTypeAttribute(string name) : Attribute
{
    public string Name { get; } = name;
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

    internal static void MapEventTypes(this StoreOptions options, Assembly assembly)
    {
        var types = In(assembly);

        if (types.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InvalidOperationException($"Two event types are stored as {twice.Key}.");
        }

        foreach (var (type, name) in types)
        {
            options.Events.MapEventType(type, name);
        }
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
