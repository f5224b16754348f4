using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.SystemTests.OpenApi;

namespace Community.SystemTests.Fuzz;

/// <summary>Makes a request of an operation: as its document describes it, or with one thing wrong.</summary>
internal sealed class RequestMaker(KnownValues known)
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ValidValues _valid = new(known);

    public FuzzRequest Make(string service, Description document, Operation operation, string role, bool asDescribed, Random random)
    {
        var parameters = operation.Node["parameters"]?.AsArray().Select(parameter => parameter!).ToList() ?? [];
        var segments = operation.Path.Split('/').Select(segment => segment is ['{', ..] ? InPath(segment.Trim('{', '}')) : segment).ToArray();
        var query = parameters.Where(parameter => In(parameter, "query") && ((bool?)parameter["required"] == true || random.Next(3) == 0))
            .Select(parameter => $"{parameter["name"]}={Uri.EscapeDataString(Value(parameter))}").ToList();
        var headers = new List<(string, string)>();
        if (operation.Method == "POST" && random.Next(4) == 0)
            headers.Add(("Idempotency-Key", $"key {random.Next()}"));

        var mediaType = operation.Body?.AsObject().Select(content => content.Key).MaxBy(type => type == "application/json" ? 2 : type.EndsWith("json", StringComparison.Ordinal) ? 1 : 0);
        var isJson = mediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        var json = isJson ? _valid.Make(document, operation.Body![mediaType!]!["schema"], "", operation.Path, random) : null;
        var body = mediaType is null ? null : isJson ? Bytes(json) : OtherThanJson(mediaType);
        var what = "as described";

        if (!asDescribed)
            what = Spoil();

        var path = $"{string.Join('/', segments)}{(query.Count == 0 ? "" : $"?{string.Join('&', query)}")}";

        return new(service, operation, role, path, headers, body, mediaType, what);

        string InPath(string name) => Uri.EscapeDataString(parameters.FirstOrDefault(parameter => In(parameter, "path") && (string?)parameter["name"] == name) is { } parameter
            ? Value(parameter)
            : ValidValues.Unknown(random));

        string Value(JsonNode parameter)
        {
            var value = _valid.Make(document, parameter["schema"], (string)parameter["name"]!, operation.Path, random);

            return value is JsonArray several ? string.Join(',', several.Select(one => one?.ToString())) : value?.ToString() ?? "";
        }

        string Spoil()
        {
            var places = new List<Func<string>> { Header };
            var inPath = Enumerable.Range(0, segments.Length).Where(place => operation.Path.Split('/')[place] is ['{', ..]).ToArray();
            if (inPath.Length > 0)
                places.Add(Segment);
            if (operation.Method == "GET" || random.Next(4) == 0)
                places.AddRange([Query, Query]);
            if (operation.Body is not null)
                places.AddRange(isJson ? [Body, Property, Property, Property, Property, ContentType] : [Body, ContentType]);
            else if (operation.Method != "GET" && random.Next(3) == 0)
                places.Add(Body);

            return random.NextItem(places)();

            string Segment()
            {
                var place = random.NextItem(inPath);
                segments[place] = random.Next(12) == 0 ? new string('a', 3000) : random.NextItem(Hostile.Segments);

                return $"path {operation.Path.Split('/')[place]}";
            }
        }

        string Header()
        {
            for (var i = random.Next(1, 3); i > 0; i--)
            {
                var header = random.NextItem(Hostile.Headers);
                if (!headers.Any(other => other.Item1 == header.Name))
                    headers.Add(header);
            }

            return "header";
        }

        string Query()
        {
            var names = parameters.Where(parameter => In(parameter, "query")).Select(parameter => (string)parameter["name"]!).DefaultIfEmpty("limit").ToList();
            var name = random.Next(15) == 0 ? random.NextItem(["%00", "%ff", "", "[]", "limit[]", "__proto__", "a.b"]) : random.NextItem(names);
            query.RemoveAll(one => one.StartsWith($"{name}=", StringComparison.Ordinal));
            query.Add($"{name}={Wrong()}");
            if (random.Next(6) == 0)
                query.Add($"{name}={Wrong()}");

            return $"query {name}";

            string Wrong() => random.Next(10) switch
            {
                0 => "",
                1 => new string('a', random.NextItem([300, 4000])),
                2 or 3 when name == "after" && known.Any("next", random) is { } cursor => Uri.EscapeDataString(Changed(cursor, random)),
                _ => random.NextItem(Hostile.Segments)
            };
        }

        string ContentType()
        {
            mediaType = random.NextItem(Hostile.ContentTypes);

            return "content type";
        }

        string Body()
        {
            mediaType ??= "application/json";
            switch (random.Next(8))
            {
                case 0:
                    body = Hostile.Bytes(random);
                    break;
                case 1:
                    body = Bytes(Hostile.Deep(random));
                    break;
                case 2 when body is { Length: > 1 }:
                    body = body[..random.Next(1, body.Length)];
                    break;
                case 3 when random.Next(10) == 0:
                    body = Bytes($"{new string(' ', 1024 * 1024)}{{}}");
                    break;
                default:
                    body = Bytes(random.NextItem(Hostile.Bodies));
                    break;
            }

            return "body";
        }

        string Property()
        {
            var (text, what) = new Spoiled(json, random).Write();
            body = Bytes(text);

            return what;
        }

        static bool In(JsonNode parameter, string place) => (string?)parameter["in"] == place;

        static byte[] Bytes(object? body) => Encoding.UTF8.GetBytes(body is string text ? text : body is JsonNode node ? node.ToJsonString(Plain) : "null");
    }

    private static byte[] OtherThanJson(string mediaType) => mediaType switch
    {
        // A picture of one pixel.
        "image/png" => Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
        "text/csv" => "receipt,amount,currency,at\nr-1,100,CNY,2026-01-02T03:04:05Z\n"u8.ToArray(),
        _ => """{"outcome":"paid","receipt":"r-1","orderId":"0190a000-0000-7000-8000-000000000000","amount":{"amount":100,"currency":"CNY"}}"""u8.ToArray()
    };

    private static string Changed(string cursor, Random random)
    {
        var letters = cursor.ToCharArray();
        letters[random.Next(letters.Length)] = random.NextItem("Az09-_= ".ToCharArray());

        return random.Next(3) == 0 ? new string(letters)[..random.Next(letters.Length)] : new string(letters);
    }

    /// <summary>A JSON text with one place of it spoilt. No object model could hold the result: it may have a name twice, or half a character.</summary>
    private sealed class Spoiled
    {
        private readonly JsonNode? _root;
        private readonly Random _random;
        private readonly int _place;
        private int _at;
        private string _what = "";

        public Spoiled(JsonNode? root, Random random)
        {
            (_root, _random) = (root, random);
            var count = Count(root);
            // The root has its own ways to be wrong.
            _place = count > 1 ? random.Next(1, count) : 0;
        }

        public (string Text, string What) Write()
        {
            var text = new StringBuilder();
            Write(text, _root, "");

            return (text.ToString(), _what);
        }

        private static int Count(JsonNode? node) => 1 + (node switch
        {
            JsonObject properties => properties.Sum(property => Count(property.Value)),
            JsonArray items => items.Sum(Count),
            _ => 0
        });

        private void Write(StringBuilder text, JsonNode? node, string name)
        {
            if (_at++ == _place)
            {
                _what = $"{(name.Length == 0 ? "the whole" : name)}";
                text.Append(Wrong(node));
                _at += Count(node) - 1;

                return;
            }

            switch (node)
            {
                case JsonObject properties:
                    text.Append('{');
                    var first = true;
                    foreach (var (property, value) in properties)
                    {
                        var isHere = _at == _place;
                        var way = isHere ? _random.Next(8) : -1;
                        if (way == 0)
                        {
                            _at += Count(value);
                            _what = $"no {property}";
                            continue;
                        }

                        text.Append(first ? "" : ",").Append(JsonSerializer.Serialize(way == 1 ? property.ToUpperInvariant() : property)).Append(':');
                        if (way is 1 or 2)
                            text.Append(Plainly(value)).Append(',').Append(JsonSerializer.Serialize(property)).Append(':');
                        Write(text, value, property);
                        first = false;
                    }

                    text.Append('}');
                    break;
                case JsonArray items:
                    text.Append('[');
                    for (var i = 0; i < items.Count; i++)
                    {
                        text.Append(i == 0 ? "" : ",");
                        Write(text, items[i], $"{name}[{i.ToString(CultureInfo.InvariantCulture)}]");
                    }

                    text.Append(']');
                    break;
                default:
                    text.Append(Plainly(node));
                    break;
            }
        }

        private string Wrong(JsonNode? node) => _random.Next(14) switch
        {
            0 => JsonSerializer.Serialize(Hostile.Long(_random)),
            1 => Hostile.Deep(_random),
            2 => Hostile.Many(_random, Plainly(node is JsonArray { Count: > 0 } items ? items[0] : node)),
            3 => Plainly($"{node}"),
            4 => $"[{Plainly(node)}]",
            5 => Hostile.Number(_random),
            _ => _random.NextItem(Hostile.Json)
        };

        private static string Plainly(object? value) => JsonSerializer.Serialize(value, Plain);
    }
}
