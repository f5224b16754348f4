using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Community.EventStore;

namespace Community.Testing;

/// <summary>
/// What is stored or published cannot be changed by accident: names and JSON shapes are compared with a committed file.
/// <c>UPDATE_SNAPSHOTS=1</c> writes it anew.
/// </summary>
public static class Snapshots
{
    private static readonly JsonSerializerOptions Indented = new(EventTypes.Json) { WriteIndented = true };

    /// <summary>Every stored event of a service: its stored name and the JSON schema of its data.</summary>
    public static string Events(Assembly assembly) =>
        Describe(EventTypes.In(assembly).Select(e => (e.Name, e.Type)));

    /// <summary>Every contract: the wire name (namespace and type) and the JSON schema.</summary>
    public static string Contracts(Assembly assembly) =>
        Describe(assembly.GetExportedTypes().Where(type => type is { IsAbstract: false, IsEnum: false })
            .OrderBy(type => type.FullName, StringComparer.Ordinal).Select(type => ($"{type.Namespace}:{type.Name}", type)));

    /// <summary>Compares with the file <paramref name="name"/> beside the calling test.</summary>
    public static void Match(string actual, string name, [CallerFilePath] string test = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(test)!, $"{name}.snapshot.json");

        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual + "\n");

            return;
        }

        var expected = File.Exists(file) ? File.ReadAllText(file).TrimEnd() : "";

        if (expected != actual)
        {
            throw new SpecFailedException($"""
                {Path.GetFileName(file)} differs from what the code stores or publishes now.
                Old events stay readable for ever: add a new version and an upcast, or, where nothing is stored yet, write the file anew with UPDATE_SNAPSHOTS=1.
                Now:
                {actual}
                """);
        }
    }

    private static string Describe(IEnumerable<(string Name, Type Type)> types)
    {
        var all = new JsonObject();

        foreach (var (name, type) in types)
        {
            all[name] = EventTypes.Json.GetJsonSchemaAsNode(type);
        }

        return all.ToJsonString(Indented).ReplaceLineEndings("\n");
    }
}
