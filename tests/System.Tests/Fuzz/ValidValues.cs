using System.Globalization;
using System.Text.Json.Nodes;
using Community.SystemTests.OpenApi;

namespace Community.SystemTests.Fuzz;

/// <summary>Values as a document describes them, which a service may take: with ids of things that are there.</summary>
internal sealed class ValidValues(KnownValues known)
{
    private const int Deepest = 6;
    private static int _addresses;

    public JsonNode? Make(Description document, JsonNode? schema, string name, string path, Random random, int depth = 0)
    {
        schema = document.Resolve(schema);
        if (schema is null)
            return null;
        if (schema["oneOf"] is JsonArray branches)
        {
            var real = branches.Where(branch => (string?)branch!["type"] != "null").ToList();

            return random.Next(6) == 0 && real.Count < branches.Count ? null : Make(document, random.NextItem(real), name, path, random, depth);
        }

        if (schema["enum"] is JsonArray words)
            return random.NextItem(words.ToList())?.DeepClone();

        var types = schema["type"] is JsonArray several ? several.Select(type => (string)type!).ToList() : [(string?)schema["type"] ?? "object"];
        if (types.Remove("null") && random.Next(6) == 0)
            return null;

        return types.FirstOrDefault() switch
        {
            "object" => Properties(document, schema, path, random, depth),
            "array" => new JsonArray([.. Enumerable.Range(0, Count(schema, random, depth)).Select(_ => Make(document, schema["items"], Single(name), path, random, depth + 1))]),
            "integer" => Between(schema, random),
            "number" => Math.Round(random.NextDouble() * (double)((decimal?)schema["maximum"] ?? 1), 3),
            "boolean" => random.Next(2) == 0,
            _ => Text(schema, name, path, random)
        };
    }

    /// <summary>A value for a parameter in a path or query, or for a property that is a text.</summary>
    public string Text(JsonNode schema, string name, string path, Random random)
    {
        switch ((string?)schema["format"])
        {
            case "uuid":
                var kind = name is "id" or "ids" ? KnownValues.Kind(path) : name;

                return (random.Next(8) > 0 ? known.Any(kind, random) : null) ?? known.AnyId(random) ?? Unknown(random);
            case "date-time":
                return TimeProvider.System.GetUtcNow().AddMinutes(random.Next(-5000, 50_000)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            case "date":
                return TimeProvider.System.GetUtcNow().AddDays(random.Next(-60, 60)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        return name switch
        {
            "id" => known.Any(KnownValues.Kind(path), random) ?? known.AnyId(random) ?? Unknown(random),
            "email" => $"fuzz.{Interlocked.Increment(ref _addresses)}@example.org",
            "password" or "currentPassword" or "newPassword" => CommunitySystem.Password,
            "currency" => random.Next(4) > 0 ? "CNY" : "USD",
            "timeZone" => random.NextItem(["Asia/Shanghai", "UTC", "America/St_Johns"]),
            "language" or "languages" => random.NextItem(["zh", "en"]),
            "scopes" => random.NextItem(["read", "write", "import"]),
            "role" => random.NextItem(["member", "creator", "expert", "reviewer", "moderator", "operator"]),
            "provider" => CommunitySystem.Provider,
            "redirectUri" => CommunitySystem.SignedIn,
            "gateway" => random.NextItem(["sandbox", "stripe", "alipay", "wechatpay", "bank"]),
            "oneTimeCode" => "123456",
            "after" => known.Any("next", random) ?? "",
            "tier" => random.NextItem(["gold", "silver"]),
            "rule" => $"rule-{random.Next(20)}",
            "activity" or "kind" or "channel" => random.NextItem(["comment", "view", "share", "reaction", "order", "click", "search", "link", "wechat"]),
            _ when random.Next(3) > 0 && known.Any(name, random) is { } before => before,
            _ => Words(schema, random)
        };
    }

    public static string Unknown(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);

        return new Guid(bytes).ToString();
    }

    private JsonObject Properties(Description document, JsonNode schema, string path, Random random, int depth)
    {
        var made = new JsonObject();
        var required = schema["required"]?.AsArray().Select(name => (string)name!).ToHashSet() ?? [];

        foreach (var (name, of) in schema["properties"]?.AsObject() ?? [])
        {
            if (required.Contains(name) || (depth < Deepest && random.Next(2) == 0))
                made[name] = Make(document, of, name, path, random, depth + 1);
        }

        if (schema["properties"] is null && schema["additionalProperties"] is JsonObject values)
            made[random.NextItem(["a", "depth", "query"])] = Make(document, values, "a", path, random, depth + 1);

        return made;
    }

    private static int Count(JsonNode schema, Random random, int depth) =>
        Math.Clamp(random.Next(1, 4), (int?)schema["minItems"] ?? 0, (int?)schema["maxItems"] ?? 3) is var count && depth < Deepest ? count : (int?)schema["minItems"] ?? 0;

    private static string Single(string name) => name is "languages" or "scopes" or "ids" ? name : name.TrimEnd('s');

    private static JsonNode Between(JsonNode schema, Random random)
    {
        var (least, most) = ((long?)(decimal?)schema["minimum"] ?? 1, (long?)(decimal?)schema["maximum"] ?? 1000);

        return random.Next(5) switch
        {
            0 => least,
            1 => Math.Max(least, most),
            _ => random.NextInt64(least, Math.Max(least, Math.Min(most, least + 1000)) + 1)
        };
    }

    private static string Words(JsonNode schema, Random random)
    {
        var (least, most) = ((int?)schema["minLength"] ?? 1, (int?)schema["maxLength"] ?? 200);
        var text = $"word {random.Next(100_000)} 字";
        // Letters, digits and hyphens, as most patterns want; three capitals where one wants those.
        if ((string?)schema["pattern"] is { } pattern)
            return pattern.Contains("{3}", StringComparison.Ordinal) ? "CNY" : $"w{random.Next(10_000)}";
        if (random.Next(12) == 0 && most <= 20_000)
            return new string('长', most);

        return (text.Length > most ? text[..most] : text).PadRight(Math.Min(least, 10_000), 'x');
    }
}
