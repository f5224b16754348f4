using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Community.SystemTests.OpenApi;

/// <summary>One operation of a document.</summary>
internal sealed record Operation(string Method, string Path, JsonObject Node)
{
    public IEnumerable<string> Statuses => Node["responses"]!.AsObject().Select(response => response.Key);

    public JsonNode? Body => Node["requestBody"]?["content"];

    public bool NeedsToken => !Node["security"]!.AsArray().Any(way => way!.AsObject().Count == 0);

    public bool Matches(string[] segments)
    {
        var own = Path.Split('/');

        return own.Length == segments.Length && own.Zip(segments).All(pair => pair.First is ['{', ..] || pair.First == pair.Second);
    }
}

/// <summary>A request and its answer.</summary>
internal sealed record Exchange(
    HttpMethod Method, Uri Address, bool HasToken, HttpRequestHeaders RequestHeaders, string? RequestMediaType, string RequestBody,
    int Status, IReadOnlyCollection<string> Headers, string? MediaType, string Body);

/// <summary>
/// What a service says about itself at <c>/openapi/v1.json</c>, and whether an exchange agrees with it. Records are closed:
/// a property that the document does not know is a fault, of an answer and of a request that was taken.
/// </summary>
internal sealed class Description
{
    // Of HTTP itself, and of every answer alike.
    private static readonly HashSet<string> UsualHeaders = new(
        ["Date", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Cache-Control", "Pragma", "Expires", "Allow", "Vary", "Server",
            "Content-Disposition", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Content-Security-Policy"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Undescribed = ["/health", "/alive", "/openapi/", "/swagger", "/sandbox/"];

    // What the validator would pass over without a word must not be in a document.
    private static readonly HashSet<string> Keywords =
    [
        "$ref", "type", "format", "properties", "required", "additionalProperties", "items", "oneOf", "enum", "pattern", "description", "default",
        "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"
    ];

    private readonly JsonObject _document;
    private readonly ConcurrentDictionary<string, Task<JsonSchema>> _schemas = new();

    /// <summary>The document as it was served.</summary>
    public string Text { get; }

    public Description(string text)
    {
        Text = text;
        _document = JsonNode.Parse(text)!.AsObject();
        Unfold(_document);
        Operations =
        [
            .. from path in _document["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               select new Operation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject())
        ];
    }

    public IReadOnlyList<Operation> Operations { get; }

    // Nodes are made when they are first asked for, which is not for several at once; from here on they are only read.
    private static void Unfold(JsonNode? node)
    {
        foreach (var child in node switch { JsonObject o => o.Select(property => property.Value), JsonArray a => a, _ => [] })
            Unfold(child);
    }

    public Operation? Find(HttpMethod method, string path)
    {
        var segments = path.TrimEnd('/').Split('/');

        // /members/me before /members/{id}
        return Operations.Where(operation => operation.Method == method.Method && operation.Matches(segments)).MinBy(operation => operation.Path.Count(c => c == '{'));
    }

    /// <summary>Where the exchange and the document differ.</summary>
    public async Task<IReadOnlyList<string>> Faults(Exchange exchange)
    {
        var path = exchange.Address.AbsolutePath;
        if (Find(exchange.Method, path) is not { } operation)
        {
            return exchange.Status is 404 or 405 || Undescribed.Any(start => path.StartsWith(start, StringComparison.Ordinal))
                ? []
                : [$"status {exchange.Status} of what is no operation"];
        }

        return Resolve(operation.Node["responses"]![$"{exchange.Status}"]) is not { } response
            ? [$"status {exchange.Status} is not declared"]
            : [
                .. HeaderFaults(response, exchange),
                .. await BodyFaults("answer", response["content"], exchange.MediaType, exchange.Body, isAnswer: true),
                // A request that was refused may be anything.
                .. exchange.Status < 300 ? await RequestFaults(operation, exchange) : []
            ];
    }

    private static IEnumerable<string> HeaderFaults(JsonNode response, Exchange exchange)
    {
        var declared = response["headers"]?.AsObject().ToDictionary(header => header.Key, header => header.Value!, StringComparer.OrdinalIgnoreCase) ?? [];

        return
        [
            .. exchange.Headers.Where(name => !UsualHeaders.Contains(name) && !declared.ContainsKey(name)).Select(name => $"header {name} is not declared"),
            .. declared.Where(header => (bool?)header.Value["required"] == true && !exchange.Headers.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
                .Select(header => $"header {header.Key} is required and absent")
        ];
    }

    private async Task<IEnumerable<string>> RequestFaults(Operation operation, Exchange exchange)
    {
        var faults = new List<string>();
        if (operation.NeedsToken && !exchange.HasToken)
            faults.Add("done without the token that it is said to need");
        if (operation.Node["requestBody"] is not null || exchange.RequestBody.Length > 0)
            faults.AddRange(await BodyFaults("request", operation.Body, exchange.RequestMediaType, exchange.RequestBody, isAnswer: false));

        var parameters = operation.Node["parameters"]?.AsArray().Select(parameter => parameter!).ToList() ?? [];
        foreach (var header in new[] { "Idempotency-Key", "If-Match" }.Where(exchange.RequestHeaders.Contains))
        {
            if (!parameters.Any(parameter => (string?)parameter["in"] == "header" && (string?)parameter["name"] == header))
                faults.Add($"request header {header} is not declared");
        }

        var values = System.Web.HttpUtility.ParseQueryString(exchange.Address.Query);
        foreach (var name in values.AllKeys)
        {
            if (parameters.FirstOrDefault(parameter => (string?)parameter["in"] == "query" && (string?)parameter["name"] == name) is not { } parameter)
                faults.Add($"query parameter {name} is not declared");
            else
                faults.AddRange(await SchemaFaults($"query parameter {name}", parameter["schema"]!, Json(parameter["schema"]!, values[name]!), isAnswer: false));
        }

        var segments = exchange.Address.AbsolutePath.TrimEnd('/').Split('/');
        foreach (var (template, segment) in operation.Path.Split('/').Zip(segments).Where(pair => pair.First is ['{', ..]))
        {
            var schema = parameters.Single(parameter => (string?)parameter["name"] == template.Trim('{', '}'))["schema"]!;
            faults.AddRange(await SchemaFaults($"path parameter {template}", schema, Json(schema, Uri.UnescapeDataString(segment)), isAnswer: false));
        }

        return faults;
    }

    private async Task<IEnumerable<string>> BodyFaults(string what, JsonNode? content, string? mediaType, string body, bool isAnswer)
    {
        if (content is null)
            return body.Length == 0 ? [] : [$"{what} has a body, and none is declared"];
        if ((content[mediaType ?? ""] ?? content["*/*"]) is not { } declared)
            return [$"media type {mediaType ?? "(none)"} of the {what} is not declared"];

        if (declared["schema"] is not { } schema)
            return [];

        // What is no JSON is described as text.
        return mediaType?.EndsWith("json", StringComparison.Ordinal) == true ? await SchemaFaults(what, schema, body, isAnswer)
            : (string?)schema["type"] == "string" ? []
            : [$"the {what} is {mediaType}, and described as {schema.ToJsonString()}"];
    }

    private async Task<IEnumerable<string>> SchemaFaults(string what, JsonNode schema, string json, bool isAnswer)
    {
        var validator = await _schemas.GetOrAdd($"{isAnswer} {schema.GetPath()}", _ => Compile(schema, isAnswer));

        try
        {
            return validator.Validate(json).SelectMany(Flat).Select(fault => $"{what}: {fault.Kind} at {fault.Path}");
        }
        catch (Newtonsoft.Json.JsonException)
        {
            return [$"{what} is no JSON"];
        }
    }

    private static IEnumerable<NJsonSchema.Validation.ValidationError> Flat(NJsonSchema.Validation.ValidationError fault) =>
        fault is NJsonSchema.Validation.ChildSchemaValidationError { Errors: var inner } ? inner.SelectMany(branch => branch.Value).SelectMany(Flat).Prepend(fault) : [fault];

    private Task<JsonSchema> Compile(JsonNode schema, bool isAnswer)
    {
        var whole = new JsonObject { ["allOf"] = new JsonArray(Closed(schema, isAnswer)) };
        whole["definitions"] = new JsonObject(_document["components"]!["schemas"]!.AsObject().Select(known => KeyValuePair.Create(known.Key, (JsonNode?)Closed(known.Value!, isAnswer))));

        return JsonSchema.FromJsonAsync(whole.ToJsonString());
    }

    private static JsonNode Closed(JsonNode schema, bool isAnswer)
    {
        var closed = new JsonObject();
        foreach (var (keyword, value) in schema.AsObject())
        {
            Assert.Contains(keyword, Keywords);
            closed[keyword] = keyword switch
            {
                "$ref" => ((string)value!).Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal),
                "properties" => new JsonObject(value!.AsObject().Select(property => KeyValuePair.Create(property.Key, (JsonNode?)Closed(property.Value!, isAnswer)))),
                "items" or "additionalProperties" when value is JsonObject => Closed(value, isAnswer),
                "oneOf" => new JsonArray([.. value!.AsArray().Select(branch => Closed(branch!, isAnswer))]),
                _ => value!.DeepClone()
            };
        }

        if (closed.ContainsKey("properties") && !closed.ContainsKey("additionalProperties"))
            closed["additionalProperties"] = false;
        // We take any offset and answer in UTC.
        if (isAnswer && (string?)closed["format"] == "date-time")
            closed["pattern"] = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z$";
        if ((string?)closed["format"] == "int32")
        {
            closed["minimum"] ??= int.MinValue;
            closed["maximum"] ??= int.MaxValue;
        }

        return closed;
    }

    /// <summary>What a reference points to; anything else as it is.</summary>
    public JsonNode? Resolve(JsonNode? response) => (string?)response?["$ref"] is { } reference
        ? reference.Split('/').Skip(1).Aggregate((JsonNode?)_document, (node, name) => node?[name])
        : response;

    private static string Json(JsonNode schema, string text) =>
        ((string?)schema["type"] is "integer" or "number" && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            || ((string?)schema["type"] is "boolean" && text is "true" or "false")
            ? text
            : JsonSerializer.Serialize(text);
}
