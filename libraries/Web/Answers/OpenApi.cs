using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Community.ServiceDefaults;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Community.Web;

/// <summary>
/// The service's description. What the conventions make true of every operation (its problems, its headers, who may call it)
/// is written here, once; an endpoint says by itself only what is peculiar to it: <c>WithSummary</c>, its types, and
/// <c>ProducesProblem</c> for a problem that its kind does not always have.
/// </summary>
public static class OpenApi
{
    internal const string Page = "/swagger";

    private const string Bearer = "bearer";
    private const string Problem = "Problem";

    private static readonly Dictionary<int, string> Problems = new()
    {
        [400] = "What was sent is malformed or not valid; errors names the fields.",
        [401] = "No bearer token, or none that is valid; or what stands in its place is wrong.",
        [403] = "The token does not allow this.",
        [404] = "There is no such thing, or none that the caller may know of.",
        [409] = "A rule of the domain refuses it, somebody else changed it at the same time, or the Idempotency-Key was used with another body.",
        [412] = "It has changed since the version in If-Match.",
        [413] = "The body is larger than this address takes.",
        [415] = "The body is not application/json in UTF-8.",
        [429] = "Too many requests.",
        [500] = "A fault of ours; the traceId leads to it.",
        [503] = "Something that the service needs does not answer now."
    };

    // Of endpoints that the libraries map, which know nothing of this one.
    private static readonly OpenApiTag[] Libraries =
    [
        new() { Name = "Operations", Description = "How the service is, for its operators." },
        new() { Name = "Projections", Description = "The read models, and building one anew from the log." }
    ];

    /// <summary>Puts endpoints under a heading of the description; the same heading may be given again.</summary>
    public static TBuilder WithTag<TBuilder>(this TBuilder endpoint, string name, string description) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithTags(name).WithMetadata(new OpenApiTag { Name = name, Description = description });

    /// <summary>The answer carries the version as <c>ETag</c>.</summary>
    public static TBuilder AnswersVersion<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(Versioning.Answered);

    /// <summary>The request may name the version that it is meant for, by <c>If-Match</c>.</summary>
    public static TBuilder TakesVersion<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(Versioning.Taken);

    internal static void AddDescription(this IServiceCollection services, string service) =>
        services.AddOpenApi("v1", options =>
        {
            options.AddSchemaTransformer(Describe);
            options.AddOperationTransformer(Describe);
            options.AddDocumentTransformer((document, context, _) =>
            {
                Describe(document, context, service.Replace('.', ' '));

                return Task.CompletedTask;
            });
        });

    internal static void MapDescription(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi().AllowAnonymous();
        // The page is ours: nothing on it calls its maker's servers.
        app.MapScalarApiReference(Page, options => options
            .DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools().AddPreferredSecuritySchemes(Bearer)).AllowAnonymous();
    }

    private static void Describe(OpenApiDocument document, OpenApiDocumentTransformerContext context, string title)
    {
        document.Info = new()
        {
            Title = title,
            Version = "v1",
            Description = "Ids are UUIDs, instants RFC 3339 in UTC, money is in minor units. Errors are problems of RFC 9457. Lists come in pages: ask `after` what the last page called `next`.",
            License = new() { Name = "Apache-2.0", Identifier = "Apache-2.0" }
        };
        // Whoever reads this knows under which address: the one in the request's Host header is the caller's to choose.
        document.Servers = [new() { Url = "/" }];
        var endpoints = context.DescriptionGroups.SelectMany(group => group.Items).Select(item => item.ActionDescriptor.EndpointMetadata).ToList();
        var names = endpoints.SelectMany(metadata => metadata.OfType<ITagsMetadata>()).SelectMany(tags => tags.Tags).ToHashSet();
        document.Tags = endpoints.SelectMany(metadata => metadata.OfType<OpenApiTag>()).Concat(Libraries).Where(tag => names.Contains(tag.Name!))
            .DistinctBy(tag => tag.Name).OrderBy(tag => tag.Name, StringComparer.Ordinal).ToHashSet();

        var components = document.Components ??= new();
        components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, BearerFormat = "JWT" }
        };
        components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        components.Schemas.Remove("ProblemDetails"); // of ProducesProblem; all problems are ours
        components.Schemas[Problem] = ProblemSchema();
        var used = document.Paths.Values.SelectMany(path => path.Operations ?? []).SelectMany(operation => operation.Value.Responses ?? []).Select(response => response.Key).ToHashSet();
        components.Responses = Problems.Where(problem => used.Contains($"{problem.Key}")).ToDictionary(problem => $"{Problem}{problem.Key}", IOpenApiResponse (problem) => new OpenApiResponse
        {
            Description = problem.Value,
            Headers = problem.Key switch
            {
                401 => Headers(("WWW-Authenticate", "How to authenticate, where it is a bearer token that lacks.", Required: false)),
                429 or 503 => Headers(("Retry-After", "Seconds to wait before the next try.", Required: true)),
                _ => null
            },
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(Problem, document) }
            }
        });
    }

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var path = context.Description.RelativePath ?? ""; // constraints included, as in {id:guid}
        var isPost = HttpMethods.IsPost(context.Description.HttpMethod ?? "");
        var isOpen = metadata.OfType<IAllowAnonymous>().Any();
        var takesVersion = metadata.Contains(Versioning.Taken);

        operation.OperationId ??= Name(context.Description.HttpMethod ?? "", path);
        // Open to anybody, and some answers to more than that for who is signed in.
        operation.Security = !isOpen ? [Signed()] : AsksWho(metadata) ? [[], Signed()] : [[]];

        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
            Describe(parameter, context.Description.ParameterDescriptions.FirstOrDefault(known => known.Name == parameter.Name));
        var mayBeMalformed = isPost || operation.RequestBody is not null || operation.Parameters.Any(parameter => !TakesAnyText(parameter, path));
        if (isPost)
            operation.Parameters.Add(Header("Idempotency-Key", "The same key with the same body returns the first answer.", maxLength: 255));
        if (takesVersion)
            operation.Parameters.Add(Header("If-Match", "The version (ETag) that this is meant for.", maxLength: null));

        operation.Responses ??= [];
        foreach (var (status, response) in operation.Responses)
        {
            if (response is OpenApiResponse { Headers: null } success && status is ['2', ..])
                success.Headers = Headers([
                    .. Some(status is "201" or "202", ("Location", "Where what comes of it is read.", Required: status == "201")),
                    .. Some(metadata.Contains(Versioning.Answered), ("ETag", "The version.", Required: false))]);
        }

        var hasBody = operation.RequestBody is not null;
        int[] problems =
        [
            .. operation.Responses.Keys.Where(status => status is ['4' or '5', ..]).Select(int.Parse),
            .. Some(mayBeMalformed, 400),
            .. Some(!isOpen, 401, 403),
            .. Some(path.Contains('{', StringComparison.Ordinal), 404),
            .. Some(isPost || takesVersion, 409),
            .. Some(takesVersion, 412),
            .. Some(hasBody, 413, 415),
            429, 500, 503
        ];
        foreach (var status in problems.Distinct().Order())
        {
            operation.Responses.Remove($"{status}"); // to stand in order
            operation.Responses[$"{status}"] = new OpenApiResponseReference($"{Problem}{status}", context.Document);
        }

        return Task.CompletedTask;

        OpenApiSecurityRequirement Signed() => new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] };
    }

    // The framework sees only a text in what we parse by ourselves.
    private static void Describe(OpenApiParameter parameter, ApiParameterDescription? known)
    {
        if (known?.ParameterDescriptor is not { } declared || parameter.Schema is not OpenApiSchema schema)
            return;

        if (parameter.In == ParameterLocation.Query)
            parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);

        var type = Nullable.GetUnderlyingType(declared.ParameterType) ?? declared.ParameterType;
        if (type == typeof(Instant))
            schema.Format = "date-time";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(EnumParameter<>))
            schema.Enum = Words(type.GetGenericArguments()[0]);
        if ((declared as IParameterInfoParameterDescriptor)?.ParameterInfo is { } parameterInfo)
            Constrain(schema, parameterInfo.GetCustomAttributes());
    }

    private static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var orNull = type == context.JsonTypeInfo.Type ? default : JsonSchemaType.Null;

        // Our own converter writes them, which hides them from the framework.
        if (type == typeof(DateTimeOffset))
            (schema.Type, schema.Format) = (JsonSchemaType.String | orNull, "date-time");
        // One schema for all places: that one of them may be null stands there, beside the reference.
        if (type.IsEnum)
            (schema.Type, schema.Enum) = (JsonSchemaType.String, Words(type));
        if (type == typeof(JsonNode))
            schema.Type = JsonSchemaType.Object;
        // The framework requires all that the constructor takes, also what is left out where it is null.
        foreach (var property in context.JsonTypeInfo.Properties.Where(property => property.AttributeProvider?.GetCustomAttributes(inherit: true)
            .OfType<JsonIgnoreAttribute>().Any(ignored => ignored.Condition is JsonIgnoreCondition.WhenWritingNull or JsonIgnoreCondition.WhenWritingDefault) == true))
            schema.Required?.Remove(property.Name);
        // A regular expression of .NET's attribute has to match the whole text, one of JSON Schema any part of it.
        if (schema.Pattern is { } pattern && pattern[0] != '^')
            schema.Pattern = $"^(?:{pattern})$";

        if (context.JsonPropertyInfo is { } member)
        {
            Constrain(schema, [
                .. member.AttributeProvider?.GetCustomAttributes(inherit: true).OfType<Attribute>() ?? [],
                .. member.AssociatedParameter?.AttributeProvider?.GetCustomAttributes(inherit: true).OfType<Attribute>() ?? []]);
        }

        return Task.CompletedTask;
    }

    private static List<JsonNode> Words(Type enumeration) =>
        [.. Enum.GetNames(enumeration).Select(name => (JsonNode)JsonNamingPolicy.CamelCase.ConvertName(name))];

    private static void Constrain(OpenApiSchema schema, IEnumerable<Attribute> rules)
    {
        foreach (var rule in rules)
        {
            var item = schema.Items as OpenApiSchema ?? schema;
            switch (rule)
            {
                case TextAttribute text:
                    (item.MinLength, item.MaxLength) = (text.MayBeBlank ? null : Math.Max(text.Min, 1), text.Max);
                    break;
                case CurrencyAttribute:
                    item.Pattern = "^[A-Z]{3}$";
                    break;
                case AllowedValuesAttribute allowed:
                    item.Enum = [.. allowed.Values.Select(value => JsonSerializer.SerializeToNode(value)!)];
                    break;
                case DataTypeAttribute { DataType: DataType.Date }:
                    schema.Format = "date";
                    break;
            }
        }
    }

    private static OpenApiSchema ProblemSchema()
    {
        var text = new OpenApiSchema { Type = JsonSchemaType.String };

        return new()
        {
            Type = JsonSchemaType.Object,
            Description = "A problem of RFC 9457.",
            Required = new HashSet<string> { "type", "title", "status", "traceId" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^urn:community:[a-z0-9-]+$", Description = "The stable code of the problem." },
                ["title"] = text,
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32" },
                ["detail"] = text,
                ["traceId"] = text,
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Description = "What is wrong, by field.",
                    AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = text }
                }
            }
        };
    }

    // A segment that a constraint keeps from matching is a 404, and an optional header is checked elsewhere.
    private static bool TakesAnyText(IOpenApiParameter parameter, string path) =>
        parameter.In == ParameterLocation.Path
        && ((parameter.Schema?.Format is null && parameter.Schema?.Enum is not { Count: > 0 }) || path.Contains($"{{{parameter.Name}:", StringComparison.Ordinal));

    // getMembersByIdHistory
    private static string Name(string method, string path) => method.ToLowerInvariant() + string.Concat(
        path.Replace("{", "by-", StringComparison.Ordinal).Split(['/', '-', '.', '}'], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => char.ToUpperInvariant(word[0]) + word.Split(':')[0][1..]));

    private static bool AsksWho(IList<object> metadata) => metadata.OfType<MethodInfo>().Any(handler => handler.GetParameters().Any(parameter =>
        parameter.ParameterType == typeof(ClaimsPrincipal)
        || (parameter.IsDefined(typeof(AsParametersAttribute)) && parameter.ParameterType.GetProperties().Any(part => part.PropertyType == typeof(ClaimsPrincipal)))));

    private static OpenApiParameter Header(string name, string description, int? maxLength) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = maxLength }
    };

    private static Dictionary<string, IOpenApiHeader>? Headers(params (string Name, string Description, bool Required)[] headers) =>
        headers.Length == 0 ? null : headers.ToDictionary(header => header.Name, IOpenApiHeader (header) => new OpenApiHeader
        {
            Description = header.Description,
            Required = header.Required,
            Schema = new OpenApiSchema { Type = header.Name == "Retry-After" ? JsonSchemaType.Integer : JsonSchemaType.String }
        });

    private static T[] Some<T>(bool condition, params T[] values) => condition ? values : [];

    private enum Versioning { Answered, Taken }
}
