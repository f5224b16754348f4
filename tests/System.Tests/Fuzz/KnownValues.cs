using System.Text.Json.Nodes;

namespace Community.SystemTests.Fuzz;

/// <summary>Ids, codes, cursors and names that services have answered, by the property that they stood in.</summary>
/// <param name="hidden">Never used: the account by which everybody else here is made.</param>
internal sealed class KnownValues(Guid hidden)
{
    private const int Most = 40;

    private static readonly HashSet<string> Kept = ["id", "code", "name", "slug", "next", "number", "reference", "refreshToken", "version", "tier", "productId"];

    private readonly Dictionary<string, List<string>> _byName = [];
    private readonly List<string> _ids = [];

    public int Count => _byName.Values.Sum(values => values.Count);

    public void Learn(JsonNode? answer, string path, Random random)
    {
        switch (answer)
        {
            case JsonObject properties:
                foreach (var (name, value) in properties)
                {
                    if (value is JsonValue text && (name.EndsWith("Id", StringComparison.Ordinal) || Kept.Contains(name)))
                        Keep(name == "id" ? Kind(path) : name, text.ToString(), random);
                    else
                        Learn(value, path, random);
                }

                break;
            case JsonArray items:
                foreach (var item in items.Take(20))
                    Learn(item, path, random);
                break;
        }
    }

    /// <summary>A value that stood under this name, or null.</summary>
    public string? Any(string name, Random random) =>
        _byName.TryGetValue(name, out var values) ? values[random.Next(values.Count)] : null;

    public string? AnyId(Random random) => _ids.Count == 0 ? null : _ids[random.Next(_ids.Count)];

    /// <summary>Of <c>/orders/{id}</c> it is <c>orderId</c>.</summary>
    public static string Kind(string path)
    {
        var segments = path.Split('/');
        var place = Array.FindIndex(segments, segment => segment is ['{', ..]);
        var owner = place > 0 ? segments[place - 1] : segments.Last(segment => segment.Length > 0);

        return $"{(owner.EndsWith("ies", StringComparison.Ordinal) ? $"{owner[..^3]}y" : owner.TrimEnd('s'))}Id";
    }

    private void Keep(string name, string value, Random random)
    {
        if (value.Length is 0 or > 400 || (Guid.TryParse(value, out var id) && id == hidden))
            return;

        Add(_byName.TryGetValue(name, out var known) ? known : _byName[name] = []);
        if (Guid.TryParse(value, out _))
            Add(_ids);

        void Add(List<string> values)
        {
            if (values.Contains(value))
                return;
            if (values.Count < Most)
                values.Add(value);
            else
                values[random.Next(Most)] = value;
        }
    }
}
